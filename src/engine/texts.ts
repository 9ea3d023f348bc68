/**
 * Values as the text that is stored: what cannot be stored, or not in one place, is refused here.
 *
 * For whoever takes a value into the record of a run, before it is taken.
 *
 * @module
 */
import type { Failure } from '../base/failure.ts'
import type { PayloadLimit } from '../base/payload-limit.ts'
import type { NotStorableError } from '../errors.ts'
import { type AtomDetail, type RetryDetail, TaskDetail } from '../persistence/atom-detail.ts'
import { keep } from '../persistence/kept-value.ts'
import { encodeProvided, encodeValue, encodeWithMeta } from '../persistence/records.ts'

/** Makes texts, within what the backend of one run takes. */
export class Texts {
  readonly #limit: PayloadLimit
  readonly #isStored: boolean

  /** @param fate whether there is a backend; without one every value passes, and is shared */
  constructor(limit: PayloadLimit, fate: 'stored' | 'shared') {
    this.#limit = limit
    this.#isStored = fate === 'stored'
  }

  /**
   * A value as the text that is stored; undefined without a backend.
   *
   * @param what what it is of the atom, such as `result`
   * @throws {@link NotStorableError} with the path of the part that cannot be stored, or the size of
   * a value that is too large.
   */
  textOf(value: unknown, what: string, atom: string): string | null | undefined {
    if (!this.#isStored) return undefined
    const text = encodeValue(value)
    if (text !== null) this.#limit.demand(text, `the ${what} of '${atom}'`)
    return text
  }

  /** Makes the text of a failure, so that it is at hand when the record is written. */
  prepare(failure: Failure): void {
    if (this.#isStored) this.#limit.textOf(failure)
  }

  /**
   * Makes sure that a retry's history can be stored with one more attempt.
   *
   * @param text what the attempt provides, as it is stored
   * @throws {@link NotStorableError} when it is too large.
   */
  demandRoom(retry: RetryDetail, text: string): void {
    const { maxTextBytes } = this.#limit
    const isSmall = (retry.attemptCount + 1) * this.#limit.maxBytes < maxTextBytes / 4
    if (isSmall && retry.attemptCount < 1_000) return
    // The failures that the retry will be asked about are cut down to what room there is.
    const history = `${encodeProvided(retry)},[${text},{}]`
    this.#limit.demandTotal(history, `the history of '${retry.name}'`)
  }

  /**
   * Makes sure that a task's result can be stored beside its metadata, where it comes to stand when
   * its undo fails.
   *
   * @param text the result, as it is stored
   * @throws {@link NotStorableError} when both are too large together.
   */
  demandBeside(task: AtomDetail, text: string | null): void {
    if (task.meta === undefined && task.keptInjected === undefined) return
    this.demandTotal(() => encodeWithMeta(task, text), `what is kept of '${task.name}'`)
  }

  /**
   * Makes sure that what is kept with an atom can be, once it has changed.
   *
   * @throws {@link NotStorableError} when it is too large together.
   */
  demandChanged(
    atom: AtomDetail,
    change: Partial<Pick<AtomDetail, 'meta' | 'keptInjected'>>,
  ): void {
    if (!this.#isStored) return
    const { meta, keptInjected } = atom
    Object.assign(atom, change)
    try {
      const result = atom instanceof TaskDetail ? encodeValue(atom.keptResults) : null
      this.demandTotal(() => encodeWithMeta(atom, result), `what is kept of '${atom.name}'`)
    } finally {
      Object.assign(atom, { meta, keptInjected })
    }
  }

  /** Makes sure that a text which several values make together can be stored. */
  demandTotal(text: () => string, what: string): void {
    if (this.#isStored) this.#limit.demandTotal(text(), what)
  }

  /**
   * Copies values that are to be stored, each as it is kept; without a backend, they are shared.
   *
   * @param what what they are, for the refusal
   * @throws {@link NotStorableError} naming the first that cannot be stored, or is too large.
   */
  keepEach(
    values: Readonly<Record<string, unknown>>,
    what: string,
  ): Readonly<Record<string, unknown>> {
    if (!this.#isStored) return values
    const texts = this.#limit.encodeEach(values, what)
    return Object.fromEntries(texts.map(([name, text]) => [name, keep(values[name], text)]))
  }
}
