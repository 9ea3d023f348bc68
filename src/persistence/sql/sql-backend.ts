/**
 * A backend over any SQL database: a session runs what the dialect's texts say.
 *
 * For drivers, which hand in both. Knows the tables, and no library.
 *
 * @module
 */
import type { Clock } from '../../base/clock.ts'
import type { SqlDialect } from '../../database/dialect.ts'
import { migrate } from '../../database/migrations.ts'
import {
  publicErrorOf,
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  StatementRefusedError,
  TooLargeError,
} from '../../database/session.ts'
import { BackendUnavailableError, NotFoundError, StorageError } from '../../errors.ts'
import type {
  Backend,
  BackendSupports,
  BookFilter,
  BookRecord,
  Checkpoint,
  FlowFilter,
  StoredFlow,
  StoredFlowRecord,
} from '../backend.ts'
import { BackendLife } from '../backend-life.ts'
import { CommitQueue, type CommitQueueOptions } from '../commit-queue.ts'
import type { Examination } from '../examination.ts'
import { staleWrite } from '../fencing.ts'
import { pageOf } from '../filters.ts'
import { checkCheckpoint, mayBeStored } from '../validation.ts'
import { examine } from './examination.ts'
import { readPage } from './readable.ts'
import { Repeats } from './repeats.ts'
import { atomFrom, bookFrom, flowFrom } from './rows.ts'
import { CORE } from './schema.ts'
import { Selects } from './selects.ts'
import type { CheckpointStatements } from './upserts.ts'

/** What a driver brings. */
export interface SqlDriver {
  /** Runs the statements. */
  readonly session: SqlSession
  /** The words of its database. */
  readonly dialect: SqlDialect
  /** Writes checkpoints. */
  readonly upserts: CheckpointStatements
  /** How many checkpoints share a transaction. */
  readonly commits: CommitQueueOptions
  /** What the database can do. */
  readonly supports: BackendSupports
  /** Tells when a record was made and changed. */
  readonly clock: Clock
}

/** How many identifiers one statement names: servers limit both its places and its length. */
const MAX_PLACES = 1_024

/** Keeps records in TaskFlow's tables. */
export class SqlBackend implements Backend {
  readonly supports: BackendSupports
  readonly #session: SqlSession
  readonly #dialect: SqlDialect
  readonly #clock: Clock
  readonly #upserts: CheckpointStatements
  readonly #commits: CommitQueue
  readonly #repeats = new Repeats()
  readonly #selects: Selects
  readonly #life: BackendLife

  constructor({ session, dialect, upserts, commits, supports, clock }: SqlDriver) {
    this.supports = supports
    this.#session = session
    this.#life = new BackendLife({
      open: () => this.#connect(),
      translate: publicErrorOf,
      close: () => session.close(),
    })
    this.#dialect = dialect
    this.#clock = clock
    this.#upserts = upserts
    this.#commits = new CommitQueue((checkpoints) => this.#write(checkpoints), commits)
    this.#selects = new Selects(dialect)
  }

  get maxTextBytes(): number | undefined {
    return this.#session.maxTextBytes
  }

  open(): Promise<void> {
    return this.#life.use(async () => {})
  }

  close(): Promise<void> {
    return this.#life.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  save(checkpoint: Checkpoint): Promise<void> {
    return this.#life.use(async () => {
      const { book, flow, atoms, fence } = checkpoint
      const isEmpty = book === undefined && flow === undefined && fence === undefined
      if (isEmpty && atoms.length === 0) return
      checkCheckpoint(checkpoint)
      try {
        await this.#commits.save(checkpoint)
      } catch (error) {
        throw error instanceof StatementRefusedError
          ? await this.#explain(error, checkpoint)
          : error
      }
    })
  }

  loadBook(uuid: string): Promise<BookRecord> {
    return this.#life.use(async () => {
      const questions = [this.#selects.book(uuid)]
      const [[row] = []] = mayBeStored(uuid) ? await this.#session.read(questions) : []
      if (row === undefined || row['uuid'] !== uuid) {
        throw new NotFoundError(`there is no book '${uuid}'`)
      }
      return bookFrom(row)
    })
  }

  listBooks(filter: BookFilter = {}): Promise<readonly BookRecord[]> {
    return this.#life.use(async () => {
      return readPage(pageOf(filter), {
        ask: (page) => this.#ask(this.#selects.books(page, filter)),
        read: bookFrom,
        onCorrupt: filter.onCorrupt,
      })
    })
  }

  countBooks(filter: BookFilter = {}): Promise<number> {
    return this.#life.use(async () => countIn(await this.#ask(this.#selects.bookCount(filter))))
  }

  loadFlow(uuid: string): Promise<StoredFlow> {
    return this.#life.use(async () => {
      const questions = [this.#selects.flow(uuid), this.#selects.atoms(uuid)]
      const answers = mayBeStored(uuid) ? await this.#session.read(questions) : []
      const [[row] = [], atoms = []] = answers
      if (row === undefined || row['uuid'] !== uuid) {
        throw new NotFoundError(`there is no flow detail '${uuid}'`)
      }
      return { flow: flowFrom(row), atoms: atoms.map(atomFrom) }
    })
  }

  listFlows(filter: FlowFilter = {}): Promise<readonly StoredFlowRecord[]> {
    return this.#life.use(async () => {
      const page = pageOf(filter)
      if (filter.states?.length === 0) return [] // `IN ()` is not SQL everywhere
      return readPage(page, {
        ask: (one) => this.#ask(this.#selects.flows(one, filter)),
        read: flowFrom,
        onCorrupt: filter.onCorrupt,
      })
    })
  }

  countFlows(filter: FlowFilter = {}): Promise<number> {
    return this.#life.use(async () => {
      if (filter.states?.length === 0) return 0
      return countIn(await this.#ask(this.#selects.flowCount(filter)))
    })
  }

  async removeBook(uuid: string): Promise<void> {
    const removed = await this.removeBooks([uuid])
    if (removed === 0) throw new NotFoundError(`there is no book '${uuid}'`)
  }

  removeBooks(uuids: readonly string[], filter: BookFilter = {}): Promise<number> {
    return this.#life.use(async () => {
      const known = [...new Set(uuids)].filter(mayBeStored)
      const removals: SqlStatement[] = []
      for (let start = 0; start < known.length; start += MAX_PLACES) {
        removals.push(this.#selects.removal(known.slice(start, start + MAX_PLACES), filter))
      }
      const counts = await this.#session.write(removals)
      return counts.reduce((sum, count) => sum + count, 0)
    })
  }

  removeFlow(uuid: string): Promise<void> {
    return this.#life.use(async () => {
      const sql = `DELETE FROM flowdetails WHERE uuid = ${this.#dialect.placeholder(1)}`
      const removal = { sql, values: [uuid], table: 'flowdetails' }
      const [count] = mayBeStored(uuid) ? await this.#session.write([removal]) : [0]
      if (count === 0) throw new NotFoundError(`there is no flow detail '${uuid}'`)
    })
  }

  /** Looks into the database as it is: connects, and makes no tables. */
  async examine(): Promise<Examination> {
    this.#life.refuseWhenClosing()
    await this.#session.open()
    try {
      return await examine(this.#session, this.#dialect)
    } catch (error) {
      throw publicErrorOf(error)
    }
  }

  async #write(checkpoints: readonly Checkpoint[]): Promise<void> {
    const statements = (): readonly SqlStatement[] =>
      this.#upserts.statements(checkpoints, this.#clock.now(), this.#repeats)
    // Saving the same values again changes nothing but `updated_at`, and a claim knows its owner.
    const repeat = (): readonly SqlStatement[] => {
      this.#repeats.raise(checkpoints)
      return statements()
    }
    const isDivisible = checkpoints.length > 1
    const maxBytes = this.#session.maxTextBytes
    try {
      await this.#session.write(statements(), { repeat, isDivisible })
    } catch (error) {
      if (error instanceof TooLargeError && isLess(this.#session.maxTextBytes, maxBytes)) {
        return this.#write(checkpoints)
      }
      if (!(error instanceof StatementRefusedError)) this.#repeats.raise(checkpoints)
      throw error
    }
    this.#repeats.written(checkpoints)
  }

  async #ask(question: SqlStatement): Promise<readonly SqlRow[]> {
    const [rows = []] = await this.#session.read([question])
    return rows
  }

  async #connect(): Promise<void> {
    await this.#session.open()
    try {
      await migrate(this.#session, this.#dialect, this.#clock.now(), CORE)
    } catch (error) {
      await this.#session.close()
      const shown = publicErrorOf(error)
      if (shown === error) throw error
      throw new BackendUnavailableError(
        `the tables of taskflow-ts cannot be used: ${(shown as Error).message}`,
        { cause: error },
      )
    }
  }

  /** Says of a refused checkpoint what that means. */
  async #explain(
    error: StatementRefusedError,
    { flowUuid, flow, fence }: Checkpoint,
  ): Promise<StorageError | NotFoundError> {
    const options = { cause: error }
    if (error.refusal === 'missing-parent' && flow !== undefined && error.table === 'flowdetails') {
      return new NotFoundError(
        `there is no book '${flow.bookUuid}' for flow detail '${flow.uuid}'; save the book with it`,
        options,
      )
    }
    const isOfFence = fence !== undefined && error.table === 'flowdetails'
    if (error.refusal === 'missing-parent' || isOfFence) {
      const [row] = await this.#ask(this.#selects.flow(flowUuid))
      if (isOfFence && row !== undefined) return staleWrite(flowUuid, flowFrom(row))
      return new NotFoundError(
        `there is no flow detail '${flowUuid}' for its atoms; save the flow detail with them`,
        options,
      )
    }
    return new StorageError(
      `an atom of flow detail '${flowUuid}' is stored with another flow detail; nothing was written`,
      options,
    )
  }
}

function countIn([row]: readonly SqlRow[]): number {
  return Number(row?.['count'])
}

/** The database takes less at once than it did: statements that were made for more are divided anew. */
function isLess(nowBytes: number | undefined, beforeBytes: number | undefined): boolean {
  return nowBytes !== undefined && beforeBytes !== undefined && nowBytes < beforeBytes
}
