/**
 * A value as a record keeps it: as the text that is stored, where somebody could still change it.
 *
 * Whoever reads an object gets a copy of its own, as after a crash. So what a task does to its
 * inputs changes neither what is stored nor what others see. Values that cannot change are kept
 * themselves.
 *
 * @module
 */
import { decode, encode } from '../base/codec.ts'
import type { NotStorableError } from '../errors.ts'

/** An object as text. */
class KeptText {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text, if a value is kept so. Runs no code of the value, as `instanceof` may. */
  static in(value: unknown): string | undefined {
    return typeof value === 'object' && value !== null && #text in value ? value.#text : undefined
  }
}

/** Keeps a value with its text. Without a text, which means without a backend, it is shared. */
export function keep(value: unknown, text: string | null | undefined): unknown {
  if (typeof value !== 'object' || value === null || typeof text !== 'string') return value
  return new KeptText(text)
}

/**
 * Keeps a value that is to be stored.
 *
 * @throws {@link NotStorableError} when it cannot be.
 */
export function keepCopy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? new KeptText(encode(value)) : value
}

/** Keeps an object whose members are kept each by itself. */
export function keepMembers(members: Readonly<Record<string, unknown>>): unknown {
  return new KeptText(textOfMembers(members))
}

/** The value that is kept; of an object a copy that is the caller's own. */
export function readKept(kept: unknown): unknown {
  const text = KeptText.in(kept)
  return text === undefined ? kept : decode(text)
}

/**
 * The text of what is kept.
 *
 * @throws {@link NotStorableError} for a value that was kept without its text and has none.
 */
export function textOfKept(kept: unknown): string {
  return KeptText.in(kept) ?? encode(kept)
}

/** True when readers get copies. */
export function isKeptAsText(kept: unknown): boolean {
  return KeptText.in(kept) !== undefined
}

/** The text of an object with these members, kept each by itself. */
export function textOfMembers(members: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(members)
  if (!entries.some(([, kept]) => isKeptAsText(kept))) return encode(members)
  // Put together again from the parts, unless the codec would read the one key as a mark of its own.
  if (entries.length === 1) return encode(readMembers(members))
  return `{${entries.map(([key, kept]) => `${JSON.stringify(key)}:${textOfKept(kept)}`).join(',')}}`
}

/** The members, as {@link readKept} gives them. */
export function readMembers(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([key, kept]) => [key, readKept(kept)]))
}
