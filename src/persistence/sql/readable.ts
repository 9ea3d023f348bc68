/**
 * A page of rows of which some cannot be read: the page is filled with those that can.
 *
 * For the SQL backend.
 *
 * @module
 */

import type { SqlRow } from '../../database/session.ts'
import { CorruptRecordError } from '../../errors.ts'
import type { PageOptions } from '../backend.ts'
import type { Page } from '../filters.ts'

/** What a page is made of. */
export interface Reading<R> {
  /** Asks for the rows of a page. */
  readonly ask: (page: Page) => Promise<readonly SqlRow[]>
  /** Reads one of them. */
  readonly read: (row: SqlRow) => R
  /** Hears of those that cannot be read; left out, the first one is thrown. */
  readonly onCorrupt: PageOptions['onCorrupt']
}

/** Reads a page; goes on behind it for as many as could not be read. */
export async function readPage<R>(
  page: Page,
  { ask, read, onCorrupt }: Reading<R>,
): Promise<readonly R[]> {
  const found: R[] = []
  let { after } = page
  for (;;) {
    const rows = await ask({ after, limit: page.limit })
    for (const row of rows) {
      if (found.length === page.limit) return found
      try {
        found.push(read(row))
      } catch (error) {
        if (!(error instanceof CorruptRecordError) || onCorrupt === undefined) throw error
        onCorrupt(error, String(row['uuid']))
      }
    }
    const last = rows.at(-1)?.['uuid']
    if (rows.length < page.limit || found.length === page.limit) return found
    if (typeof last !== 'string' || last === after) return found // no text: nothing is behind it
    after = last
  }
}
