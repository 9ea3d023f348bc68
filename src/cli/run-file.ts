/**
 * A run as a JSON file: what `taskflow export` writes and `taskflow import` reads.
 *
 * Values stand in it as readable JSON where that is the same text again, and as text else, so that
 * nothing is lost on the way.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { decode } from '../base/codec.ts'
import { inWords } from '../base/thrown.ts'
import type {
  AtomPayload,
  AtomRecord,
  BookRecord,
  Checkpoint,
  FlowRecord,
  StoredFlow,
} from '../persistence/backend.ts'
import { isCoded } from '../persistence/coded-text.ts'
import { readBook, readFlow } from '../persistence/records.ts'
import { RETRY_MOVES, TASK_MOVES } from '../states/atom.ts'
import { FLOW_MOVES, type FlowState } from '../states/flow.ts'
import { usageError } from './exits.ts'

const FORMAT = 'taskflow-ts run'
const VERSION = 1
/** What the tables have room for. */
const MAX_NAME = 255
/** More than a value of ours can have, and about what Python can read. */
const MAX_DEPTH = 1_000

/** A column of JSON: as it reads, or as the text that it is. */
type Column = { readonly json: unknown } | { readonly text: string } | null

type StoredAtom = StoredFlow['atoms'][number]

/** A checkpoint that stores a run as a whole. */
export interface RunCheckpoint extends Checkpoint {
  readonly book: BookRecord
  readonly flow: FlowRecord
  readonly atoms: readonly StoredAtom[]
}

/** A run as plain data. */
export function runFile(book: BookRecord, { flow, atoms }: StoredFlow, now: Date): object {
  const { bookUuid: _book, meta, ...flowFacts } = flow
  return {
    format: FORMAT,
    version: VERSION,
    exportedAt: now.toISOString(),
    book: { ...book, meta: column(book.meta) },
    flow: { ...flowFacts, meta: column(meta) },
    atoms: atoms.map(({ payload, meta: atomMeta, ...atom }) => ({
      ...atom,
      meta: column(atomMeta),
      results: column(payload.results),
      failure: column(payload.failure),
      revertResults: column(payload.revertResults),
      revertFailure: column(payload.revertFailure),
    })),
  }
}

function column(text: string | null): Column {
  if (text === null) return null
  try {
    const json: unknown = JSON.parse(text)
    return JSON.stringify(json) === text ? { json } : { text }
  } catch {
    return { text }
  }
}

/**
 * What stores the run of a file.
 *
 * @param isNew gives everything new uuids
 * @throws ExitError when it is no such file.
 */
export function checkpointOf(
  file: Readonly<Record<string, unknown>>,
  name: string,
  isNew: boolean,
): RunCheckpoint {
  const read = new Reader(name)
  const { format, version } = file
  if (format !== FORMAT) {
    throw usageError(`${name} is not what taskflow export writes (${FORMAT}, version ${VERSION})`)
  }
  if (version !== VERSION) {
    throw usageError(
      `${name} has version ${typeof version === 'number' ? version : '?'} of the format, and this release knows version ${VERSION}; update taskflow-ts`,
    )
  }
  const book = read.object(file['book'], 'book')
  const flow = read.object(file['flow'], 'flow')
  const atoms = file['atoms']
  if (!Array.isArray(atoms)) throw read.wrong('atoms')
  const bookUuid = isNew ? randomUUID() : read.text(book['uuid'], 'book.uuid')
  const flowUuid = isNew ? randomUUID() : read.text(flow['uuid'], 'flow.uuid')
  const checkpoint = {
    flowUuid,
    book: {
      uuid: bookUuid,
      name: read.text(book['name'], 'book.name'),
      meta: read.column(book['meta'], 'book.meta') ?? '{}',
      createdAt: read.moment(book['createdAt'], 'book.createdAt'),
      updatedAt: undefined,
    },
    flow: {
      uuid: flowUuid,
      bookUuid,
      name: read.text(flow['name'], 'flow.name'),
      state: read.oneOf(flow['state'], Object.keys(FLOW_MOVES), 'flow.state') as FlowState,
      meta: read.column(flow['meta'], 'flow.meta') ?? '{}',
    },
    atoms: atoms.map((atom: unknown, i) => read.atom(atom, `atoms[${i}]`, isNew)),
  }
  read.distinct(checkpoint.atoms)
  read.whole(checkpoint)
  return checkpoint
}

/** Reads the parts of a file, and says where one is wrong. */
class Reader {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  wrong(place: string, why = ''): Error {
    const because = why === '' ? '' : `: ${why}`
    return usageError(
      `${this.#name} is not what taskflow export writes: ${place} is wrong${because}`,
    )
  }

  object(value: unknown, place: string): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong(place)
    return value as Readonly<Record<string, unknown>>
  }

  text(value: unknown, place: string): string {
    if (typeof value !== 'string' || value === '') throw this.wrong(place)
    if (value.length > MAX_NAME || value.includes('\0') || !value.isWellFormed()) {
      throw this.wrong(place, `it must be well-formed text of at most ${MAX_NAME} characters`)
    }
    return value
  }

  moment(value: unknown, place: string): Date {
    const moment = new Date(this.text(value, place))
    const year = moment.getUTCFullYear()
    if (!(year >= 1 && year <= 9999)) throw this.wrong(place)
    return moment
  }

  oneOf(value: unknown, known: readonly string[], place: string): string {
    const text = this.text(value, place)
    if (!known.includes(text)) throw this.wrong(place)
    return text
  }

  column(value: unknown, place: string): string | null {
    if (value === null || value === undefined) return null
    const found = this.object(value, place)
    if (typeof found['text'] !== 'string') {
      if (!Object.hasOwn(found, 'json')) throw this.wrong(place)
      this.#checkJson(found['json'], place)
      return this.#readable(JSON.stringify(found['json']), place)
    }
    this.#checkJson(this.#parsed(found['text'], JSON.parse, place), place)
    return this.#readable(found['text'], place)
  }

  /** Of two records of one uuid or name, the second would overwrite the first. */
  distinct(atoms: readonly AtomRecord[]): void {
    for (const key of ['uuid', 'name'] as const) {
      const seen = new Set<string>()
      for (const [i, atom] of atoms.entries()) {
        if (seen.has(atom[key]))
          throw this.wrong(`atoms[${i}].${key}`, 'an atom before has it, too')
        seen.add(atom[key])
      }
    }
  }

  /** Reads all of it as the one will who loads the run, so that what is stored can be loaded. */
  whole({ book, flow, atoms }: RunCheckpoint): void {
    const texts = atoms.flatMap(({ meta, payload }) => [meta, ...Object.values(payload)])
    if ([book.meta, flow.meta, ...texts].some((text) => text !== null && isCoded(text))) return
    const unknown = { owner: undefined, epoch: 0, leaseUntil: undefined }
    const moments = { createdAt: undefined, updatedAt: undefined }
    try {
      readBook(book)
      readFlow({ flow: { ...flow, ...unknown, ...moments }, atoms })
    } catch (error) {
      throw usageError(`${this.#name} is not what taskflow export writes: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  /** What went through a payload codec can be read with it only. */
  #readable(text: string, place: string): string {
    if (!isCoded(text)) this.#parsed(text, decode, place)
    return text
  }

  #parsed(text: string, read: (text: string) => unknown, place: string): unknown {
    try {
      return read(text)
    } catch (error) {
      throw this.wrong(place, messageOf(error))
    }
  }

  /** Without recursion, since what is too deep would use up the stack of whoever reads it later. */
  #checkJson(value: unknown, place: string): void {
    let level: readonly unknown[] = [value]
    for (let depth = 0; level.length > 0; depth += 1) {
      if (depth > MAX_DEPTH) throw this.wrong(place, `it is over ${MAX_DEPTH} levels deep`)
      const below: unknown[] = []
      for (const one of level) {
        if (typeof one === 'number' && !Number.isFinite(one)) {
          throw this.wrong(place, 'a number in it is too large')
        }
        if (typeof one !== 'object' || one === null) continue
        for (const part of Object.values(one)) below.push(part)
      }
      level = below
    }
  }

  atom(value: unknown, place: string, isNew: boolean): StoredAtom {
    const atom = this.object(value, place)
    const { version = null } = atom
    const kind = this.oneOf(atom['kind'], ['task', 'retry'], `${place}.kind`) as AtomRecord['kind']
    const payload: AtomPayload = {
      results: this.column(atom['results'], `${place}.results`),
      failure: this.column(atom['failure'], `${place}.failure`),
      revertResults: this.column(atom['revertResults'], `${place}.revertResults`),
      revertFailure: this.column(atom['revertFailure'], `${place}.revertFailure`),
    }
    const intentions = ['EXECUTE', 'IGNORE', 'REVERT', 'RETRY']
    return {
      uuid: isNew ? randomUUID() : this.text(atom['uuid'], `${place}.uuid`),
      name: this.text(atom['name'], `${place}.name`),
      kind,
      state: this.oneOf(
        atom['state'],
        Object.keys(kind === 'retry' ? RETRY_MOVES : TASK_MOVES),
        `${place}.state`,
      ) as AtomRecord['state'],
      intention: this.oneOf(
        atom['intention'],
        intentions,
        `${place}.intention`,
      ) as AtomRecord['intention'],
      version: version === null ? undefined : this.text(version, `${place}.version`),
      meta: this.column(atom['meta'], `${place}.meta`) ?? '{}',
      payload,
    }
  }
}

function messageOf(error: unknown): string {
  return inWords(error)
}
