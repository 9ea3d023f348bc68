/**
 * Calls a method of an atom in this thread: checks inputs by their schemas, calls the hooks.
 *
 * @module
 */
import { formatIssues, type StandardSchema } from '../atoms/schema.ts'
import type { Task } from '../atoms/task.ts'
import { InvalidInputError } from '../errors.ts'
import type { AtomCall } from './executor.ts'

/** The untyped shape in which atoms are called. */
type Method = (inputs: object, context: unknown) => unknown

/**
 * Makes a call. An atom without hooks and schemas is called directly, and what it returns comes
 * back as it is, since a promise around it would cost as much as the rest of the engine.
 */
export function callAtom(call: AtomCall): unknown {
  const { atom, direction, inputs, context } = call
  if (atom.kind === 'task' && isAttended(atom, direction)) return callAttended(atom, call)
  if (direction === 'execute') return (atom.execute as Method).call(atom, inputs, context)
  return (atom.revert as Method | undefined)?.call(atom, inputs, context)
}

function isAttended(task: Task, direction: AtomCall['direction']): boolean {
  return direction === 'execute'
    ? task.schemas !== undefined || task.preExecute !== undefined || task.postExecute !== undefined
    : task.preRevert !== undefined || task.postRevert !== undefined
}

async function callAttended(
  task: Task,
  { direction, inputs, context }: AtomCall,
): Promise<unknown> {
  const isExecute = direction === 'execute'
  try {
    await (isExecute ? task.preExecute?.() : task.preRevert?.())
    const checked =
      isExecute && task.schemas ? await checkInputs(task.name, task.schemas, inputs) : inputs
    const method = (isExecute ? task.execute : task.revert) as Method | undefined
    return await method?.call(task, checked, context)
  } finally {
    await (isExecute ? task.postExecute?.() : task.postRevert?.())
  }
}

async function checkInputs(
  atom: string,
  schemas: Readonly<Record<string, StandardSchema>>,
  inputs: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  // Without a prototype, as all inputs: an argument may be called `__proto__`.
  const checked: Record<string, unknown> = Object.assign(Object.create(null), inputs)
  for (const [argument, schema] of Object.entries(schemas)) {
    const result = await schema['~standard'].validate(inputs[argument])
    if (result.issues !== undefined) {
      throw new InvalidInputError(atom, argument, formatIssues(result.issues))
    }
    checked[argument] = result.value
  }
  return checked
}
