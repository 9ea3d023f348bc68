/**
 * What the errors of PostgreSQL and of its connections mean, and what to do about them.
 *
 * For the PostgreSQL driver. Goes by SQLSTATE, never by the words of a message. An error with an
 * SQLSTATE came from the server in place of an answer, so its statement wrote nothing.
 *
 * @module
 */
import { firstInside, isError } from '../base/realms.ts'
import { inWords } from '../base/thrown.ts'
import { BackendUnavailableError, StorageError } from '../errors.ts'
import { SILENCE_ADVICE, SilenceError } from './limits.ts'
import {
  NotPermittedError,
  type Refusal,
  StatementRefusedError,
  TransientError,
} from './session.ts'

/** Constraints. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  '23502': 'row-count', // not_null_violation: an upsert whose rows disagree sets its key to NULL
  '23503': 'missing-parent', // foreign_key_violation
  '23505': 'duplicate-key', // unique_violation
}

/** What passes, while the connection stays good. */
const PASSING: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57014', // query_canceled, by statement_timeout
])

/** What this user may not do, or nobody may here. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  '25006', // read_only_sql_transaction
  '42501', // insufficient_privilege
])

/** The server goes down, comes up, or has no room for one more connection. */
const AWAY: ReadonlySet<string> = new Set([
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
])

const ADVICE: Readonly<Record<string, string>> = {
  '25006': 'it is read-only; connect to the primary server',
  '28000': 'check the user in the URL',
  '28P01': 'check the password in the URL',
  '3D000': 'make the database first, or check its name in the URL',
  '42501': 'let the user of the URL read and write the tables',
  '53100': 'the disk of the server is full; make room',
  '55P03': 'another session holds a lock; end it (pg_locks tells which), or raise lockTimeoutMs',
  '57014':
    'the server has ended a statement that took too long; raise queryTimeoutMs, or its statement_timeout',
  ECONNREFUSED: 'nothing listens at that address; start the server, or check the URL',
  ENOTFOUND: 'the host is not known; check the URL',
}

/** The error of a server that could not be reached at the start. */
export function unavailable(error: unknown): BackendUnavailableError | TransientError {
  const code = sqlState(error)
  const text = `PostgreSQL cannot be opened: ${message(error)}`
  if (code === undefined || !AWAY.has(code))
    return new BackendUnavailableError(text, { cause: error })
  // It is there, and starts or has no connection free: what it says itself passes.
  return new TransientError(text, { isNothingWritten: true, isUnreachable: true }, { cause: error })
}

/** The error of a connection that could not be had: nothing was sent. */
export function unreached(error: unknown): TransientError | StorageError {
  if (error instanceof StorageError) return error
  const code = sqlState(error)
  const isPassing = code === undefined || AWAY.has(code) || code.startsWith('08')
  return isPassing
    ? new TransientError(
        `PostgreSQL cannot be reached: ${message(error)}`,
        { isNothingWritten: true, isUnreachable: true },
        { cause: error },
      )
    : unavailable(error)
}

/** The error of a batch that failed; `table` is what it was to write. */
export function failed(error: unknown, table: string): StorageError {
  if (error instanceof StorageError) return error
  const code = sqlState(error)
  const refusal = code === undefined ? undefined : REFUSALS[code]
  if (refusal !== undefined) {
    return new StatementRefusedError(refusal, tableOf(error) ?? table, { cause: error })
  }
  const isLost = isConnectionLost(error)
  const text = `PostgreSQL failed: ${message(error)}`
  if (code !== undefined && FORBIDDEN.has(code))
    return new NotPermittedError(text, { cause: error })
  if (!isLost && !(code !== undefined && PASSING.has(code))) {
    return new StorageError(text, { cause: error })
  }
  const facts = { isNothingWritten: code !== undefined, isUnreachable: isLost, isOfRows: !isLost }
  return new TransientError(text, facts, { cause: error })
}

/** Whether the connection is of no use any more. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof StorageError || error instanceof TypeError) return false
  const code = sqlState(error)
  return code === undefined || AWAY.has(code) || code.startsWith('08')
}

/**
 * Whether a prepared statement was refused for its name: not there any more, or there although this
 * connection has not prepared it.
 */
export function isNameUnknown(error: unknown): boolean {
  const code = sqlState(error)
  return code === '26000' || code === '42P05'
}

/**
 * Whether a connection was refused for the settings in its start: the server would take them, and
 * some poolers do not.
 */
export function isStartRefused(error: unknown): boolean {
  const code = sqlState(error)
  return code !== undefined && code !== '42501' && /^(08|0A|22|42)/.test(code)
}

/** Undefined for what the server did not say: errors of the socket, and of the library. */
function sqlState(error: unknown): string | undefined {
  const code = codeOf(error)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && isError(error)
    ? 'severity' in error
      ? code
      : undefined
    : undefined
}

function codeOf(error: unknown): string | undefined {
  return isError(error) && 'code' in error ? String(error.code) : undefined
}

function tableOf(error: unknown): string | undefined {
  return isError(error) && 'table' in error && typeof error.table === 'string'
    ? error.table
    : undefined
}

function message(error: unknown): string {
  // A host with several addresses fails once for each, and the sum of it says nothing.
  const one = firstInside(error)
  const text = inWords(one)
  const advice = one instanceof SilenceError ? SILENCE_ADVICE : ADVICE[codeOf(one) ?? '']
  return advice === undefined ? text : `${text}; ${advice}`
}
