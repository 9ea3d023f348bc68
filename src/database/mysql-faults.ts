/**
 * What the errors of MySQL and MariaDB and of their connections mean, and what to do about them.
 *
 * For the MySQL driver. Goes by the servers' error numbers, never by the words of a message. An
 * error with an SQLSTATE came from the server in place of an answer; what it was about is rolled
 * back.
 *
 * @module
 */
import { firstInside, isError } from '../base/realms.ts'
import { BackendUnavailableError, StorageError } from '../errors.ts'
import { SILENCE_ADVICE, SilenceError } from './limits.ts'
import {
  NotPermittedError,
  type Refusal,
  StatementRefusedError,
  TransientError,
} from './session.ts'

/** Constraints. */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  1048: 'row-count', // BAD_NULL: an upsert whose rows disagree sets its key to NULL
  1062: 'duplicate-key', // DUP_ENTRY
  1452: 'missing-parent', // NO_REFERENCED_ROW_2
}

/** What passes, while the connection stays good. */
const PASSING: ReadonlySet<number> = new Set([
  1020, // CHECKREAD: MariaDB, when another writer was faster
  1205, // LOCK_WAIT_TIMEOUT
  1213, // LOCK_DEADLOCK
])

/** What this user may not do, or nobody may here. */
const FORBIDDEN: ReadonlySet<number> = new Set([
  1044, // DBACCESS_DENIED
  1142, // TABLEACCESS_DENIED
  1143, // COLUMNACCESS_DENIED
  1227, // SPECIFIC_ACCESS_DENIED
  1290, // OPTION_PREVENTS_STATEMENT
  1792, // CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // READ_ONLY_MODE
])

/** The server goes down, comes up, or has no room for one more connection. */
const AWAY: ReadonlySet<number> = new Set([
  1040, // CON_COUNT
  1047, // UNKNOWN_COM, which a Galera node says that is not ready
  1053, // SERVER_SHUTDOWN
  1927, // CONNECTION_KILLED
  3169, // SESSION_WAS_KILLED
  4031, // CLIENT_INTERACTION_TIMEOUT
])

const ADVICE: Readonly<Record<string, string>> = {
  1021: 'the disk of the server is full; make room',
  1044: 'let the user of the URL use that database',
  1045: 'check the user and the password in the URL',
  1049: 'make the database first, or check its name in the URL',
  1114: 'the disk of the server is full; make room',
  1142: 'let the user of the URL read and write the tables',
  1153: 'a checkpoint is larger than max_allowed_packet; raise it',
  1205: 'another session holds a lock; end it (SHOW PROCESSLIST tells which), or raise lockTimeoutMs',
  1290: 'the server is read-only; connect to the primary server',
  1698: 'check the user and the password in the URL',
  ECONNREFUSED: 'nothing listens at that address; start the server, or check the URL',
  ENOTFOUND: 'the host is not known; check the URL',
}

/** The error of a server that could not be reached, or used, at the start. */
export function unavailable(error: unknown): BackendUnavailableError | TransientError {
  const number = serverNumber(error)
  const text = `MySQL cannot be opened: ${message(error)}`
  if (number === undefined || !AWAY.has(number))
    return new BackendUnavailableError(text, { cause: error })
  // It is there, and starts or has no connection free: what it says itself passes.
  return new TransientError(text, { isNothingWritten: true, isUnreachable: true }, { cause: error })
}

/** The error of a connection that could not be had: nothing was sent. */
export function unreached(error: unknown): StorageError {
  const number = serverNumber(error)
  return number === undefined || AWAY.has(number)
    ? new TransientError(
        `MySQL cannot be reached: ${message(error)}`,
        { isNothingWritten: true, isUnreachable: true },
        { cause: error },
      )
    : unavailable(error)
}

/** The error of a batch that failed; `table` is what it was to write. */
export function failed(error: unknown, table: string): StorageError {
  if (error instanceof StorageError) return error
  const number = serverNumber(error)
  const refusal = number === undefined ? undefined : REFUSALS[number]
  if (refusal !== undefined) return new StatementRefusedError(refusal, table, { cause: error })
  const isLost = isConnectionLost(error)
  const text = `MySQL failed: ${message(error)}`
  if (number !== undefined && FORBIDDEN.has(number)) {
    return new NotPermittedError(text, { cause: error })
  }
  if (!isLost && !(number !== undefined && PASSING.has(number))) {
    return new StorageError(text, { cause: error })
  }
  const facts = { isNothingWritten: number !== undefined, isUnreachable: isLost, isOfRows: !isLost }
  return new TransientError(text, facts, { cause: error })
}

/** Whether a constraint refused a statement. */
export function isRefused(error: unknown): boolean {
  const number = serverNumber(error)
  return number !== undefined && number in REFUSALS
}

/** Whether the connection is of no use any more. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof StorageError || error instanceof TypeError) return false
  const number = serverNumber(error)
  return number === undefined || AWAY.has(number)
}

/** Whether the connection is lost, or will be: the server closes one on which too much was sent. */
export function isConnectionSpent(error: unknown): boolean {
  return isConnectionLost(error) || serverNumber(error) === 1153
}

/** Undefined for what the server did not say: errors of the socket, and of the library. */
function serverNumber(error: unknown): number | undefined {
  if (!isError(error) || !('errno' in error) || !('sqlState' in error)) return undefined
  return typeof error.sqlState === 'string' ? Number(error.errno) : undefined
}

function message(error: unknown): string {
  const one = firstInside(error)
  if (!isError(one)) return String(one)
  const code = serverNumber(one) ?? ('code' in one ? String(one.code) : '')
  const advice = one instanceof SilenceError ? SILENCE_ADVICE : ADVICE[code]
  // An error of several addresses has no words of its own.
  const text = one.message || String(code)
  return advice === undefined ? text : `${text}; ${advice}`
}
