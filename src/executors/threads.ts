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
import { inShort } from '../base/thrown.ts'
import { callAtom } from './call.ts'
import type { AtomCall, Executor } from './executor.ts'
import { type CallAnswer, type CallProgress, requestOf, resultOf } from './request.ts'
import type { ThreadMessage } from './thread.ts'

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
  /** When the signal is aborted, the thread of the call is ended and another one takes its place. */
  run(
    request: unknown,
    options: { name: string; transferList: readonly MessagePort[]; signal: AbortSignal },
  ): Promise<unknown>
  destroy(): Promise<void>
}

/** A thread executor; whoever made it stops it, or declares it with `await using`. */
export interface ThreadExecutor extends Executor, AsyncDisposable {
  /**
   * Ends the threads, whatever runs in them. The calls under way and those that wait fail. The next
   * call starts new threads.
   */
  stop(): Promise<void>

  /** As {@link ThreadExecutor.stop}, in the word that backends have. */
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
  return new Threads(maxWorkers)
}

/** A call that waits for a thread. */
interface Waiting {
  readonly start: () => void
  readonly refuse: (reason: Error) => void
}

/**
 * The pool gets no more calls than it has threads: those that wait in the pool itself would not get
 * the thread that takes the place of one that was ended.
 */
class Threads implements ThreadExecutor {
  readonly capacity: number
  #pool: Promise<Pool> | undefined
  #callCount = 0
  readonly #waiting = new Set<Waiting>()
  /** Ends the thread of a call; a call may be given up before it has come here. */
  readonly #ends = new WeakMap<AtomCall, AbortController>()

  constructor(capacity: number) {
    this.capacity = capacity
  }

  call(call: AtomCall): unknown {
    if (!(call.atom instanceof ThreadTask)) return callAtom(call)
    if (call.atom.exports[call.direction] === '') return undefined
    return this.#callInTurn(call, call.atom)
  }

  giveUp(call: AtomCall): void {
    const { name } = call.atom
    this.#endOf(call).abort(new Error(`'${name}' did not stop in time, and its thread was ended`))
  }

  async stop(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    for (const { refuse } of this.#waiting) refuse(new Error('the threads were stopped'))
    await (await pool)?.destroy()
  }

  close(): Promise<void> {
    return this.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #callInTurn(call: AtomCall, task: ThreadTask): Promise<unknown> {
    const { signal } = this.#endOf(call)
    if (this.#callCount >= this.capacity) await this.#turn(signal)
    else this.#callCount += 1
    try {
      signal.throwIfAborted()
      this.#pool ??= openPool(this.capacity)
      return await callInThread(this.#pool, call, task, signal)
    } finally {
      this.#leave()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting)
        signal.removeEventListener('abort', stop)
      }
      const waiting: Waiting = {
        start: () => {
          leave()
          resolve()
        },
        refuse: (reason) => {
          leave()
          reject(reason)
        },
      }
      const stop = (): void => waiting.refuse(signal.reason as Error)
      this.#waiting.add(waiting)
      signal.addEventListener('abort', stop)
    })
  }

  /** Hands the thread over to who waits longest. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#callCount -= 1
    else next.start()
  }

  #endOf(call: AtomCall): AbortController {
    const end = this.#ends.get(call) ?? new AbortController()
    this.#ends.set(call, end)
    return end
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
  call: AtomCall,
  { module, exports }: ThreadTask,
  end: AbortSignal,
): Promise<unknown> {
  const { signal, progress } = call.context
  const exported = exports[call.direction]
  const { port1: near, port2: port } = new MessageChannel()
  const stop = (): void => near.postMessage(inShort(signal.reason))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const answer = Promise.withResolvers<CallAnswer>()
  answer.promise.catch(() => {}) // there may be nobody to hear of it when the pool cannot be opened
  near.on('message', (message: CallProgress | CallAnswer) => {
    if ('fraction' in message) progress(message.fraction, message.details)
    else answer.resolve(message)
  })
  near.once('close', () => {
    answer.reject(new Error(`the thread ended before the function '${exported}' did`))
  })
  try {
    const message: ThreadMessage = { request: requestOf(call), module, exported, port }
    const opened = await pool
    opened.run(message, { name: 'call', transferList: [port], signal: end }).catch(answer.reject)
    return resultOf(await answer.promise)
  } finally {
    signal.removeEventListener('abort', stop)
    near.close()
  }
}
