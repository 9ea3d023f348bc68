/**
 * Values as one line of text of bounded length, with the values of certain keys masked.
 *
 * For the listeners that log. Runs no code of the values but the inspect method of classes that
 * have one, and never throws.
 *
 * @module
 */
import { inspect, types } from 'node:util'
import { isFailure } from '../base/failure.ts'
import { isError, isUrl } from '../base/realms.ts'
import { inShort, inWords } from '../base/thrown.ts'

/** What stands in the place of a masked value. */
export const MASK = '***'

/** How a value is displayed. */
export interface DisplayOptions {
  /**
   * Keys whose values are masked, at any depth of objects, maps, arrays and sets. A pair
   * `[key, value]`, and an object with `name` or `key` and `value`, is an entry, as headers have
   * them.
   */
  readonly maskedKeys?: ReadonlySet<string> | undefined
  /**
   * How many characters the text may have; what is more is cut off.
   *
   * @defaultValue `10_000`
   */
  readonly maxLength?: number | undefined
}

const MAX_LENGTH = 10_000
const MAX_DEPTH = 8
const MAX_ITEMS = 100
/** How many objects and arrays of one value are looked into. */
const MAX_PARTS = 1000

/**
 * A value as text, a string in quotes.
 *
 * What a class shows by its own inspect method is its own matter, and not masked.
 */
export function display(value: unknown, options: DisplayOptions = {}): string {
  const { maskedKeys = new Set<string>(), maxLength = MAX_LENGTH } = options
  try {
    const text = inspect(new Copier(maskedKeys).copy(value, 0), {
      depth: Number.POSITIVE_INFINITY,
      breakLength: Number.POSITIVE_INFINITY,
      compact: true,
      maxArrayLength: MAX_ITEMS + 1, // the last one says how many are left out
      maxStringLength: maxLength,
    })
    return cut(text.replaceAll(/\s*\n\s*/g, ' '), maxLength)
  } catch (error) {
    return `[cannot be shown: ${cut(messageOf(error), maxLength)}]`
  }
}

/** A value as text to be put into quotes: a string without its own, line breaks escaped. */
export function displayBare(value: unknown, options: DisplayOptions = {}): string {
  if (typeof value !== 'string') return display(value, options)
  const { maxLength = MAX_LENGTH } = options
  return cut(inspect(value.slice(0, maxLength + 1)).slice(1, -1), maxLength)
}

/** Copies what is shown of a value, so that inspect finds nothing else. */
class Copier {
  readonly #maskedKeys: ReadonlySet<string>
  /** The objects around the present one. */
  readonly #around = new Set<object>()
  #partCount = 0

  constructor(maskedKeys: ReadonlySet<string>) {
    this.#maskedKeys = maskedKeys
  }

  copy(value: unknown, depth: number): unknown {
    if (typeof value === 'function') return new Verbatim(`[Function: ${value.name}]`)
    if (typeof value !== 'object' || value === null) return value
    if (isFailure(value)) return new Verbatim(`[${value.format()}]`)
    if (isError(value)) return new Verbatim(`[${inShort(value)}]`)
    // The parts that inspect shows of one hold its password once more.
    if (isUrl(value)) return new Verbatim(`URL ${inspect(value.href)}`)
    if (this.#around.has(value)) return new Verbatim('[Circular]')
    this.#partCount += 1
    if (depth > MAX_DEPTH || this.#partCount > MAX_PARTS) {
      return new Verbatim(Array.isArray(value) ? '[Array]' : '[Object]')
    }
    this.#around.add(value)
    const copied = this.#parts(value, depth + 1)
    this.#around.delete(value)
    return copied
  }

  #parts(value: object, depth: number): unknown {
    if (Array.isArray(value)) {
      if (this.#isMaskedPair(value)) return [value[0], MASK]
      const items = value.slice(0, MAX_ITEMS).map((item) => this.copy(item, depth))
      return [...items, ...rest(value.length)]
    }
    if (types.isMap(value)) {
      const entries = firstOf(value).map(
        ([key, one]) => [this.copy(key, depth), this.#valueOf(key, () => one, depth)] as const,
      )
      return new Map([...entries, ...rest(value.size).map((more) => [more, ''] as const)])
    }
    if (types.isSet(value)) {
      const items = firstOf(value).map((item) => this.copy(item, depth))
      return new Set([...items, ...rest(value.size)])
    }
    return showsItself(value) ? value : this.#fields(value, depth)
  }

  #fields(value: object, depth: number): object {
    const copied: object = Object.create(Object.getPrototypeOf(value) ?? Object.prototype)
    const keys = Object.keys(value)
    const isEntry = isEntryOf(value, this.#maskedKeys)
    for (const key of keys.slice(0, MAX_ITEMS)) {
      if (isEntry && key === 'value') {
        define(copied, key, MASK)
        continue
      }
      const field = Object.getOwnPropertyDescriptor(value, key)
      const read = (): unknown => (field?.get ? new Verbatim('[Getter]') : field?.value)
      define(copied, key, this.#valueOf(key, read, depth))
    }
    for (const more of rest(keys.length)) define(copied, '...', more)
    return copied
  }

  #isMaskedPair(value: readonly unknown[]): boolean {
    const [key] = value
    return value.length === 2 && typeof key === 'string' && this.#maskedKeys.has(key)
  }

  #valueOf(key: unknown, read: () => unknown, depth: number): unknown {
    if (typeof key === 'string' && this.#maskedKeys.has(key)) return MASK
    const value = read()
    return value instanceof Verbatim ? value : this.copy(value, depth)
  }
}

/** Whether an object is the entry of a masked key: `{ name: 'Authorization', value: … }`. */
export function isEntryOf(value: object, maskedKeys: ReadonlySet<string>): boolean {
  if (!Object.hasOwn(value, 'value')) return false
  return ['name', 'key'].some((field) => {
    const key: unknown = Object.getOwnPropertyDescriptor(value, field)?.value
    return typeof key === 'string' && maskedKeys.has(key)
  })
}

/** A text that inspect prints as it is. */
class Verbatim {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  [inspect.custom](): string {
    return this.#text
  }
}

function firstOf<T>(items: Iterable<T>): readonly T[] {
  const first: T[] = []
  for (const item of items) {
    if (first.push(item) === MAX_ITEMS) break
  }
  return first
}

function rest(count: number): readonly Verbatim[] {
  return count > MAX_ITEMS ? [new Verbatim(`... ${count - MAX_ITEMS} more`)] : []
}

/** Shown by code of Node or of its own class, and nothing that could be masked is in it. */
function showsItself(value: object): boolean {
  return (
    types.isDate(value) ||
    types.isRegExp(value) ||
    ArrayBuffer.isView(value) ||
    typeof Reflect.get(value, inspect.custom) === 'function'
  )
}

/** Sets a field whatever setters the class has, and even if it is called `__proto__`. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
}

function messageOf(error: unknown): string {
  return isError(error) ? inWords(error) : typeof error
}
