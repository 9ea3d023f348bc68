/**
 * Flows with planted bugs: the explorer must find each, by the shortest schedule that shows it.
 *
 * @module
 */
import { equal } from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import {
  isFailure,
  linear,
  retry,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { type ExploreOptions, explore, type ScheduleFailedError } from '../../src/testing/index.ts'
import { errorOf } from '../engine/steps.ts'

/** What a service holds: rows by key, and how many calls it has had. */
class World {
  readonly rows = new Map<string, string>()
  count = 0

  /** Counts one up, and gives the number. */
  add(): number {
    this.count += 1
    return this.count
  }

  /** Counts one down. */
  take(): void {
    this.count -= 1
  }

  set(count: number): void {
    this.count = count
  }
}

type Options = Partial<ExploreOptions<World>>

const wholeOrNothing: Options = {
  invariant({ state, world }) {
    if (state !== 'FAILURE') equal(world.rows.size, state === 'SUCCESS' ? 1 : 0, 'rows')
  },
}

const counted: Options = {
  invariant({ state, world }) {
    if (state !== 'FAILURE') equal(world.count, state === 'SUCCESS' ? 1 : 0, 'count')
  },
}

const finish = () => task('finish', { execute: () => {} })

async function found(
  flow: Parameters<typeof explore<World, ReturnType<typeof linear>>>[0],
  options: Options,
): Promise<ScheduleFailedError> {
  const error = (await errorOf(
    explore(flow, { world: () => new World(), ...options }),
  )) as ScheduleFailedError
  expect(error).toMatchObject({ code: 'SCHEDULE_FAILED' })
  return error
}

describe('the explorer finds', () => {
  test('a revert that undoes nothing when execute failed half-way', async () => {
    const flow = (world: World) =>
      linear('create').add(
        task('insert', {
          provides: 'key',
          execute(_: object, { executeKey }: TaskContext) {
            world.rows.set(executeKey, 'row')
            return executeKey
          },
          requires: [],
          revert({ result }) {
            if (!isFailure(result)) world.rows.delete(String(result))
          },
        }),
        finish(),
      )
    const { message, schedule, law, cause } = await found(flow, wholeOrNothing)
    expect(message).toMatchInlineSnapshot(`
      "flow 'create' does not keep to this: the invariant
      when
        1. fail execute of 'insert', after its effect
      because
        AssertionError [ERR_ASSERTION]: rows
        1 !== 0
      what happened
        write 1: flow RUNNING, insert RUNNING
        execute of 'insert' returned
        FAILURE: execute of 'insert' fails after its effect
        write 2: insert REVERTING
        revert of 'insert' returned
        write 3: insert REVERTED
        write 4: flow REVERTED
        end: flow REVERTED; insert REVERTED, finish PENDING"
    `)
    expect(schedule).toEqual(["fail execute of 'insert', after its effect"])
    expect(law).toBe('the invariant')
    expect(cause).toMatchObject({ name: 'AssertionError', actual: 1, expected: 0 })
  })

  test('a task that does its work twice', async () => {
    const flow = (world: World) =>
      linear('count').add(
        task('add', {
          execute: () => void world.add(),
          revert: () => world.set(0),
        }),
        finish(),
      )
    expect((await found(flow, counted)).message).toMatchInlineSnapshot(`
      "flow 'count' does not keep to this: the invariant
      when
        1. crash after execute of 'add'
      because
        AssertionError [ERR_ASSERTION]: count
        2 !== 1
      what happened
        write 1: flow RUNNING, add RUNNING
        execute of 'add' returned
        CRASH after execute of 'add'
        resumed: flow RUNNING; add RUNNING, finish PENDING
        write 2: the run is claimed
        write 3: flow SUSPENDED
        write 4: flow RUNNING
        execute of 'add' (call 2 of it) returned
        write 5: add SUCCESS, finish RUNNING
        execute of 'finish' returned
        write 6: finish SUCCESS
        write 7: flow SUCCESS
        end: flow SUCCESS; add SUCCESS, finish SUCCESS"
    `)
  })

  test('a key that is another one each time', async () => {
    const flow = (world: World) =>
      linear('create').add(
        task('insert', {
          provides: 'key',
          execute() {
            const key = `random ${world.add()}`
            world.rows.set(key, 'row')
            return key
          },
          revert: () => world.rows.clear(),
        }),
        finish(),
      )
    expect((await found(flow, wholeOrNothing)).schedule).toEqual([
      "crash after execute of 'insert'",
    ])
  })

  test('an effect before the flow is stored', async () => {
    const flow = (world: World) => {
      world.count += 1
      return linear('early').add(finish())
    }
    const { schedule } = await found(flow, {
      always: ({ world }) => equal(world.count, 1, 'flows made'),
    })
    expect(schedule).toEqual(['crash before write 1'])
  })

  test('a revert that must not be called twice: two things go wrong', async () => {
    const flow = (world: World) =>
      linear('count').add(
        task('add', {
          execute: () => world.set(1),
          revert: () => world.take(),
        }),
        task('check', { execute: () => equal(world.count, 1) }),
      )
    expect((await found(flow, { ...counted, failures: ['check'] })).message).toMatchInlineSnapshot(`
      "flow 'count' does not keep to this: the invariant
      when
        1. fail execute of 'check', before its effect
        2. crash after revert of 'add'
      because
        AssertionError [ERR_ASSERTION]: count
        -1 !== 0
      what happened
        write 1: flow RUNNING, add RUNNING
        execute of 'add' returned
        write 2: add SUCCESS, check RUNNING
        FAILURE: execute of 'check' fails before its effect
        write 3: check REVERTING
        write 4: check REVERTED, add REVERTING
        revert of 'add' returned
        CRASH after revert of 'add'
        resumed: flow RUNNING; add REVERTING, check REVERTED
        write 5: the run is claimed
        write 6: flow SUSPENDED
        write 7: flow RUNNING
        revert of 'add' (call 2 of it) returned
        write 8: add REVERTED
        write 9: flow REVERTED
        end: flow REVERTED; add REVERTED, check REVERTED"
    `)
  })

  test('what only the third call of a service does not bear: two processes die', async () => {
    const flow = (world: World) =>
      linear('count').add(
        task('add', {
          execute: () => void world.add(),
          revert: () => world.set(0),
        }),
      )
    const twice: Options = {
      invariant: ({ world }) => equal(world.count < 3, true, 'called three times'),
    }
    await explore(flow, { world: () => new World(), ...twice })
    expect((await found(flow, { ...twice, crashes: 2 })).schedule).toEqual([
      "crash after execute of 'add'",
      "crash after execute of 'add' (call 2 of it)",
    ])
  })

  test('an effect that is cut in two where the user has marked it', async () => {
    const flow = (world: World, { crashPoint }: { crashPoint(label: string): Promise<void> }) =>
      linear('create').add(
        task('insert', {
          requires: [],
          async execute(_: object, { executeKey }: TaskContext) {
            if (world.rows.has(executeKey)) return // thought to be done
            world.rows.set(executeKey, 'half')
            await crashPoint('half a row')
            world.rows.set(executeKey, 'whole')
          },
          revert(_inputs: object, { executeKey }: TaskContext) {
            world.rows.delete(executeKey)
          },
        }),
      )
    const { schedule, trace } = await found(flow, {
      invariant({ state, world }) {
        if (state === 'SUCCESS') equal([...world.rows.values()].join(), 'whole')
      },
    })
    expect(schedule).toEqual(["crash inside execute of 'insert', at 'half a row'"])
    expect(trace).toMatchInlineSnapshot(`
      [
        "write 1: flow RUNNING, insert RUNNING",
        "execute of 'insert' has come to 'half a row'",
        "CRASH inside execute of 'insert', at 'half a row'",
        "resumed: flow RUNNING; insert RUNNING",
        "write 2: the run is claimed",
        "write 3: flow SUSPENDED",
        "write 4: flow RUNNING",
        "execute of 'insert' (call 2 of it) returned",
        "write 5: insert SUCCESS",
        "write 6: flow SUCCESS",
        "end: flow SUCCESS; insert SUCCESS",
      ]
    `)
  })

  test('what an attempt leaves to the next one', async () => {
    const flow = (world: World) =>
      linear('create', { retry: times(3) }).add(
        task('insert', {
          requires: [],
          execute: (_: object, { executeKey }: TaskContext) =>
            void world.rows.set(executeKey, 'row'),
        }),
        finish(),
      )
    const { schedule, trace } = await found(flow, wholeOrNothing)
    expect(schedule).toEqual(["fail execute of 'insert', after its effect"])
    expect(trace).toMatchInlineSnapshot(`
      [
        "write 1: flow RUNNING, create_retry RUNNING",
        "execute of 'create_retry' returned",
        "write 2: create_retry SUCCESS, insert RUNNING",
        "execute of 'insert' returned",
        "FAILURE: execute of 'insert' fails after its effect",
        "write 3: insert REVERTING",
        "write 4: insert PENDING, create_retry RUNNING",
        "execute of 'create_retry' at attempt 2 returned",
        "write 5: create_retry SUCCESS, insert RUNNING",
        "execute of 'insert' at attempt 2 returned",
        "write 6: insert SUCCESS, finish RUNNING",
        "execute of 'finish' returned",
        "write 7: finish SUCCESS",
        "write 8: flow SUCCESS",
        "end: flow SUCCESS; create_retry SUCCESS, insert SUCCESS, finish SUCCESS",
      ]
    `)
  })

  test('what is left when a retry has given up', async () => {
    const flow = (world: World) =>
      linear('create', { retry: times(2) }).add(
        task('insert', {
          execute: () => void world.rows.set('row', 'row'),
          revert({ flowFailures }) {
            if (Object.keys(flowFailures).length === 0) world.rows.clear()
          },
        }),
        finish(),
      )
    const { schedule } = await found(flow, wholeOrNothing)
    expect(schedule).toEqual([
      "fail execute of 'insert', after its effect, and every time from then on",
    ])
  })

  test('a retry that never gives up', async () => {
    const stubborn = retry('stubborn', { execute: () => {}, onFailure: () => 'RETRY' })
    const flow = () => linear('endless', { retry: stubborn }).add(finish())
    const { law, schedule, cause } = await found(flow, { maxCalls: 50 })
    expect(law).toBe('the flow ends')
    expect(schedule).toEqual([
      "fail execute of 'finish', before its effect, and every time from then on",
    ])
    expect(cause).toMatchObject({ message: 'it has not ended after 50 calls' })
  })

  test('a task that hangs when it is called again', async () => {
    const flow = (world: World) =>
      linear('hang').add(
        task('wait', {
          execute: () => (world.add() > 1 ? new Promise(() => {}) : undefined),
        }),
      )
    const { law, schedule, cause } = await found(flow, { timeoutMs: 30 })
    expect(law).toBe('the flow ends')
    expect(schedule).toEqual(["crash after execute of 'wait'"])
    expect(cause).toMatchObject({ message: 'it has not ended within 30 ms' })
  })

  test('what may never be seen, though it is gone in the end', async () => {
    const flow = (world: World) =>
      linear('order').add(
        task('publish', {
          execute: () => world.set(1),
          revert: () => world.set(0),
        }),
        task('insert', {
          execute: () => void world.rows.set('row', 'row'),
          revert: () => world.rows.clear(),
        }),
      )
    const { law, schedule } = await found(flow, {
      ...wholeOrNothing,
      always: ({ world }) => equal(world.count <= world.rows.size, true, 'published without a row'),
    })
    expect([law, schedule]).toEqual(['what must always hold', []])
  })

  test('an input that nobody provides, at once', async () => {
    const flow = () => linear('f').add(task('a', { execute: ({ x }: { x: number }) => x }))
    const error = (await errorOf(
      explore(flow as unknown as () => ReturnType<typeof linear>, { world: () => new World() }),
    )) as ScheduleFailedError
    expect(error.law).toBe('the flow ends')
    expect(error.message).toContain('though nothing goes wrong')
    expect(error.message).toContain("'a'")
  })
})

describe('what it finds', () => {
  const flow = (world: World) =>
    unordered('twice').add(
      task('a', { execute: () => void world.add(), revert: () => world.take() }),
      task('b', { execute: () => void world.add(), revert: () => world.take() }),
    )
  const atMost: Options = { invariant: ({ world }) => equal(world.count <= 2, true) }

  test.each(['serial', 'parallel'] as const)('is the same each time, %s', async (engine) => {
    const one = await found(flow as never, { ...atMost, engine })
    const two = await found(flow as never, { ...atMost, engine })
    expect(one.schedule).toHaveLength(1)
    expect(two.message).toBe(one.message)
  })

  test('can be run alone, and is gone when the bug is', async () => {
    const { schedule, message } = await found(flow as never, atMost)
    const again = await found(flow as never, { ...atMost, schedule })
    expect(again.message).toBe(message)
    const mended = await explore(flow, { world: () => new World(), schedule })
    expect(mended).toMatchObject({ scheduleCount: 1, crashCount: 1, skippedCount: 0 })
  })

  test('a schedule by hand must be one, and must come to pass', async () => {
    const run = (schedule: readonly string[]) =>
      errorOf(explore(flow, { world: () => new World(), schedule }))
    expect(await run(['stumble'])).toMatchObject({
      name: 'RangeError',
      message: expect.stringContaining('"stumble" is no step of a schedule'),
    })
    expect(await run(['crash after write 1', 'crash after write 99'])).toMatchObject({
      name: 'RangeError',
      message: expect.stringContaining('the flow does not come to "crash after write 99"'),
    })
  })
})
