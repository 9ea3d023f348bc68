/**
 * A backend over any SQL database: a session runs what the dialect's texts say.
 *
 * For drivers, which hand in both. Knows the tables, and no library.
 *
 * @module
 */
import type { Clock } from '../../base/clock.ts'
import { NotFoundError, StorageError } from '../../errors.ts'
import type {
  Backend,
  BackendSupports,
  BookRecord,
  Checkpoint,
  FlowFilter,
  FlowRecord,
  PageOptions,
  StoredFlow,
} from '../backend.ts'
import { pageOf } from '../page.ts'
import type { SqlDialect } from './dialect.ts'
import { atomFrom, bookFrom, flowFrom } from './rows.ts'
import { migrate } from './schema.ts'
import { Selects } from './selects.ts'
import { type SqlSession, StatementRefusedError } from './session.ts'
import { type CheckpointStatements, Upserts } from './upserts.ts'

/** What a driver brings. */
export interface SqlDriver {
  /** Runs the statements. */
  readonly session: SqlSession
  /** The words of its database. */
  readonly dialect: SqlDialect
  /**
   * Writes checkpoints.
   *
   * @defaultValue several statements with several rows each
   */
  readonly upserts?: CheckpointStatements
  /** What the database can do. */
  readonly supports: BackendSupports
  /** Tells when a record was made and changed. */
  readonly clock: Clock
}

/**
 * Keeps records in TaskFlow's tables.
 *
 * - new: nothing is connected; the first use, whichever it is, opens it;
 * - opening: uses wait; when it fails they reject, it is new again, and the next use tries again;
 * - open: until it is closed;
 * - closed: for good, from the call of `close` on. What was under way then is still finished.
 */
export class SqlBackend implements Backend {
  readonly supports: BackendSupports
  readonly #session: SqlSession
  readonly #dialect: SqlDialect
  readonly #clock: Clock
  readonly #upserts: CheckpointStatements
  readonly #selects: Selects
  #isOpen = false
  #opening: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #underWayCount = 0
  #whenIdle: (() => void) | undefined

  constructor({ session, dialect, upserts, supports, clock }: SqlDriver) {
    this.supports = supports
    this.#session = session
    this.#dialect = dialect
    this.#clock = clock
    this.#upserts = upserts ?? new Upserts(dialect)
    this.#selects = new Selects(dialect)
  }

  open(): Promise<void> {
    return this.#use(async () => {})
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const statements = this.#upserts.statements(checkpoint, this.#clock.now())
    await this.#use(async () => {
      if (statements.length === 0) return
      try {
        // Saving the same values again changes nothing but `updated_at`.
        await this.#session.write(statements, true)
      } catch (error) {
        throw error instanceof StatementRefusedError ? explain(error, checkpoint) : error
      }
    })
  }

  loadBook(uuid: string): Promise<BookRecord> {
    return this.#use(async () => {
      const [[row] = []] = await this.#session.read([this.#selects.book(uuid)])
      if (row === undefined) throw new NotFoundError(`there is no book '${uuid}'`)
      return bookFrom(row)
    })
  }

  listBooks(page: PageOptions = {}): Promise<readonly BookRecord[]> {
    return this.#use(async () => {
      const [rows = []] = await this.#session.read([this.#selects.books(pageOf(page))])
      return rows.map(bookFrom)
    })
  }

  loadFlow(uuid: string): Promise<StoredFlow> {
    return this.#use(async () => {
      const [[row] = [], atoms = []] = await this.#session.read([
        this.#selects.flow(uuid),
        this.#selects.atoms(uuid),
      ])
      if (row === undefined) throw new NotFoundError(`there is no flow detail '${uuid}'`)
      return { flow: flowFrom(row), atoms: atoms.map(atomFrom) }
    })
  }

  listFlows(filter: FlowFilter = {}): Promise<readonly FlowRecord[]> {
    return this.#use(async () => {
      const page = pageOf(filter)
      if (filter.states?.length === 0) return [] // `IN ()` is not SQL everywhere
      const [rows = []] = await this.#session.read([this.#selects.flows(page, filter)])
      return rows.map(flowFrom)
    })
  }

  removeBook(uuid: string): Promise<void> {
    return this.#use(async () => {
      const sql = `DELETE FROM logbooks WHERE uuid = ${this.#dialect.placeholder(1)}`
      try {
        await this.#session.write([{ sql, values: [uuid], table: 'logbooks', mustChange: 1 }])
      } catch (error) {
        if (error instanceof StatementRefusedError && error.refusal === 'row-count') {
          throw new NotFoundError(`there is no book '${uuid}'`)
        }
        throw error
      }
    })
  }

  async #use<R>(work: () => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) {
      throw new StorageError('the backend is closed; make a new one')
    }
    this.#underWayCount += 1
    try {
      if (!this.#isOpen) await this.#start()
      return await work()
    } finally {
      this.#underWayCount -= 1
      if (this.#underWayCount === 0) this.#whenIdle?.()
    }
  }

  #start(): Promise<void> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #connect(): Promise<void> {
    await this.#session.open()
    try {
      await migrate(this.#session, this.#dialect, this.#clock.now())
    } catch (error) {
      await this.#session.close()
      throw error
    }
    this.#isOpen = true
  }

  async #shut(): Promise<void> {
    if (this.#underWayCount > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    await this.#session.close()
  }
}

/** Says of a refused statement of a checkpoint what it means. */
function explain(
  error: StatementRefusedError,
  { flowUuid, flow }: Checkpoint,
): StorageError | NotFoundError {
  if (error.refusal !== 'missing-parent') {
    return new StorageError(
      `an atom of flow detail '${flowUuid}' is stored with another flow detail; nothing was written`,
      { cause: error },
    )
  }
  return flow !== undefined && error.table === 'flowdetails'
    ? new NotFoundError(
        `there is no book '${flow.bookUuid}' for flow detail '${flow.uuid}'; save the book with it`,
        { cause: error },
      )
    : new NotFoundError(
        `there is no flow detail '${flowUuid}' for its atoms; save the flow detail with them`,
        { cause: error },
      )
}
