/**
 * A process that can die: what it had stored is there, what it was about to do never happens.
 *
 * @module
 */
import type { Backend } from '../../src/index.ts'

/** One life of the process that runs a case. */
export class Process {
  /** The backend, as long as the process lives: then nothing is stored, and nothing answers. */
  readonly backend: Backend
  readonly #end = Promise.withResolvers<void>()
  #isDead = false

  constructor(backend: Backend) {
    this.backend = new Proxy(backend, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) =>
          this.#isDead ? Process.never() : Reflect.apply(member, target, args)
      },
    })
  }

  /** It has crashed. */
  get isDead(): boolean {
    return this.#isDead
  }

  /** Ends it at once. */
  crash(): void {
    this.#isDead = true
    this.#end.resolve()
  }

  /** Resolves when it dies. */
  get death(): Promise<void> {
    return this.#end.promise
  }

  /** What somebody waits for who is dead. */
  static never(): Promise<never> {
    return new Promise(() => {})
  }
}
