import { describe, expect, test } from 'vitest'
import * as mysqlFaults from '../../src/database/mysql-faults.ts'
import * as postgresFaults from '../../src/database/postgres-faults.ts'
import { RetryingSession } from '../../src/database/retrying.ts'
import { type SqlSession, TransientError } from '../../src/database/session.ts'
import { StorageError } from '../../src/errors.ts'

/** An error of PostgreSQL, as `pg` gives it. */
function pg(code: string, parts: object = {}): Error {
  return Object.assign(new Error('said the server'), { code, severity: 'ERROR', ...parts })
}

/** An error of MySQL, as `mysql2` gives it. */
function my(errno: number): Error {
  return Object.assign(new Error('said the server'), { errno, sqlState: 'HY000' })
}

function socket(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code, errno: -111 })
}

const LOST = { name: 'TransientError', isUnreachable: true, isNothingWritten: false }
const AWAY = { ...LOST, isNothingWritten: true }
const PASSING = { ...AWAY, isUnreachable: false }

describe('a fault of PostgreSQL', () => {
  test.each([
    ['40001', PASSING],
    ['40P01', PASSING],
    ['55P03', PASSING],
    ['57P01', AWAY],
    ['08006', AWAY],
    ['53100', { name: 'StorageError', message: expect.stringContaining('make room') }],
    ['22P02', { name: 'StorageError' }],
    ['23505', { refusal: 'duplicate-key', table: 'logbooks' }],
  ])('%s is told', (code, facts) => {
    expect(postgresFaults.failed(pg(code), 'logbooks')).toMatchObject(facts)
  })

  test('names the table that the server names', () => {
    const error = pg('23503', { table: 'flowdetails' })
    expect(postgresFaults.failed(error, 'x')).toMatchObject({ table: 'flowdetails', cause: error })
  })

  test.each([socket('ECONNRESET'), new Error('Connection terminated'), 'a word'])(
    'of the connection leaves open what was written: %s',
    (error) => {
      expect(postgresFaults.failed(error, 'x')).toMatchObject(LOST)
    },
  )

  test('that is a mistake of ours is no lost connection', () => {
    expect(postgresFaults.isConnectionLost(new TypeError('x'))).toBe(false)
  })

  test.each([
    [pg('53300'), AWAY],
    [pg('57P03'), AWAY],
    [socket('ECONNREFUSED'), AWAY],
    [new AggregateError([socket('ECONNREFUSED')]), { message: expect.stringContaining('nothing') }],
    [pg('28P01'), { code: 'BACKEND_UNAVAILABLE' }],
    [new StorageError('closed'), { message: 'closed' }],
  ])('before a connection is had: %s', (error, facts) => {
    expect(postgresFaults.unreached(error)).toMatchObject(facts)
  })
})

describe('a fault of MySQL', () => {
  test.each([
    [1205, PASSING],
    [1213, PASSING],
    [1053, AWAY],
    [1927, AWAY],
    [1153, { name: 'StorageError', message: expect.stringContaining('max_allowed_packet') }],
    [1064, { name: 'StorageError' }],
    [1452, { refusal: 'missing-parent', table: 'logbooks' }],
  ])('%d is told', (errno, facts) => {
    expect(mysqlFaults.failed(my(errno), 'logbooks')).toMatchObject(facts)
  })

  test.each([socket('ECONNRESET'), new Error('closed'), 'a word'])(
    'of the connection leaves open what was written: %s',
    (error) => {
      expect(mysqlFaults.failed(error, 'x')).toMatchObject(LOST)
    },
  )

  test.each([
    [my(1040), AWAY],
    [socket('ECONNREFUSED'), AWAY],
    [new AggregateError([socket('ECONNREFUSED')]), { message: expect.stringContaining('nothing') }],
    [my(1045), { code: 'BACKEND_UNAVAILABLE' }],
  ])('before a connection is had: %s', (error, facts) => {
    expect(mysqlFaults.unreached(error)).toMatchObject(facts)
  })

  test('that is a mistake of ours is no lost connection', () => {
    expect(mysqlFaults.isConnectionLost(new TypeError('x'))).toBe(false)
    expect(mysqlFaults.isRefused(new TypeError('x'))).toBe(false)
  })
})

test.each([
  [postgresFaults.unavailable(pg('57P03')), AWAY],
  [postgresFaults.unavailable(socket('ECONNREFUSED')), { code: 'BACKEND_UNAVAILABLE' }],
  [mysqlFaults.unavailable(my(1040)), AWAY],
  [mysqlFaults.unavailable(my(1045)), { code: 'BACKEND_UNAVAILABLE' }],
])('opening waits for a server that answers, and for no other: %s', (error, facts) => {
  expect(error).toMatchObject(facts)
})

describe('trying again', () => {
  const passing = new TransientError('busy', PASSING, { cause: new Error('deadlock') })
  const lost = new TransientError('lost', LOST)

  test('ends with the first success', async () => {
    const { session, calls } = failing([passing, passing])
    await new RetryingSession(session, { maxDelayMs: 1 }).write([])
    expect(calls()).toBe(3)
  })

  test('ends after as many attempts as were allowed, with what the server said', async () => {
    const { session, calls } = failing(Array(9).fill(passing))
    const retrying = new RetryingSession(session, { attempts: 3, maxDelayMs: 1 })
    await expect(retrying.write([])).rejects.toMatchObject({
      name: 'StorageError',
      message: 'busy; tried 3 times; nothing was written',
      cause: { message: 'deadlock' },
    })
    expect(calls()).toBe(3)
  })

  test('goes on after a lost connection only where that does no harm', async () => {
    const once = failing([lost])
    await expect(new RetryingSession(once.session).write([])).rejects.toThrow(/it is unknown/)
    const twice = failing([lost])
    await new RetryingSession(twice.session).write([], { repeat: () => [] })
    expect([once.calls(), twice.calls()]).toEqual([1, 2])
  })

  test('keeps in mind that an attempt may have been written', async () => {
    const { session } = failing([lost, new TransientError('away', AWAY)])
    const retrying = new RetryingSession(session, { attempts: 2, maxDelayMs: 1 })
    await expect(retrying.write([], { repeat: () => [] })).rejects.toMatchObject({
      code: 'STORAGE',
      message: 'away; tried 2 times; it is unknown whether it was written',
    })
  })

  test('ends after as long as was allowed', async () => {
    const { session, calls } = failing(Array(1_000).fill(passing))
    const startedAtMs = performance.now()
    const retrying = new RetryingSession(session, { totalMs: 100, maxDelayMs: 10 })
    await expect(retrying.write([])).rejects.toThrow(/nothing was written/)
    expect(performance.now() - startedAtMs).toBeGreaterThan(90)
    expect(calls()).toBeGreaterThan(3)
  })

  test('opens again what says that it will be there', async () => {
    const { session, calls } = failing([new TransientError('starting', AWAY)])
    await new RetryingSession(session).open()
    expect(calls()).toBe(2)
  })

  test('leaves to the caller what only some of the rows are about', async () => {
    const rows = new TransientError('locked', { ...PASSING, isOfRows: true })
    const { session, calls } = failing([rows])
    await expect(new RetryingSession(session).write([], { isDivisible: true })).rejects.toBe(rows)
    expect(calls()).toBe(1)
  })

  test('passes other errors on at once', async () => {
    const { session, calls } = failing([new StorageError('full')])
    await expect(new RetryingSession(session).write([])).rejects.toThrow('full')
    expect(calls()).toBe(1)
  })

  /** A session whose batches fail with these errors, one each. */
  function failing(errors: Error[]): {
    readonly session: SqlSession
    readonly calls: () => number
  } {
    let count = 0
    const left = [...errors]
    const fail = async (): Promise<void> => {
      count += 1
      const error = left.shift()
      if (error !== undefined) throw error
    }
    const session: SqlSession = {
      open: fail,
      close: fail,
      write: async () => {
        await fail()
        return []
      },
      alone: (work) => work(session),
      read: async () => {
        await fail()
        return []
      },
    }
    return { session, calls: () => count }
  }
})
