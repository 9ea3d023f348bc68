/**
 * How much may be used, how much is, and how much is promised to volumes that are being made.
 *
 * Every change is one transaction and is made at most once per volume, however often it is asked
 * for: the reservation of a volume remembers how far it has come.
 *
 * @module
 */
import type { Database } from './database.ts'

/** The limits of a new database. */
export const DEFAULT_LIMITS = { volumes: 1_000, mib: 10_240 } as const

/** What is limited. */
export type Resource = keyof typeof DEFAULT_LIMITS

/** The account of one resource. */
export interface Usage {
  /** What is limited. */
  readonly resource: Resource
  /** How much there may be. */
  readonly limit: number
  /** How much belongs to volumes. */
  readonly inUse: number
  /** How much is promised to volumes that are being made. */
  readonly reserved: number
}

/** There is not enough left for the volume. */
export class QuotaExceededError extends Error {
  override readonly name = 'QuotaExceededError'
  readonly code = 'QUOTA_EXCEEDED'

  constructor({ resource, limit, inUse, reserved }: Usage, amount: number) {
    super(
      `the quota of ${resource} is exhausted: ${amount} asked for, ${inUse} in use and ${reserved} reserved of ${limit}; remove volumes, or raise it with --quota-mib`,
    )
  }
}

/** The quota of one database. */
export class Quota {
  readonly #db: Database

  /** Gives a new database its limits. */
  constructor(db: Database) {
    this.#db = db
    for (const [resource, limit] of Object.entries(DEFAULT_LIMITS)) {
      db.change(
        'INSERT INTO quotas (resource, hard_limit) VALUES (?, ?) ON CONFLICT DO NOTHING',
        resource,
        limit,
      )
    }
  }

  /** Changes a limit for good; what is in use stays, though it may be more. */
  limit(resource: Resource, amount: number): void {
    this.#db.change('UPDATE quotas SET hard_limit = ? WHERE resource = ?', amount, resource)
  }

  /** The account of each resource. */
  usage(): readonly Usage[] {
    return this.#db
      .all('SELECT * FROM quotas ORDER BY resource DESC')
      .map(({ resource, hard_limit, in_use, reserved }) => ({
        resource: resource as Resource,
        limit: Number(hard_limit),
        inUse: Number(in_use),
        reserved: Number(reserved),
      }))
  }

  /**
   * Promises room to a volume; nothing happens when it has it.
   *
   * @throws {@link QuotaExceededError} when there is not enough left.
   */
  reserve(volumeId: string, sizeMib: number): void {
    this.#db.transaction(() => {
      const added = this.#db.change(
        "INSERT INTO reservations VALUES (?, ?, 'reserved') ON CONFLICT DO NOTHING",
        volumeId,
        sizeMib,
      )
      if (added === 0) return
      for (const usage of this.usage()) {
        const amount = usage.resource === 'volumes' ? 1 : sizeMib
        if (usage.inUse + usage.reserved + amount > usage.limit) {
          throw new QuotaExceededError(usage, amount)
        }
      }
      this.#book('reserved = reserved + ?', sizeMib)
    })
  }

  /** Takes the promise back; nothing happens when there is none. */
  release(volumeId: string): void {
    this.#db.transaction(() => {
      const sizeMib = this.#sizeOf(volumeId, 'reserved')
      if (sizeMib === undefined) return
      this.#db.change('DELETE FROM reservations WHERE volume_id = ?', volumeId)
      this.#book('reserved = reserved - ?', sizeMib)
    })
  }

  /**
   * Turns the promise into use; nothing happens when that is done.
   *
   * @throws Error when the volume has no reservation.
   */
  commit(volumeId: string): void {
    this.#db.transaction(() => {
      const sizeMib = this.#sizeOf(volumeId, 'reserved')
      if (sizeMib !== undefined) {
        this.#move(volumeId, 'committed')
        this.#book('reserved = reserved - ?1, in_use = in_use + ?1', sizeMib)
      } else if (this.#sizeOf(volumeId, 'committed') === undefined) {
        throw new Error(`volume ${volumeId} has no reservation to commit`)
      }
    })
  }

  /** Turns use back into a promise; nothing happens when it was not committed. */
  giveBack(volumeId: string): void {
    this.#db.transaction(() => {
      const sizeMib = this.#sizeOf(volumeId, 'committed')
      if (sizeMib === undefined) return
      this.#move(volumeId, 'reserved')
      this.#book('reserved = reserved + ?1, in_use = in_use - ?1', sizeMib)
    })
  }

  #sizeOf(volumeId: string, state: 'reserved' | 'committed'): number | undefined {
    const [row] = this.#db.all(
      'SELECT size_mib FROM reservations WHERE volume_id = ? AND state = ?',
      volumeId,
      state,
    )
    return row === undefined ? undefined : Number(row['size_mib'])
  }

  #move(volumeId: string, state: 'reserved' | 'committed'): void {
    this.#db.change('UPDATE reservations SET state = ? WHERE volume_id = ?', state, volumeId)
  }

  #book(change: string, sizeMib: number): void {
    this.#db.change(`UPDATE quotas SET ${change} WHERE resource = 'mib'`, sizeMib)
    this.#db.change(`UPDATE quotas SET ${change} WHERE resource = 'volumes'`, 1)
  }
}
