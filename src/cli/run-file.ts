/**
 * A run as a JSON file: what `taskflow export` writes and `taskflow import` reads.
 *
 * Values stand in it as readable JSON where that is the same text again, and as text else, so that
 * nothing is lost on the way.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type {
  AtomPayload,
  AtomRecord,
  BookRecord,
  Checkpoint,
  StoredFlow,
} from '../persistence/backend.ts'
import { RETRY_MOVES } from '../states/atom.ts'
import { FLOW_MOVES, type FlowState } from '../states/flow.ts'
import { usageError } from './exits.ts'

const FORMAT = 'taskflow-ts run'
const VERSION = 1

/** A column of JSON: as it reads, or as the text that it is. */
type Column = { readonly json: unknown } | { readonly text: string } | null

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
): Checkpoint {
  const read = new Reader(name)
  if (file['format'] !== FORMAT || file['version'] !== VERSION) {
    throw usageError(`${name} is not what taskflow export writes (${FORMAT}, version ${VERSION})`)
  }
  const book = read.object(file['book'], 'book')
  const flow = read.object(file['flow'], 'flow')
  const atoms = file['atoms']
  if (!Array.isArray(atoms)) throw read.wrong('atoms')
  const bookUuid = isNew ? randomUUID() : read.text(book['uuid'], 'book.uuid')
  const flowUuid = isNew ? randomUUID() : read.text(flow['uuid'], 'flow.uuid')
  return {
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
}

/** Reads the parts of a file, and says where one is wrong. */
class Reader {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  wrong(place: string): Error {
    return usageError(`${this.#name} is not what taskflow export writes: ${place} is wrong`)
  }

  object(value: unknown, place: string): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong(place)
    return value as Readonly<Record<string, unknown>>
  }

  text(value: unknown, place: string): string {
    if (typeof value !== 'string' || value === '') throw this.wrong(place)
    return value
  }

  moment(value: unknown, place: string): Date {
    const moment = new Date(this.text(value, place))
    if (Number.isNaN(moment.getTime())) throw this.wrong(place)
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
    if (typeof found['text'] === 'string') return found['text']
    if (!Object.hasOwn(found, 'json')) throw this.wrong(place)
    return JSON.stringify(found['json'])
  }

  atom(value: unknown, place: string, isNew: boolean): AtomRecord {
    const atom = this.object(value, place)
    const { version } = atom
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
      kind: this.oneOf(atom['kind'], ['task', 'retry'], `${place}.kind`) as AtomRecord['kind'],
      state: this.oneOf(
        atom['state'],
        Object.keys(RETRY_MOVES),
        `${place}.state`,
      ) as AtomRecord['state'],
      intention: this.oneOf(
        atom['intention'],
        intentions,
        `${place}.intention`,
      ) as AtomRecord['intention'],
      version: typeof version === 'string' ? version : undefined,
      meta: this.column(atom['meta'], `${place}.meta`) ?? '{}',
      payload,
    }
  }
}
