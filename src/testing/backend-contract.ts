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
import { flowClauses } from './backend/flows.ts'
import { lifeClauses } from './backend/life.ts'
import { pagingClauses } from './backend/paging.ts'

export type { OpenBackend }

/** What the suite needs to know of a driver. */
export interface BackendContract {
  /** Name of the driver, for the report. */
  readonly name: string
  /**
   * Makes a backend over the place of that name: an empty one, when the name was not used before.
   * A driver that is not durable may give an empty one each time.
   */
  readonly open: OpenBackend
  /** Clauses that the driver cannot keep, by title, each with its reason. */
  readonly exempt?: Readonly<Record<string, string>>
}

/** Declares the clauses of {@link Backend} as tests of one driver. */
export function backendContract({ name, open, exempt = {} }: BackendContract): void {
  describe(`${name}: backend contract`, () => {
    const unknown = new Set(Object.keys(exempt))
    const clause: DeclareClause = (title, body, needs) => {
      unknown.delete(title)
      const reason = exempt[title]
      const shown = reason === undefined ? title : `${title} [exempt: ${reason}]`
      test.skipIf(reason !== undefined)(shown, async ({ skip }) => {
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
    pagingClauses(clause)
    lifeClauses(clause)

    test('exempts only what is a clause', () => {
      expect([...unknown]).toEqual([])
    })
  })
}
