/**
 * Describes an error with its causes and the errors inside of it, as far as there is room.
 *
 * Causes may have no end, and aggregates may hold one another. Knows no failure: what somebody has
 * described before is left as it is.
 *
 * @module
 */
import { type Description, describe } from './thrown.ts'

/** A described error with those around it; or what was described before. */
export type Surveyed<Known> = Survey<Known> | { readonly known: Known }

/** A described error with those around it. */
export interface Survey<Known> {
  readonly description: Description
  /** The value that was thrown; undefined where errors are left out. */
  readonly thrown: { readonly value: unknown } | undefined
  /** The causes, nearest first; they have no causes themselves. */
  readonly causes: readonly Surveyed<Known>[]
  /** The errors inside of it. */
  readonly errors: readonly Surveyed<Known>[]
}

/** How many errors are described: one, its causes, and those inside of them. */
const MAX_COUNT = 200

/** How many errors may be inside of one another. */
const MAX_DEPTH = 30

/** How many characters of messages and stacks are described before the rest is left out. */
const MAX_LENGTH = 16_777_216

const FURTHER: Survey<never> = {
  description: {
    ...describe(undefined),
    message: 'further errors are left out',
    typeNames: ['Error'],
  },
  thrown: undefined,
  causes: [],
  errors: [],
}

/** Describes whatever was thrown. */
export function survey<Known>(
  value: unknown,
  isKnown: (value: unknown) => value is Known,
): Survey<Known> {
  return new Surveyor(isKnown).survey(value, [])
}

class Surveyor<Known> {
  readonly #isKnown: (value: unknown) => value is Known
  #count = MAX_COUNT
  #length = MAX_LENGTH

  constructor(isKnown: (value: unknown) => value is Known) {
    this.#isKnown = isKnown
  }

  /** @param around the errors that this one is inside of */
  survey(value: unknown, around: readonly unknown[]): Survey<Known> {
    const own = this.#describe(value, around)
    return { ...own, causes: this.#causesOf(own, around) }
  }

  #describe(value: unknown, around: readonly unknown[]): Survey<Known> {
    const description = describe(value)
    this.#count -= 1
    this.#length -= description.message.length + description.traceback.length
    const errors = this.#inside(description.errors, [...around, value])
    return { description, thrown: { value }, causes: [], errors }
  }

  /** A circle of causes is gone round once. */
  #causesOf(
    { description, thrown }: Survey<Known>,
    around: readonly unknown[],
  ): readonly Surveyed<Known>[] {
    const seen = new Set([...around, thrown?.value])
    const causes: Surveyed<Known>[] = []
    let { cause } = description
    while (cause !== undefined && !seen.has(cause)) {
      if (this.#isKnown(cause)) return [...causes, { known: cause }]
      if (this.#isFull) return [...causes, FURTHER]
      seen.add(cause)
      const next = this.#describe(cause, around)
      causes.push(next)
      cause = next.description.cause
    }
    return causes
  }

  #inside(errors: readonly unknown[], around: readonly unknown[]): readonly Surveyed<Known>[] {
    const inside: Surveyed<Known>[] = []
    for (const error of errors) {
      if (around.includes(error)) continue
      if (this.#isKnown(error)) inside.push({ known: error })
      else if (this.#isFull || around.length > MAX_DEPTH) return [...inside, FURTHER]
      else inside.push(this.survey(error, around))
    }
    return inside
  }

  get #isFull(): boolean {
    return this.#count <= 0 || this.#length <= 0
  }
}
