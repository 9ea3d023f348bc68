/**
 * Where in the records the texts of values stand, and how one gets at all of them.
 *
 * For what treats these texts without knowing what they mean. A column of values that is added to
 * the records must be added here, or the compiler refuses.
 *
 * @module
 */
import type {
  AtomPayload,
  AtomRecord,
  BookRecord,
  Checkpoint,
  FlowRecord,
  StoredFlow,
} from './backend.ts'

/** A place in the database where the text of a value stands. */
export interface CellPlace {
  /** Name of the table. */
  readonly table: 'logbooks' | 'flowdetails' | 'atomdetails'
  /** Identifies the record. */
  readonly uuid: string
  /** The flow that the record belongs to; undefined for a book. */
  readonly flowUuid: string | undefined
  /** Name of the column. */
  readonly column: 'meta' | 'results' | 'failure' | 'revert_results' | 'revert_failure'
}

/** Looks at one text, null where there is no value, and says what shall stand in its place. */
export type VisitCell = (text: string | null, place: CellPlace) => string | null

const PAYLOAD_COLUMNS: Readonly<Record<keyof AtomPayload, CellPlace['column']>> = {
  results: 'results',
  failure: 'failure',
  revertResults: 'revert_results',
  revertFailure: 'revert_failure',
}

/** The texts of a book. */
export function visitBook(book: BookRecord, visit: VisitCell): BookRecord {
  const { uuid } = book
  const place = { table: 'logbooks', uuid, flowUuid: undefined, column: 'meta' } as const
  return { ...book, meta: visit(book.meta, place) ?? book.meta }
}

/** The texts of a flow detail. */
export function visitFlow<F extends FlowRecord>(flow: F, visit: VisitCell): F {
  const { uuid } = flow
  const place = { table: 'flowdetails', uuid, flowUuid: uuid, column: 'meta' } as const
  return { ...flow, meta: visit(flow.meta, place) ?? flow.meta }
}

/** The texts of a flow detail and its atoms. */
export function visitStored(stored: StoredFlow, visit: VisitCell): StoredFlow {
  const flow = visitFlow(stored.flow, visit)
  const atoms = stored.atoms.map((atom) => {
    const { meta } = visitMeta(atom, flow.uuid, visit)
    return { ...atom, meta, payload: visitPayload(atom.payload, atom.uuid, flow.uuid, visit) }
  })
  return { ...stored, flow, atoms }
}

/** The texts of everything that is saved at once. */
export function visitCheckpoint(checkpoint: Checkpoint, visit: VisitCell): Checkpoint {
  const { flowUuid, book, flow, atoms } = checkpoint
  return {
    ...checkpoint,
    book: book === undefined ? undefined : visitBook(book, visit),
    flow: flow === undefined ? undefined : visitFlow(flow, visit),
    atoms: atoms.map((atom) => {
      const { uuid, payload } = atom
      return {
        ...visitMeta(atom, flowUuid, visit),
        payload: payload && visitPayload(payload, uuid, flowUuid, visit),
      }
    }),
  }
}

function visitMeta(atom: AtomRecord, flowUuid: string, visit: VisitCell): AtomRecord {
  const { uuid, meta } = atom
  const place = { table: 'atomdetails', uuid, flowUuid, column: 'meta' } as const
  return { ...atom, meta: visit(meta, place) ?? meta }
}

function visitPayload(
  payload: AtomPayload,
  uuid: string,
  flowUuid: string,
  visit: VisitCell,
): AtomPayload {
  const changed: Record<string, string | null> = {}
  for (const [key, column] of Object.entries(PAYLOAD_COLUMNS)) {
    const text = payload[key as keyof AtomPayload]
    changed[key] = visit(text, { table: 'atomdetails', uuid, flowUuid, column })
  }
  return { ...payload, ...changed }
}
