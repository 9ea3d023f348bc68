/**
 * What a MySQL or MariaDB session must be set to, so that what is saved is neither lost nor changed.
 *
 * For the MySQL session, which looks at each connection once.
 *
 * @module
 */
import { BackendUnavailableError } from '../errors.ts'
import { isConnectionLost } from './mysql-faults.ts'
import { ask, type MysqlLine, send } from './mysql-line.ts'

const SETTINGS =
  'SELECT @@sql_mode AS mode, @@autocommit AS autocommit, @@character_set_client AS client, @@character_set_results AS results, @@max_allowed_packet AS packet'

/**
 * Looks at what the session is set to.
 *
 * @returns how many bytes the server takes at once
 * @throws {@link BackendUnavailableError} when what is saved could be lost or changed.
 */
export async function checkSettings(connection: MysqlLine): Promise<number> {
  const [row] = await ask(connection, SETTINGS)
  const charsets = [row?.['client'], row?.['results']].map(String)
  const other = charsets.find((charset) => charset !== 'utf8mb4')
  if (other !== undefined) {
    throw new BackendUnavailableError(
      `the connections of the pool handed in have the character set '${other}', which cannot carry all text; make the pool with charset: 'utf8mb4'`,
    )
  }
  const modes = String(row?.['mode']).split(',')
  const isStrict = modes.includes('STRICT_ALL_TABLES') || modes.includes('STRICT_TRANS_TABLES')
  if (!isStrict || modes.includes('NO_BACKSLASH_ESCAPES')) {
    throw new BackendUnavailableError(
      `the connections of the pool handed in have the sql_mode '${modes}'; let it have STRICT_TRANS_TABLES, and not NO_BACKSLASH_ESCAPES`,
    )
  }
  if (Number(row?.['autocommit']) !== 1) {
    throw new BackendUnavailableError(
      'the connections of the pool handed in do not commit by themselves; set autocommit to 1',
    )
  }
  return Number(row?.['packet'] ?? Number.POSITIVE_INFINITY)
}

/** Whether several statements may be sent at once. */
export async function takesMany(connection: MysqlLine): Promise<boolean> {
  try {
    await send(connection, 'DO 0; DO 0')
    return true
  } catch (error) {
    if (isConnectionLost(error)) throw error
    return false
  }
}
