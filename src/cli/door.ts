/**
 * The one door through which everything that commands print goes out.
 *
 * Names, messages and values come from databases and other systems: what could steer the terminal
 * is escaped here, and passwords of URLs are masked, whoever writes.
 *
 * @module
 */
import { harmless, harmlessJson } from '../base/printable.ts'
import { maskUrls, type SecretMask } from '../base/secrets.ts'
import { Paint } from './paint.ts'
import type { Output, Terminal } from './terminal.ts'

/** A terminal whose outputs are doors. */
export interface GuardedTerminal extends Terminal {
  readonly out: Door
  readonly err: Door
}

/** Puts doors in front of the outputs of a terminal. */
export function guarded(
  terminal: Terminal,
  { args, secrets }: { readonly args: readonly string[]; readonly secrets: SecretMask },
): GuardedTerminal {
  const env = args.includes('--no-color') ? { ...terminal.env, NO_COLOR: '1' } : terminal.env
  const doorTo = (output: Output, mask: (text: string) => string): Door =>
    new Door(output, mask, Paint.for(output, { env }).hasColours)
  return {
    // A password that is also a word or a part of a uuid must not change an answer.
    out: doorTo(terminal.out, maskUrls),
    err: doorTo(terminal.err, (text) => secrets.apply(text)),
    cwd: terminal.cwd,
    env: terminal.env,
    now: () => terminal.now(),
    readInput: () => terminal.readInput(),
    onInterrupt: (listener) => terminal.onInterrupt(listener),
    intercept: (take, options) => terminal.intercept(take, options),
    exit: (code) => terminal.exit(code),
  }
}

/** An output behind a door. */
export class Door implements Output {
  readonly #output: Output
  readonly #mask: (text: string) => string
  readonly #hasColours: boolean

  constructor(output: Output, mask: (text: string) => string, hasColours: boolean) {
    this.#output = output
    this.#mask = mask
    this.#hasColours = hasColours
  }

  get isTTY(): boolean {
    return this.#output.isTTY
  }

  get columns(): number {
    return this.#output.columns
  }

  get rows(): number {
    return this.#output.rows
  }

  onResize(listener: () => void): Disposable {
    return this.#output.onResize(listener)
  }

  /** Writes text for people. */
  write(text: string): void {
    this.#output.write(this.clean(text))
  }

  /** Writes text for another program, with nothing masked. */
  writeWhole(text: string): void {
    this.#output.write(escaped(text, this.#hasColours))
  }

  /** Writes JSON that is complete, with nothing masked. */
  writeWholeJson(json: string): void {
    this.#output.write(harmlessJson(json))
  }

  /** Writes what code of the user has printed, as it is. */
  passOn(text: string): void {
    this.#output.write(text)
  }

  /** Text as it goes out. */
  clean(text: string): string {
    return escaped(this.#mask(text), this.#hasColours)
  }
}

/** A value as JSON that may be printed: passwords of URLs are masked in texts and in keys. */
export function printableJson(value: unknown, indent = 0): string {
  const json = JSON.stringify(value, (_key, part: unknown) => maskedPart(part), indent)
  return harmlessJson(json)
}

function maskedPart(part: unknown): unknown {
  if (typeof part === 'string') return maskUrls(part)
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
  const keys = Object.keys(part)
  if (keys.every((key) => maskUrls(key) === key)) return part
  return Object.fromEntries(Object.entries(part).map(([key, one]) => [maskUrls(key), one]))
}

/** The styles that `Paint` uses; no other sequence gets through, and none where there are no colors. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STYLE = /(\u001b\[(?:1|2|22|3[12356]|39)m)/

function escaped(text: string, hasColours: boolean): string {
  if (!hasColours || !text.includes('\u001b')) return harmless(text)
  // Of what was split, each second part is a style.
  return text
    .split(STYLE)
    .map((part, i) => (i % 2 === 1 ? part : harmless(part)))
    .join('')
}
