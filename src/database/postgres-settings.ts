/**
 * What a PostgreSQL database and a session must be set to, so that all text comes back.
 *
 * For the PostgreSQL session, which looks once, when it opens.
 *
 * @module
 */
import { BackendUnavailableError } from '../errors.ts'
import type { PostgresAnswer } from './postgres-pool.ts'

/** Answers with the encodings, in one row. */
export const ENCODINGS =
  "SELECT current_setting('server_encoding') AS server, current_setting('client_encoding') AS client"

/** These keep every character; SQL_ASCII keeps the bytes as they come. */
const WHOLE: ReadonlySet<unknown> = new Set(['UTF8', 'SQL_ASCII'])

/** @throws {@link BackendUnavailableError} when the answer names an encoding that loses text. */
export function checkEncodings({ rows }: PostgresAnswer): void {
  const { server, client } = (rows[0] ?? {}) as { readonly server?: unknown; client?: unknown }
  if (!WHOLE.has(server)) {
    throw new BackendUnavailableError(
      `the PostgreSQL database has the encoding ${String(server)}, which cannot keep all text; make one WITH ENCODING 'UTF8'`,
    )
  }
  if (client !== 'UTF8') {
    throw new BackendUnavailableError(
      `the connections to PostgreSQL have the client_encoding ${String(client)}, which cannot carry all text; set it to UTF8`,
    )
  }
}
