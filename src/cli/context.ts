/**
 * What a command works with: its surroundings, the settings, the backend, and the ways to answer.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { flat } from '../base/printable.ts'
import { isUrl } from '../base/realms.ts'
import { SecretKeys, type SecretMask } from '../base/secrets.ts'
import type { Backend } from '../persistence/backend.ts'
import { backendOf, readBackendUrl } from '../persistence/open.ts'
import { type FoundConfig, readConfig } from './config.ts'
import { type GuardedTerminal, printableJson } from './door.ts'
import { EXIT, ExitError, usageError } from './exits.ts'
import { Paint } from './paint.ts'

/** The options that every command takes. */
export interface CommonOptions {
  /** URL of the backend. */
  readonly backend?: string
  /** The config to read. */
  readonly config?: string
  /** Answers for programs. */
  readonly json?: boolean
  /** More about what goes wrong. */
  readonly verbose?: boolean
  /** False to leave colours out. */
  readonly color?: boolean
}

/** One call of one command. */
export class Context implements AsyncDisposable {
  readonly terminal: GuardedTerminal
  readonly options: CommonOptions
  /** Styles what goes to standard output. */
  readonly paint: Paint
  readonly #secrets: SecretMask
  readonly #opened: Backend[] = []
  #config: Promise<FoundConfig> | undefined
  #shownUrl: string | undefined

  constructor(terminal: GuardedTerminal, options: CommonOptions, secrets: SecretMask) {
    const env = options.color === false ? { ...terminal.env, NO_COLOR: '1' } : terminal.env
    this.terminal = terminal
    this.options = options
    this.paint = Paint.for(terminal.out, { env })
    this.#secrets = secrets
  }

  /** True when the answer is for programs. */
  get isJson(): boolean {
    return this.options.json === true
  }

  /** Writes lines of the answer; what has line breaks is still one line. */
  say(...lines: readonly string[]): void {
    for (const line of lines) this.terminal.out.write(`${flat(line)}\n`)
  }

  /** Writes an answer of several lines. */
  sayText(text: string): void {
    this.terminal.out.write(`${text}\n`)
  }

  /** Writes the answer as JSON. */
  answer(value: unknown): void {
    const json = printableJson(value, this.terminal.out.isTTY ? 2 : 0)
    this.terminal.out.writeWholeJson(`${json}\n`)
  }

  /** Writes an event as a line of JSON. */
  tell(event: object): void {
    this.terminal.out.writeWholeJson(`${printableJson(event)}\n`)
  }

  /** Writes lines about the answer; what has line breaks is still one line. */
  remark(...lines: readonly string[]): void {
    for (const line of lines) this.terminal.err.write(`${flat(line)}\n`)
  }

  /** Writes several lines about the answer. */
  remarkText(text: string): void {
    this.terminal.err.write(`${text}\n`)
  }

  /** The project's settings, read once. */
  config(): Promise<FoundConfig> {
    this.#config ??= this.#readConfig()
    return this.#config
  }

  /** The keys whose values are not shown. */
  async maskedKeys(more: readonly string[] = []): Promise<SecretKeys> {
    const { maskedKeys = [] } = await this.config()
    return new SecretKeys([...maskedKeys, ...more])
  }

  /**
   * Opens the backend that is meant.
   *
   * @throws ExitError when none is named, or its place must be there already and is not.
   */
  async backend({ mustExist = true }: { readonly mustExist?: boolean } = {}): Promise<Backend> {
    const found = await this.backendOrNone({ mustExist })
    if (found === undefined) throw noBackend()
    return found
  }

  /** As {@link Context.backend}, or undefined when none is named. */
  async backendOrNone({
    mustExist,
  }: {
    readonly mustExist: boolean
  }): Promise<Backend | undefined> {
    const named = await this.#namedBackend()
    if (named === undefined) return undefined
    if (typeof named !== 'string') {
      this.#opened.push(named)
      await named.open()
      return named
    }
    this.#check(named, mustExist)
    const backend = await madeOf(named)
    this.#opened.push(backend)
    await backend.open()
    return backend
  }

  /** The backend that is meant, not opened yet, and its URL where there is one. */
  async closedBackend({ mustExist = true }: { readonly mustExist?: boolean } = {}): Promise<{
    readonly backend: Backend
    readonly url: string | undefined
  }> {
    const named = await this.#namedBackend()
    if (named === undefined) throw noBackend()
    if (typeof named !== 'string') {
      this.#opened.push(named)
      return { backend: named, url: undefined }
    }
    this.#check(named, mustExist)
    const backend = await madeOf(named)
    this.#opened.push(backend)
    return { backend, url: named }
  }

  /** The URL of the backend; undefined when the config hands a backend over. */
  async backendUrl(): Promise<string | undefined> {
    const named = await this.#namedBackend()
    if (named === undefined) throw noBackend()
    if (typeof named !== 'string') return undefined
    this.#check(named, false)
    return named
  }

  /** What the user must write again in the next command, so that it means the same. */
  get again(): string {
    const { backend, config } = this.options
    const where = backend === undefined ? '' : ` --backend ${quoted(this.#shownUrl ?? backend)}`
    return `${where}${config === undefined ? '' : ` --config ${quoted(config)}`}`
  }

  /** A message with what is secret masked. */
  masked(text: string): string {
    return this.#secrets.apply(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const backend of this.#opened) await backend.close()
  }

  async #readConfig(): Promise<FoundConfig> {
    const config = await readConfig(this.terminal.cwd, this.options.config)
    if (config.file !== undefined && this.options.verbose === true) {
      this.remark(`config: ${config.file}`)
    }
    return config
  }

  async #namedBackend(): Promise<string | Backend | undefined> {
    const { backend } = this.options
    const given = backend ?? (this.terminal.env['TASKFLOW_BACKEND'] || undefined)
    const named = given ?? (await this.config()).backend
    if (typeof named !== 'string' && !isUrl(named)) return named
    this.#secrets.learn(String(named))
    this.#shownUrl = this.#secrets.apply(String(named))
    return String(named)
  }

  #check(url: string, mustExist: boolean): void {
    let parts: ReturnType<typeof readBackendUrl>
    try {
      parts = readBackendUrl(url)
    } catch (error) {
      throw usageError((error as Error).message, { cause: error })
    }
    const { kind, rest } = parts
    const isFile = kind === 'dir' || (kind === 'sqlite' && !/^:memory:$|^file:/.test(rest))
    if (mustExist && isFile && !existsSync(resolve(this.terminal.cwd, rest))) {
      throw new ExitError(
        EXIT.backend,
        `there is no ${kind === 'dir' ? 'folder' : 'database'} ${rest}; it is made by the first run, or by taskflow migrate`,
      )
    }
  }
}

/** A backend that is not opened yet; what is wrong with its URL is a mistake of the command. */
async function madeOf(url: string): Promise<Backend> {
  try {
    return await backendOf(url)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw usageError(error.message, { cause: error })
    }
    throw error
  }
}

function noBackend(): ExitError {
  return usageError(
    'no backend is named: give --backend sqlite:runs.db, set TASKFLOW_BACKEND, or put backend into taskflow.config.ts',
  )
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./#*-]+$/.test(word) && !word.startsWith('#')
    ? word
    : `'${word.replaceAll("'", `'\\''`)}'`
}
