/**
 * The other end of child.ts: starts the process of a contender and asks it for figures.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer } from './child.ts'
import type { Order } from './work.ts'

/** A contender in a process of its own. */
export class ContenderProcess implements AsyncDisposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /**
   * Starts the process; resolves when the contender is ready.
   *
   * @param bench the folder that has its code, this one unless another checkout is measured
   * @throws Error when it cannot be made.
   */
  static async start(order: Order, bench: string = import.meta.dirname): Promise<ContenderProcess> {
    const child = fork(join(bench, 'child.ts'), [JSON.stringify(order)], {
      cwd: order.folder,
      execArgv: ['--max-old-space-size=8192'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' }, // peers warn of what they use themselves
    })
    const made = new ContenderProcess(child)
    try {
      await made.#next()
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
    return made
  }

  /** Does the work once. @throws Error when it failed, or came to a wrong result. */
  run(): Promise<number> {
    this.#child.send('run')
    return this.#next()
  }

  /** Ends the process; one that does not end by itself is killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.send('close')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await exit
    clearTimeout(timer)
  }

  async #next(): Promise<number> {
    const leaving = new AbortController()
    const { signal } = leaving
    try {
      const answer = await Promise.race([
        once(this.#child, 'message', { signal }).then(([message]) => message as Answer),
        once(this.#child, 'exit', { signal }).then(([code, by]): Answer => {
          return { error: `the process ended with ${code ?? by}` }
        }),
      ])
      if ('error' in answer) throw new Error(answer.error)
      return answer.value
    } finally {
      leaving.abort()
    }
  }
}
