/**
 * Tasks that write down what is done to them, and tasks without an end.
 *
 * @module
 */
import {
  type Engine,
  isFailure,
  type RevertInputs,
  type TaskContext,
  task,
} from '../../src/index.ts'

/** Tasks that write down what is done to them. */
export function diary() {
  const lines: string[] = []
  const step = (name: string, options: object = {}, body?: () => unknown) =>
    task(name, {
      provides: name,
      requires: [],
      ...options,
      execute: () => {
        lines.push(`do ${name}`)
        return body?.() ?? `made by ${name}`
      },
      revert: ({ result }: RevertInputs<unknown>) => {
        lines.push(`undo ${name}: ${isFailure(result) ? 'failed' : String(result)}`)
      },
    })
  const sealed = (name: string) =>
    task(name, { irreversible: true, execute: () => void lines.push(`do ${name}`) })
  return { lines, step, sealed }
}

export const statesOf = ({ storage }: Engine<object>): string =>
  storage.atomNames.map((name) => `${name} ${storage.getAtomState(name)}`).join(', ')

/** A task that goes on until it is told to stop, and says when it has begun. */
export function endless(name = 'endless', options: object = {}) {
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const reasons: unknown[] = []
  const one = task(name, {
    ...options,
    requires: [],
    async execute(_inputs: object, { signal }: TaskContext) {
      resolve()
      await new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason)
          reject(signal.reason)
        })
      })
    },
  })
  return { task: one, begun, reasons }
}
