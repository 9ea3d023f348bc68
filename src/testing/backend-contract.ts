/**
 * The clauses of {@link Backend}, as tests that any driver can run.
 *
 * For authors of drivers. Needs Vitest, and must not know any driver.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../persistence/backend.ts'
import { atomicityClauses } from './backend/atomicity.ts'
import { atomClauses } from './backend/atoms.ts'
import { bookClauses } from './backend/books.ts'
import type { DeclareClause, OpenBackend } from './backend/clause.ts'
import { corruptionClauses, type Damage, type DamageRecord } from './backend/corruption.ts'
import { fencedStepClauses } from './backend/fenced-steps.ts'
import { fencingClauses } from './backend/fencing.ts'
import { flowClauses } from './backend/flows.ts'
import { lifeClauses } from './backend/life.ts'
import { nameClauses } from './backend/names.ts'
import { pagingClauses } from './backend/paging.ts'
import { retentionClauses } from './backend/retention.ts'

export type { Damage, DamageRecord, OpenBackend }

/** What the suite needs to know of a driver. */
export interface BackendContract {
  /** Name of the driver, for the report. */
  readonly name: string
  /**
   * Makes a backend over the place of that name: an empty one, when the name was not used before.
   * A driver that is not durable may give an empty one each time.
   */
  readonly open: OpenBackend
  /**
   * Damages a stored record past the backend, as another program or a broken disk may do. Left
   * out, the clauses about damaged records are not declared.
   */
  readonly damage?: DamageRecord
  /** Clauses that the driver cannot keep, by title, each with its reason. */
  readonly exempt?: Readonly<Record<string, string>>
}

/** Some clauses write thousands of records, which takes a driver of files its time. */
const TIMEOUT_MS = 120_000

/** Declares the clauses of {@link Backend} as tests of one driver. */
export function backendContract({ name, open, damage, exempt = {} }: BackendContract): void {
  describe(`${name}: backend contract`, () => {
    const unknown = new Set(Object.keys(exempt))
    const clause: DeclareClause = (title, body, needs) => {
      unknown.delete(title)
      const reason = exempt[title]
      const shown = reason === undefined ? title : `${title} [exempt: ${reason}]`
      test.skipIf(reason !== undefined)(shown, { timeout: TIMEOUT_MS }, async ({ skip }) => {
        const place = randomUUID()
        await using backend: Backend = await open(place)
        if (needs !== undefined) skip(!backend.supports[needs], `supports.${needs} is false`)
        await body({ backend, place, open })
      })
    }

    bookClauses(clause)
    flowClauses(clause)
    atomClauses(clause)
    atomicityClauses(clause)
    fencingClauses(clause)
    fencedStepClauses(clause)
    nameClauses(clause)
    pagingClauses(clause)
    retentionClauses(clause)
    lifeClauses(clause)
    if (damage !== undefined) corruptionClauses(clause, damage)

    test('exempts only what is a clause', () => {
      expect([...unknown]).toEqual([])
    })
  })
}
