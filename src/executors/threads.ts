/**
 * The executor that calls thread tasks in worker threads, over the piscina library.
 *
 * For tasks that keep a processor busy. Inputs and results cross by structured clone; failures
 * cross as records, so that the error itself is not at hand afterwards. Other tasks and retries
 * are called in the engine's own thread.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { ThreadTask } from '../atoms/thread-task.ts'
import { count, readOptions } from '../base/checks.ts'
import { Failure } from '../base/failure.ts'
import { callAtom } from './call.ts'
import type { AtomCall, Executor } from './executor.ts'
import type { ThreadProgress, ThreadResponse } from './thread.ts'

/** How a thread executor behaves. */
export interface ThreadsOptions {
  /**
   * How many threads there are, and how many atoms run at once.
   *
   * @defaultValue the number of processors
   */
  readonly maxWorkers?: number
}

/** The part of piscina that we lean on. */
interface Pool {
  run(
    request: unknown,
    options: { name: string; transferList: readonly MessagePort[] },
  ): Promise<unknown>
  destroy(): Promise<void>
}

/** A thread executor; whoever made it closes it. */
export interface ThreadExecutor extends Executor, AsyncDisposable {
  /** Ends the threads; waits for nothing. Closing twice is harmless. */
  close(): Promise<void>
}

/** An import address is relative to the file that runs: sources as well as what is built of them. */
const THREAD = new URL(`./thread${extname(import.meta.filename)}`, import.meta.url).href

/**
 * Makes an executor with threads of its own, to be used by one or several parallel engines.
 * Threads are started when the first thread task runs. Needs the package `piscina`.
 *
 * @throws RangeError or TypeError when `maxWorkers` is not a whole number of at least 1.
 *
 * @example
 * await using executor = threads({ maxWorkers: 4 })
 * await run(flow, { engine: 'parallel', executor })
 */
export function threads(options: ThreadsOptions = {}): ThreadExecutor {
  const read = readOptions<ThreadsOptions>('threads()', options, { maxWorkers: count(1) })
  const { maxWorkers = availableParallelism() } = read
  let pool: Promise<Pool> | undefined
  const close = async (): Promise<void> => {
    const closing = pool
    pool = undefined
    await (await closing)?.destroy()
  }
  return {
    maxWorkers,
    close,
    [Symbol.asyncDispose]: close,
    call(call: AtomCall): unknown {
      if (!(call.atom instanceof ThreadTask)) return callAtom(call)
      if (call.atom.exports[call.direction] === '') return undefined
      pool ??= openPool(maxWorkers)
      return callInThread(pool, call, call.atom)
    },
  }
}

async function openPool(maxWorkers: number): Promise<Pool> {
  const { Piscina } = await import('piscina').catch((cause: unknown) => {
    throw new Error('threads need the package piscina: npm install piscina', { cause })
  })
  return new Piscina({ filename: THREAD, minThreads: 1, maxThreads: maxWorkers })
}

async function callInThread(
  pool: Promise<Pool>,
  { direction, inputs, context }: AtomCall,
  { module, exports }: ThreadTask,
): Promise<unknown> {
  const { idempotencyKey, executeKey, attempt, signal, progress } = context
  const { port1: near, port2: port } = new MessageChannel()
  const stop = (): void => near.postMessage(String(signal.reason))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const answer = Promise.withResolvers<ThreadResponse>()
  answer.promise.catch(() => {}) // there may be nobody to hear of it when the pool cannot be opened
  near.on('message', (message: ThreadProgress | ThreadResponse) => {
    if ('fraction' in message) progress(message.fraction, message.details)
    else answer.resolve(message)
  })
  near.once('close', () => {
    answer.reject(new Error(`the thread ended before the function '${exports[direction]}' did`))
  })
  try {
    const request = {
      module,
      name: exports[direction],
      inputs: cloneable(inputs),
      idempotencyKey,
      executeKey,
      attempt,
      port,
    }
    const opened = await pool
    opened.run(request, { name: 'call', transferList: [port] }).catch(answer.reject)
    const response = await answer.promise
    if ('failure' in response) throw Failure.fromRecord(response.failure)
    return response.result
  } finally {
    signal.removeEventListener('abort', stop)
    near.close()
  }
}

/** Failures cross as records; what revert gets has them as `result` and `flowFailures`. */
function cloneable(inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { result, flowFailures, ...rest } = inputs
  if (flowFailures === undefined) return inputs
  return {
    ...rest,
    result: result instanceof Failure ? result.toRecord() : result,
    flowFailures: Object.fromEntries(
      Object.entries(flowFailures as Readonly<Record<string, Failure>>).map(([atom, failure]) => [
        atom,
        failure.toRecord(),
      ]),
    ),
  }
}
