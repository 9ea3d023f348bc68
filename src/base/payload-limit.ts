/**
 * How large a stored value may be, and what is left of a failure that is larger.
 *
 * For the engine, before it writes. Sizes are bytes of JSON text as UTF-8. A value that is too
 * large is refused; a failure never is, since what went wrong must be on record: it is cut down.
 *
 * @module
 */
import { NotStorableError } from '../errors.ts'
import { number } from './checks.ts'
import { encode, pathStep } from './codec.ts'
import type { Failure } from './failure.ts'
import { type FailureRecord, joinArgs, type SplitArgs, splitArgs } from './failure-record.ts'

/** 1 MiB. */
export const DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576

/** A failure that is cut down must still have room for a name and a line. */
export const LEAST_MAX_PAYLOAD_BYTES = 1_024

const CHECK = number({ least: LEAST_MAX_PAYLOAD_BYTES, whole: true })

/** 256 MiB: half of the longest string, and less than what databases keep in a column. */
const MAX_TEXT_BYTES = 268_435_456

/** No UTF-16 code unit takes more bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3

/** Class names and codes that are longer are no names and codes. */
const MAX_NAME_LENGTH = 100

/** Where the cutting begins when there is no limit, but no string can be long enough. */
const MAX_CUT_LENGTH = 1_048_576

/** How large a stored value may be. */
export class PayloadLimit {
  readonly #maxBytes: number
  readonly #maxTextBytes: () => number | undefined
  /** Failures as text: a history is stored again with each failure that it gets. */
  readonly #failures = new WeakMap<Failure, string>()

  /**
   * @param maxTextBytes how many bytes one text may have where it is kept; undefined: more than
   * any that is made
   * @throws RangeError when it is neither a whole number from 1,024 on nor Infinity.
   */
  constructor(
    maxBytes: number = DEFAULT_MAX_PAYLOAD_BYTES,
    maxTextBytes: () => number | undefined = () => undefined,
  ) {
    CHECK('maxPayloadBytes', maxBytes)
    this.#maxBytes = maxBytes
    this.#maxTextBytes = maxTextBytes
  }

  /** In bytes; Infinity when there is no limit. */
  get maxBytes(): number {
    return Math.min(this.#maxBytes, this.#maxTextBytes() ?? Number.POSITIVE_INFINITY)
  }

  /** How many bytes a text may have that several values make together. */
  get maxTextBytes(): number {
    return this.#maxTextBytes() ?? MAX_TEXT_BYTES
  }

  isOver(text: string): boolean {
    return isLonger(text, this.maxBytes)
  }

  /** Several values make too large a text together. */
  isOverTotal(text: string): boolean {
    return isLonger(text, this.maxTextBytes)
  }

  /**
   * Makes sure that what several values make together is not too large to be kept.
   *
   * @param what what it is, such as `the history of 'r'`
   * @throws {@link NotStorableError} when it is.
   */
  demandTotal(text: string, what: string): void {
    const { maxTextBytes } = this
    if (!this.isOverTotal(text)) return
    const sizeBytes = Buffer.byteLength(text)
    throw new NotStorableError(
      '$',
      `${what} would have ${sizeBytes} bytes of JSON text, and the backend keeps at most ${maxTextBytes} in one place; store less of it`,
      { sizeBytes, maxPayloadBytes: maxTextBytes },
    )
  }

  /**
   * Makes sure that a text is not too large.
   *
   * @param what what it is, such as `the result of 'measure'`
   * @param path where it is in the value that the caller gave
   * @throws {@link NotStorableError} when it is.
   */
  demand(text: string, what: string, path = '$'): void {
    if (!this.isOver(text)) return
    const size = { sizeBytes: Buffer.byteLength(text), maxPayloadBytes: this.maxBytes }
    throw new NotStorableError(
      path,
      `${what} has ${size.sizeBytes} bytes of JSON text, and at most ${size.maxPayloadBytes} are stored; store it elsewhere and give a reference to it, or raise maxPayloadBytes`,
      size,
    )
  }

  /**
   * Each of the values as text, by name.
   *
   * @param what what they are, such as `the value put in as`
   * @throws {@link NotStorableError} naming the first that cannot be stored, or is too large.
   */
  encodeEach(
    values: Readonly<Record<string, unknown>>,
    what: string,
  ): readonly (readonly [name: string, text: string])[] {
    return Object.entries(values).map(([name, value]) => {
      const path = `$${pathStep(name)}`
      const text = encodeAt(value, path)
      this.demand(text, `${what} '${name}'`, path)
      return [name, text]
    })
  }

  /**
   * The record itself where it can be stored; else without its arguments, except for its code; else
   * with its texts shortened and only its nearest causes.
   */
  fit(record: FailureRecord): FailureRecord {
    if (this.#fits(record)) return record
    const lean = withoutArgs(record)
    if (this.#fits(lean)) return lean
    let length = Math.min(this.maxBytes, MAX_CUT_LENGTH)
    let short = lean
    do {
      length = Math.floor(length / 2)
      short = shorten(lean, length)
    } while (length > 0 && !this.#fits(short))
    return short
  }

  /** A failure as text that can be stored, cut down as {@link PayloadLimit.fit} says. */
  textOf(failure: Failure): string {
    const known = this.#failures.get(failure)
    if (known !== undefined && !this.isOver(known)) return known
    const text = encode(this.fit(failure.toRecord()))
    this.#failures.set(failure, text)
    return text
  }

  #fits(record: FailureRecord): boolean {
    const text = textOf(record)
    return text !== undefined && !this.isOver(text)
  }
}

/** For values that are not to be measured. */
export const NO_PAYLOAD_LIMIT: PayloadLimit = new PayloadLimit(Number.POSITIVE_INFINITY)

/** Counts bytes only where the number of characters does not tell. */
function isLonger(text: string, maxBytes: number): boolean {
  if (text.length * MAX_BYTES_PER_UNIT <= maxBytes) return false
  return text.length > maxBytes || Buffer.byteLength(text) > maxBytes
}

/** The value as text; a refusal gives the path from the whole that the value is a part of. */
function encodeAt(value: unknown, path: string): string {
  try {
    return encode(value)
  } catch (error) {
    const refusal = error as NotStorableError // encode throws nothing else
    throw new NotStorableError(path + refusal.path.slice(1), refusal.reason)
  }
}

/** The value as text; undefined when it cannot be stored. */
function textOf(value: unknown): string | undefined {
  try {
    return encode(value)
  } catch {
    return undefined
  }
}

function withoutArgs(record: FailureRecord): FailureRecord {
  const { code, details } = splitArgs(record.exc_args)
  const { fields, omitted = [], ...rest } = details ?? {}
  const errors = rest.errors?.map(withoutArgs)
  const all = fields === undefined ? omitted : ['all fields: the failure is too large']
  return {
    ...record,
    exc_args: leanArgs(code, {
      ...rest,
      ...(errors !== undefined && { errors }),
      ...(all.length > 0 && { omitted: all.slice(0, 1) }),
    }),
    causes: record.causes.map(withoutArgs),
  }
}

/** A code is needed to tell errors apart, the message stands elsewhere. */
function leanArgs(given: SplitArgs['code'], details: SplitArgs['details']): readonly unknown[] {
  const code = String(given).length <= MAX_NAME_LENGTH ? given : undefined
  const args = joinArgs({ args: code === undefined ? [''] : ['', code], code, details })
  return args.length === 1 ? [] : args
}

/** Texts of at most so many characters, and the fewer causes and names the fewer characters. */
function shorten(record: FailureRecord, length: number): FailureRecord {
  const { exception_str: message, traceback_str: traceback } = record
  const { code, details } = splitArgs(record.exc_args)
  const most = Math.floor(length / 256)
  const causes = record.causes.slice(0, most)
  const errors = details?.errors?.slice(0, most) ?? []
  const share = Math.floor(length / (causes.length + errors.length + 1))
  const inside = errors.map((error) => shorten(error, share))
  return {
    ...record,
    exception_str: start(message, share),
    traceback_str: start(traceback, share),
    exc_type_names: fewer(record.exc_type_names, Math.floor(length / MAX_NAME_LENGTH)),
    exc_args:
      length < LEAST_MAX_PAYLOAD_BYTES / 8
        ? []
        : leanArgs(code, { ...(inside.length > 0 && { errors: inside }) }),
    causes: causes.map((cause) => shorten(cause, share)),
  }
}

/** The first names and the last, which is Python's root; names that are no names are cut. */
function fewer(names: readonly string[], count: number): readonly string[] {
  const own = names.slice(0, -1).slice(0, Math.max(1, count))
  return [...own.map((name) => start(name, MAX_NAME_LENGTH)), ...names.slice(-1)]
}

/** The start of a text, saying how much is missing; no surrogate pair is split. */
function start(text: string, length: number): string {
  if (text.length <= length) return text
  const kept = text.slice(0, length)
  const whole = /[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept
  return `${whole}… (${text.length - whole.length} more characters)`
}
