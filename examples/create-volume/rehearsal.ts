/**
 * Lets things go wrong on purpose, and writes down which effects were made.
 *
 * For demonstrations and tests; the tasks know nothing of it. A flow that is rehearsed is changed
 * in place, which harms nobody since each run makes its own.
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Task, type TaskContext } from '../../src/index.ts'

/** What goes wrong, and where it is noted. */
export interface Mishaps {
  /** The task that fails after its effect. */
  readonly fail?: string | undefined
  /** The task that kills its process after its effect, before the engine hears of it. */
  readonly kill?: string | undefined
  /** The task that kills its process after its effect was undone. */
  readonly killRevert?: string | undefined
  /** How long each task waits before and after its effect, in milliseconds. */
  readonly slowMs: number
  /** The file that every start and end of an effect is appended to. */
  readonly effectsFile: string
}

/** One line of the effects file, in JSON. */
export interface EffectLine {
  /** Name of the task. */
  readonly task: string
  /** Whether the effect is made or undone. */
  readonly direction: 'execute' | 'revert'
  /** Whether it begins or is done. */
  readonly event: 'start' | 'end'
  /** The idempotency key of the task. */
  readonly key: string
  /** Which attempt of the task it is. */
  readonly attempt: number
  /** The process that did it. */
  readonly pid: number
}

/** Thrown by a task that fails on purpose. */
export class FailureOnPurpose extends Error {
  override readonly name = 'FailureOnPurpose'

  constructor(task: string) {
    super(`${task} failed on purpose, after its effect`)
  }
}

type Method = (inputs: object, context: TaskContext) => unknown

/** Makes the tasks of a flow go wrong, and write down what they do. */
export function rehearse<F extends Iterable<unknown>>(flow: F, mishaps: Mishaps): F {
  for (const task of flow) {
    if (!(task instanceof Task)) continue
    const { name, execute, revert } = task as {
      readonly name: string
      readonly execute: Method
      readonly revert?: Method
    }
    Object.assign(task, {
      async execute(inputs: object, context: TaskContext) {
        const act = () => execute.call(task, inputs, context)
        const result = await attempt({ task: name, direction: 'execute' }, context, act, mishaps)
        if (mishaps.kill === name) process.kill(process.pid, 'SIGKILL')
        if (mishaps.fail === name) throw new FailureOnPurpose(name)
        return result
      },
      revert:
        revert &&
        async function revertAttentively(inputs: object, context: TaskContext) {
          const act = () => revert.call(task, inputs, context)
          const result = await attempt({ task: name, direction: 'revert' }, context, act, mishaps)
          if (mishaps.killRevert === name) process.kill(process.pid, 'SIGKILL')
          return result
        },
    })
  }
  return flow
}

async function attempt(
  what: Pick<EffectLine, 'task' | 'direction'>,
  { idempotencyKey: key, attempt }: TaskContext,
  act: () => unknown,
  { slowMs, effectsFile }: Mishaps,
): Promise<unknown> {
  const note = (event: EffectLine['event']): void => {
    const line: EffectLine = { ...what, event, key, attempt, pid: process.pid }
    appendFileSync(effectsFile, `${JSON.stringify(line)}\n`)
  }
  note('start')
  if (slowMs > 0) await setTimeout(slowMs)
  const result = await act()
  note('end')
  if (slowMs > 0) await setTimeout(slowMs)
  return result
}
