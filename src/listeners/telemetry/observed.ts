/**
 * A backend that measures the checkpoints that pass through it.
 *
 * Everything but the measuring is the matter of the backend inside, methods that its contract gets
 * later included.
 *
 * @module
 */
import type { Meter } from '@opentelemetry/api'
import { type Clock, fullClock } from '../../base/clock.ts'
import { Failure } from '../../base/failure.ts'
import type { Backend, Checkpoint } from '../../persistence/backend.ts'
import { checkpointInstrumentsOf } from './instruments.ts'

/** How {@link observed} measures. Every option may be left out. */
export interface ObservedOptions {
  /**
   * Takes the metrics.
   *
   * @defaultValue the global meter `taskflow-ts`
   */
  readonly meter?: Meter | undefined
  /**
   * Where the time comes from.
   *
   * @defaultValue the clock of the machine
   */
  readonly clock?: Clock | undefined
}

/**
 * Makes a backend that writes through another one, and measures how long each checkpoint took and
 * how large it was: `taskflow.checkpoint.duration` and `taskflow.checkpoint.size`.
 *
 * Use it in place of the one inside everywhere, since an engine takes a flow detail that was read
 * through one for new in the other. Closing either closes both.
 *
 * @example
 * await using backend = observed(sqlite('volumes.db'))
 * const engine = load(createVolume, { backend })
 */
export function observed<B extends Backend>(backend: B, options: ObservedOptions = {}): B {
  const clock = fullClock(options.clock)
  const { duration, size } = checkpointInstrumentsOf(options.meter)
  const save = async (checkpoint: Checkpoint, ...rest: readonly unknown[]): Promise<void> => {
    const startedMs = clock.elapsedMs()
    const outcome: Record<string, string> = {}
    try {
      await (backend.save as (...args: readonly unknown[]) => Promise<void>)(checkpoint, ...rest)
    } catch (error) {
      outcome['error.type'] = Failure.from(error).typeNames[0] ?? 'Error'
      throw error
    } finally {
      duration.record((clock.elapsedMs() - startedMs) / 1000, outcome)
      size.record(byteCountOf(checkpoint), outcome)
    }
  }
  const bound = new WeakMap<object, unknown>()
  const forward = (key: string | symbol): unknown => {
    if (key === 'save') return save
    const value: unknown = Reflect.get(backend, key, backend)
    if (typeof value !== 'function') return value
    const known = bound.get(value)
    if (known !== undefined) return known
    // Private fields are those of the backend itself. No bound function: `await using` of Node 24
    // does not take one for a function.
    const method = (...args: readonly unknown[]): unknown => Reflect.apply(value, backend, args)
    bound.set(value, method)
    return method
  }
  // An object of its own behind the proxy: nothing that the backend fixed binds what is given here.
  return new Proxy(Object.create(backend) as B, {
    get: (_target, key) => forward(key),
    set: (_target, key, value) => Reflect.set(backend, key, value, backend),
  })
}

/** The bytes of the texts in a checkpoint, which are what grows. */
function byteCountOf({ book, flow, atoms }: Checkpoint): number {
  let count = bytesOf(book?.meta) + bytesOf(flow?.meta)
  for (const { meta, payload } of atoms) {
    count += bytesOf(meta)
    if (payload === undefined) continue
    const { results, failure, revertResults, revertFailure } = payload
    count += bytesOf(results) + bytesOf(failure) + bytesOf(revertResults) + bytesOf(revertFailure)
  }
  return count
}

function bytesOf(text: string | null | undefined): number {
  return text == null ? 0 : Buffer.byteLength(text)
}
