/**
 * One simulated process: it lives until it dies, and what belongs to it hangs from then on.
 *
 * Code of atoms that is under way in the same instant cannot be torn off in the middle; whoever
 * goes on after a death waits until it has ended, and nothing hears of its outcome.
 *
 * @module
 */

/**
 * Never settles, as what a dead process was waiting for. A new one each time: who waits for it is
 * kept by nothing else, and goes with it.
 */
export function never(): Promise<never> {
  return new Promise(() => {})
}

/** The life of one simulated process. */
export class Life {
  readonly #death = Promise.withResolvers<void>()
  readonly #bodies = new Set<object>()
  #quiet: (() => void) | undefined
  /** It has died: nothing of it may have any further effect. */
  isDead = false

  /** Resolves when it dies. */
  get death(): Promise<void> {
    return this.#death.promise
  }

  /** The process dies now. */
  die(): void {
    this.isDead = true
    this.#death.resolve()
  }

  /** The code of an atom begins. */
  begin(body: object): void {
    this.#bodies.add(body)
  }

  /** The code of an atom has ended, or will never go on. */
  end(body: object): void {
    this.#bodies.delete(body)
    if (this.#bodies.size === 0) this.#quiet?.()
  }

  /** Resolves when no code of an atom is under way. */
  async quiet(): Promise<void> {
    if (this.#bodies.size === 0) return
    await new Promise<void>((resolve) => {
      this.#quiet = resolve
    })
  }
}
