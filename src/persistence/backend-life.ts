/**
 * The life of a backend: opened by its first use, closed when the uses under way have ended.
 *
 * For drivers, so that all of them live alike.
 *
 * @module
 */
import { StorageError } from '../errors.ts'

/** What opening and closing are, for one driver. */
export interface LifeSteps {
  /** Makes the place ready; what it leaves behind when it fails is its own matter. */
  open(): Promise<void>
  /** The error that users get for one of the driver's own; left out where it throws none. */
  translate?(error: unknown): unknown
  /** Gives the place back; called once, when no use is under way. */
  close(): Promise<void>
}

/**
 * - new: nothing is opened; the first use, whichever it is, opens it;
 * - opening: uses wait; when it fails they reject, it is new again, and the next use tries again;
 * - open: until it is closed;
 * - closed: for good, from the call of `close` on. What was under way then is still finished.
 */
export class BackendLife {
  readonly #steps: LifeSteps
  #isOpen = false
  #opening: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #underWayCount = 0
  #whenIdle: (() => void) | undefined

  constructor(steps: LifeSteps) {
    this.#steps = steps
  }

  /** It was opened, and may have been closed since. */
  get wasOpened(): boolean {
    return this.#isOpen
  }

  /** It is closed, or will be when the uses under way have ended. */
  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  /**
   * Does some work while it is open.
   *
   * @throws {@link StorageError} when it is closed; what opening throws.
   */
  async use<R>(work: () => Promise<R>): Promise<R> {
    this.refuseWhenClosing()
    this.#underWayCount += 1
    try {
      if (!this.#isOpen) await this.#open()
      return await work()
    } catch (error) {
      throw this.#steps.translate?.(error) ?? error
    } finally {
      this.#underWayCount -= 1
      if (this.#underWayCount === 0) this.#whenIdle?.()
    }
  }

  /** @throws {@link StorageError} when it is closed, or will be. */
  refuseWhenClosing(): void {
    if (this.#closing === undefined) return
    throw new StorageError('the backend is closed; make a new one')
  }

  /** Closes it, after the uses under way. Closing twice is harmless. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #open(): Promise<void> {
    this.#opening ??= this.#steps
      .open()
      .then(() => {
        this.#isOpen = true
      })
      .finally(() => {
        this.#opening = undefined
      })
    return this.#opening
  }

  async #close(): Promise<void> {
    if (this.#underWayCount > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    await this.#steps.close()
  }
}
