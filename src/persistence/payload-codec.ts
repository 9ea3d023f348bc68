/**
 * A backend that stores values in another form than plain text: encrypted, compressed, signed.
 *
 * For whoever must not leave values readable in a database. Wraps any backend; the codec is the
 * caller's, and knows no record. Every method is written out: one that is added to the contract
 * must be looked at here, or the compiler refuses, so that no value gets by in plain text.
 *
 * @module
 */
import { methods, oneOf, readOptions } from '../base/checks.ts'
import { awaitable } from '../base/thenable.ts'
import { inWords } from '../base/thrown.ts'
import { CorruptRecordError, StorageError } from '../errors.ts'
import type {
  Backend,
  BackendSupports,
  BookFilter,
  BookRecord,
  Checkpoint,
  FlowFilter,
  PageOptions,
  StoredFlow,
  StoredFlowRecord,
} from './backend.ts'
import {
  type CellPlace,
  type VisitCell,
  visitBook,
  visitCheckpoint,
  visitFlow,
  visitStored,
} from './cells.ts'
import { codedText, isCoded, textInCode } from './coded-text.ts'
import type { Examination } from './examination.ts'
import { type Page, pageOf } from './filters.ts'

/** Turns the texts of values into what is stored, and back. */
export interface PayloadCodec {
  /**
   * Makes what is stored of a text; any text will do. What it throws rejects the save, of which
   * nothing is written then.
   */
  encode(text: string, place: CellPlace): string | PromiseLike<string>
  /** Makes the text again. What it throws becomes a {@link CorruptRecordError}. */
  decode(stored: string, place: CellPlace): string | PromiseLike<string>
}

/** How a backend with a codec behaves. */
export interface PayloadCodecOptions {
  /**
   * What to do with values that were stored without the codec:
   *
   * - `'read'`: they are read as they are, and written with the codec when they change;
   * - `'refuse'`: they cannot be read. Else whoever can write to the database may put a text of his
   *   own in the place of an encrypted one.
   *
   * @defaultValue `'read'`
   */
  readonly plain?: 'read' | 'refuse'
}

/** Something now or later. */
type Awaitable<T> = T | Promise<T>

/** What a cell becomes. */
type Recode = (text: string, place: CellPlace) => Awaitable<string>

/**
 * Passes everything on to another backend, values through a codec.
 *
 * Saves are encoded at the same time, and handed over in the order in which they were called as
 * far as they touch the same flow or book. Once `close` was called, those that were called before
 * it are still handed over, and nothing else is accepted.
 */
class CodedBackend implements Backend {
  readonly #inner: Backend
  readonly #codec: PayloadCodec
  readonly #refusesPlain: boolean
  /** The newest save of each flow and book that is not handed over, by uuid; never rejects. */
  readonly #tails = new Map<string, Promise<void>>()
  #closing: Promise<void> | undefined

  constructor(inner: Backend, codec: PayloadCodec, refusesPlain: boolean) {
    this.#inner = inner
    this.#codec = codec
    this.#refusesPlain = refusesPlain
  }

  get supports(): BackendSupports {
    return this.#inner.supports
  }

  get examine(): (() => Promise<Examination>) | undefined {
    return this.#inner.examine?.bind(this.#inner)
  }

  async open(): Promise<void> {
    await this.#demandOpen().open()
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#tails.values()).then(() => this.#inner.close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const inner = this.#demandOpen()
    const coded = recode(checkpoint, visitCheckpoint, this.#encode)
    const keys = keysOf(checkpoint)
    const before = keys.flatMap((key) => this.#tails.get(key) ?? [])
    if (before.length === 0 && !isPromise(coded)) return inner.save(coded)
    const turn = Promise.allSettled([coded, ...before]).then(([own]) => {
      if (own.status === 'rejected') throw own.reason
      return { saved: inner.save(own.value) }
    })
    this.#queue(keys, turn)
    await (await turn).saved
  }

  async loadBook(uuid: string): Promise<BookRecord> {
    return recode(await this.#demandOpen().loadBook(uuid), visitBook, this.#decode)
  }

  async listBooks(filter: BookFilter = {}): Promise<readonly BookRecord[]> {
    const inner = this.#demandOpen()
    return this.#page(filter, (page) => inner.listBooks({ ...filter, ...page }), visitBook)
  }

  async countBooks(filter?: BookFilter): Promise<number> {
    return this.#demandOpen().countBooks(filter)
  }

  async loadFlow(uuid: string): Promise<StoredFlow> {
    return recode(await this.#demandOpen().loadFlow(uuid), visitStored, this.#decode)
  }

  async listFlows(filter: FlowFilter = {}): Promise<readonly StoredFlowRecord[]> {
    const inner = this.#demandOpen()
    const ask = (page: Page): ReturnType<Backend['listFlows']> =>
      inner.listFlows({ ...filter, ...page })
    return this.#page(filter, ask, visitFlow<StoredFlowRecord>)
  }

  /** A page of what can be decoded; what cannot be is told of, and does not end the listing. */
  async #page<R extends { readonly uuid: string }>(
    options: PageOptions,
    ask: (page: Page) => Promise<readonly R[]>,
    visit: (record: R, visitCell: VisitCell) => R,
  ): Promise<readonly R[]> {
    const { onCorrupt } = options
    const { after: first, limit } = pageOf(options)
    const found: R[] = []
    for (let after = first; ; ) {
      const wanted = limit - found.length
      const page = await ask({ after, limit: wanted })
      const decoded = await Promise.allSettled(
        page.map(async (record) => recode(record, visit, this.#decode)),
      )
      for (const [i, one] of decoded.entries()) {
        if (one.status === 'fulfilled') found.push(one.value)
        else if (!(one.reason instanceof CorruptRecordError) || onCorrupt === undefined) {
          throw one.reason
        } else onCorrupt(one.reason, page[i]?.uuid ?? '')
      }
      const last = page.at(-1)
      if (last === undefined || page.length < wanted || found.length >= limit) return found
      after = last.uuid
    }
  }

  async countFlows(filter?: FlowFilter): Promise<number> {
    return this.#demandOpen().countFlows(filter)
  }

  async removeBook(uuid: string): Promise<void> {
    await this.#demandOpen().removeBook(uuid)
  }

  async removeBooks(uuids: readonly string[], filter?: BookFilter): Promise<number> {
    return this.#demandOpen().removeBooks(uuids, filter)
  }

  async removeFlow(uuid: string): Promise<void> {
    await this.#demandOpen().removeFlow(uuid)
  }

  /** Later saves of the same flow or book wait until this one is handed over or has failed. */
  #queue(keys: readonly string[], turn: Promise<unknown>): void {
    const done = (): void => {
      for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
    const tail = turn.then(done, done)
    for (const key of keys) this.#tails.set(key, tail)
  }

  readonly #encode: Recode = (text, place) =>
    call(
      () => this.#codec.encode(text, place),
      codedText,
      (reason, cause) =>
        new StorageError(`${nameOf(place)} cannot be encoded: ${reason}; nothing was written`, {
          cause,
        }),
    )

  readonly #decode: Recode = (text, place) => {
    const refuse = (reason: string, cause?: unknown): CorruptRecordError =>
      new CorruptRecordError(nameOf(place), reason, { cause })
    if (!isCoded(text)) {
      if (!this.#refusesPlain) return text
      return Promise.reject(refuse('it was stored without a codec'))
    }
    const stored = textInCode(text)
    if (stored === undefined) return Promise.reject(refuse('its coded form is damaged'))
    return call(
      () => this.#codec.decode(stored, place),
      (decoded) => decoded,
      (reason, cause) => refuse(`the codec refuses it: ${reason}`, cause),
    )
  }

  #demandOpen(): Backend {
    if (this.#closing !== undefined) {
      throw new StorageError('the backend is closed; make a new one')
    }
    return this.#inner
  }
}

/**
 * Makes a backend that stores values and metadata through a codec, for encryption above all, in
 * another backend. Names, states, versions and times stay as they are, so that runs can be found.
 * Closing it closes the other one.
 *
 * What was stored before without a codec can be read, so that it can be added to a database that
 * is in use. Without the codec, what was stored with it is refused with {@link CorruptRecordError}.
 *
 * @throws TypeError when the codec lacks a method; TypeError or RangeError for an invalid option.
 *
 * @example
 * const backend = withPayloadCodec(sqlite('volumes.db'), aes256gcm(keys))
 */
export function withPayloadCodec(
  backend: Backend,
  codec: PayloadCodec,
  options: PayloadCodecOptions = {},
): Backend {
  methods('a payload codec', ['encode', 'decode'])('codec', codec)
  const { plain = 'read' } = readOptions<PayloadCodecOptions>('withPayloadCodec()', options, {
    plain: oneOf('read', 'refuse'),
  })
  return new CodedBackend(backend, codec, plain === 'refuse')
}

/** What must not be overtaken: other saves of the flow, and of the books that it needs. */
function keysOf({ flowUuid, book, flow }: Checkpoint): readonly string[] {
  const uuids = [flowUuid, book?.uuid, flow?.uuid, flow?.bookUuid]
  return [...new Set(uuids.filter((uuid) => uuid !== undefined && uuid !== ''))] as string[]
}

/** Table, uuid and column, as in every {@link CorruptRecordError}. */
function nameOf({ table, uuid, column }: CellPlace): string {
  return `${table} ${uuid} ${column}`
}

/**
 * Puts each text of a record through the codec: at once where the codec is, else all of them at
 * the same time. The texts are visited twice in the same order: to take them, and to put them back.
 */
function recode<R>(
  record: R,
  visit: (record: R, visitCell: VisitCell) => R,
  change: Recode,
): Awaitable<R> {
  const changed: Awaitable<string | null>[] = []
  visit(record, (text, place) => {
    changed.push(text === null ? null : change(text, place))
    return text
  })
  const putBack = (texts: readonly (string | null)[]): R => {
    let next = 0
    return visit(record, () => texts[next++] as string | null)
  }
  const isLate = changed.some(isPromise)
  return isLate ? Promise.all(changed).then(putBack) : putBack(changed as (string | null)[])
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise
}

/** Calls the codec. Even what it throws at once is a rejection, so that none goes unheard. */
function call(
  ask: () => unknown,
  form: (text: string) => string,
  refuse: (reason: string, cause: unknown) => Error,
): Awaitable<string> {
  const take = (answer: unknown): string => {
    if (typeof answer === 'string') return form(answer)
    throw new TypeError(`it must give a string, but gave ${answer === null ? null : typeof answer}`)
  }
  const fail = (error: unknown): never => {
    throw refuse(inWords(error), error)
  }
  try {
    const answer = ask()
    const pending = awaitable(answer)
    return pending === undefined ? take(answer) : pending.then(take).catch(fail)
  } catch (error) {
    return Promise.reject(error).catch(fail)
  }
}
