/**
 * Values on their way in, from arguments and files, and on their way out.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { types } from 'node:util'
import type { Provision } from '../atoms/provides.ts'
import { encode } from '../base/codec.ts'
import type { Failure } from '../base/failure.ts'
import { maskUrls, type SecretKeys } from '../base/secrets.ts'
import { display, isEntryOf, MASK } from '../listeners/display.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import { usageError } from './exits.ts'
import type { Terminal } from './terminal.ts'

/**
 * Reads `name=value` pairs; a value is JSON if it parses, else it is text.
 *
 * @throws ExitError for one without a name or a value.
 */
export function readPairs(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  const entries = pairs.map((pair): [string, unknown] => {
    const at = pair.indexOf('=')
    if (at < 1) throw usageError(`'${pair}' is no name=value, as in size=10`)
    return [pair.slice(0, at), jsonOrText(pair.slice(at + 1))]
  })
  return Object.fromEntries(entries)
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/**
 * Reads the JSON object of a file, or of standard input for `-`.
 *
 * @throws ExitError when it cannot be read, or is none.
 */
export function readObject(
  file: string,
  terminal: Pick<Terminal, 'cwd' | 'readInput'>,
): Readonly<Record<string, unknown>> {
  const value = parse(readText(file, terminal), file)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError(`${nameOf(file)} must hold a JSON object`)
  }
  return value as Readonly<Record<string, unknown>>
}

/**
 * Reads a JSON array that was written as an argument.
 *
 * @throws ExitError when it is none.
 */
export function readArray(text: string, option: string): readonly unknown[] {
  const value = parse(text, option)
  if (!Array.isArray(value))
    throw usageError(`${option} must be a JSON array, as in '["/pool", 3]'`)
  return value
}

function readText(file: string, terminal: Pick<Terminal, 'cwd' | 'readInput'>): string {
  try {
    return file === '-' ? terminal.readInput() : readFileSync(resolve(terminal.cwd, file), 'utf8')
  } catch (cause) {
    throw usageError(`${nameOf(file)} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function parse(text: string, source: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw usageError(`${nameOf(source)} is no JSON: ${(cause as Error).message}`, { cause })
  }
}

/** What a file is called in messages. */
export function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file
}

/** A value as one line of at most that many characters, with secrets masked. */
export function show(value: unknown, maskedKeys: SecretKeys, maxLength: number): string {
  return maskUrls(display(value, { maskedKeys, maxLength }))
}

/** A value as JSON can say it, with secrets masked; what cannot be stored is shown as text. */
export function plainJson(value: unknown, maskedKeys: SecretKeys): unknown {
  try {
    return withoutSecrets(JSON.parse(encode(value)), maskedKeys)
  } catch {
    return show(value, maskedKeys, 1_000)
  }
}

function withoutSecrets(value: unknown, keys: SecretKeys): unknown {
  if (typeof value === 'string') return maskUrls(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    // The entries of maps, and of headers.
    const [key, ...rest] = value as readonly unknown[]
    if (typeof key === 'string' && rest.length === 1 && keys.has(key)) return [key, MASK]
    return value.map((item) => withoutSecrets(item, keys))
  }
  const isEntry = isEntryOf(value, keys)
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      keys.has(key) || (isEntry && key === 'value') ? MASK : withoutSecrets(one, keys),
    ]),
  )
}

/** What is secret of what an atom returns, by the symbols under which it is provided. */
export class SecretResults {
  readonly #keys: SecretKeys
  /** Of the flow, where it is known: an old record may not name them. */
  readonly #provisions: ReadonlyMap<string, readonly Provision[]>

  constructor(keys: SecretKeys, provisions: ReadonlyMap<string, readonly Provision[]>) {
    this.#keys = keys
    this.#provisions = provisions
  }

  /** Whether what revert returned, which has no symbols, is to be masked with the rest. */
  hides(record: AtomDetail): boolean {
    return this.#keys.has(record.name) || this.#secretOf(record).length > 0
  }

  /** What execute returned, with masks where something is provided under a secret symbol. */
  masked(record: AtomDetail, result: unknown): unknown {
    if (result === undefined || result === null) return result
    if (this.#keys.has(record.name)) return MASK
    let shown = result
    for (const { index } of this.#secretOf(record)) {
      if (index === undefined || typeof shown !== 'object' || shown === null) return MASK
      if (Array.isArray(shown)) {
        if (typeof index !== 'number') return MASK
        if (index < shown.length) shown = shown.with(index, MASK)
      } else if (types.isMap(shown)) shown = new Map(shown).set(index, MASK)
      else if (Object.hasOwn(shown, index)) shown = { ...shown, [index]: MASK }
    }
    return shown
  }

  #secretOf({ name, provisions = [] }: AtomDetail): readonly Provision[] {
    const all = [...provisions, ...(this.#provisions.get(name) ?? [])]
    return all.filter(({ symbol }) => this.#keys.has(symbol))
  }
}

/** A failure as plain data; the stack only on demand. */
export function plainFailure(failure: Failure, withStack = false): object {
  const { message, typeNames, code, errors, causes, traceback } = failure
  return {
    type: typeNames[0] ?? 'Error',
    message: maskUrls(message),
    ...(code !== undefined && { code }),
    ...(errors.length > 0 && { errors: errors.map((one) => plainFailure(one, withStack)) }),
    ...(causes.length > 0 && { causes: causes.map((one) => plainFailure(one, withStack)) }),
    ...(withStack && { stack: maskUrls(traceback) }),
  }
}
