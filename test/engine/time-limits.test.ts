/**
 * Limits of time of tasks and runs, and the delays of retries.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  CancelledError,
  linear,
  load,
  loadFlowDetail,
  memory,
  NonRetryableError,
  type TaskContext,
  TimeoutError,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { diary, endless } from './diary.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely } from './steps.ts'

describe('a time limit', () => {
  test('of execute aborts the signal, fails with TimeoutError, and is retried', async () => {
    const { task: one, reasons } = endless('slow', { timeoutMs: 10 })
    const engine = load(linear('f', { retry: times(2) }).add(one))
    const error = await errorOf(engine.run())
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: "execute of 'slow' took longer than its 10 ms",
    })
    expect(reasons).toHaveLength(2)
    expect(reasons[0]).toBeInstanceOf(TimeoutError)
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('counts for the result, too, that comes too late', async () => {
    const late = task('late', {
      timeoutMs: 5,
      requires: [],
      async execute() {
        await setTimeout(30)
        return 'late'
      },
    })
    expect(await errorOf(load(linear('f').add(late)).run())).toBeInstanceOf(TimeoutError)
  })

  test('says what the task threw when it was stopped', async () => {
    const one = task('slow', {
      timeoutMs: 5,
      requires: [],
      async execute(_inputs: object, { signal }: TaskContext) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        throw new Error('half written')
      },
    })
    const error = await errorOf(load(linear('f').add(one)).run())
    expect(error).toMatchObject({ code: 'TIMEOUT', cause: { message: 'half written' } })
  })

  test('that is kept leaves no timer behind', async () => {
    const clock = new FakeClock()
    const quick = task('quick', { timeoutMs: 10_000, execute: async () => 'ok', provides: 'x' })
    const engine = load(linear('f').add(quick), { clock })
    const before = clock.timerCount
    await engine.run()
    expect(engine.storage.fetch('x')).toBe('ok')
    expect(clock.timerCount).toBe(before)
  })

  test('of revert breaks the flow', async () => {
    const { step } = diary()
    const stuck = task('stuck', {
      revertTimeoutMs: 5,
      execute() {},
      revert: () => new Promise<never>(() => {}),
    })
    const failing = step('failing', {}, () => {
      throw new Error('no')
    })
    const engine = load(linear('f').add(stuck, failing), { graceMs: 5 })
    expect(await errorOf(engine.run())).toBeInstanceOf(TimeoutError)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    expect(engine.storage.getAtomState('stuck')).toBe('REVERT_FAILURE')
  })

  test('of more than timers reach does not go off at once', async () => {
    for (const timeoutMs of [2 ** 40, Number.POSITIVE_INFINITY]) {
      const one = task('t', {
        timeoutMs,
        requires: [],
        execute: () => setTimeout(5, 'ok'),
        provides: 'x',
      })
      const engine = load(linear('f').add(one))
      await engine.run()
      expect(engine.storage.fetchAll()).toMatchObject({ x: 'ok' })
    }
  })

  test.each([0, -1, Number.NaN, '5'])('of %s is refused', (timeoutMs) => {
    const Problem = typeof timeoutMs === 'number' ? RangeError : TypeError
    for (const limit of ['timeoutMs', 'revertTimeoutMs'] as const) {
      const make = () => task('t', { [limit]: timeoutMs as number, execute() {} })
      expect(make).toThrow(Problem)
      expect(make).toThrow(`${limit} of 't' must be a`)
    }
  })
})

describe('a deadline', () => {
  test('reverts the run, which fails with TimeoutError', async () => {
    const { lines, step } = diary()
    const { task: one } = endless()
    const engine = load(linear('f').add(step('a'), one))
    const error = await errorOf(engine.run({ deadlineMs: 20 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(lines).toEqual(['do a', 'undo a: made by a'])
  })

  test('is counted over resumption', async () => {
    const { lines, step } = diary()
    const backend = memory()
    const clock = { now: () => new Date(now), elapsedMs: () => 0 }
    let now = Date.parse('2026-05-01T00:00:00Z')
    const engine = load(linear('f').add(step('a'), step('b')), { backend, clock })
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run({ deadlineMs: 60_000 })
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    now += 61_000
    const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
    const { task: one } = endless('b')
    const second = loadLoosely(linear('f').add(step('a'), one), { backend, clock, flowDetail })
    const error = await errorOf(second.run({ deadlineMs: 60_000 }))
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: "flow 'f' did not end before its deadline, 2026-05-01T00:01:00.000Z",
    })
    expect(lines.at(-1)).toBe('undo a: made by a')
  })

  test('that cannot be stored any more is met by the run, and by nobody else', async () => {
    const backend = recording(memory())
    const { task: one, begun } = endless()
    const engine = load(linear('f').add(one), { backend })
    const run = errorOf(engine.run({ deadlineMs: 20 }))
    await begun
    backend.beforeSave = () => {
      throw new Error('the disk is full')
    }
    expect(await run).toMatchObject({ message: 'the disk is full' })
  })

  test('is forgotten when the run succeeds, and holds no timer', async () => {
    const { step } = diary()
    const engine = load(linear('f').add(step('a')), { backend: memory() })
    await engine.run({ deadlineMs: 60_000 })
    expect(engine.storage.flowMeta).toEqual({})
  })

  test.each([0, -5, Number.NaN])('of %s is refused', async (deadlineMs) => {
    expect(await errorOf(load(linear('f')).run({ deadlineMs }))).toBeInstanceOf(RangeError)
  })
})

describe('the delay of a retry', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  const failingTimes = (count: number, make = () => new Error('not yet')) => {
    let left = count
    return task('flaky', {
      requires: [],
      execute() {
        left -= 1
        if (left >= 0) throw make()
      },
    })
  }

  test('is waited before the next attempt', async () => {
    const engine = load(linear('f', { retry: times(3, { delay: 25 }) }).add(failingTimes(2)))
    const start = performance.now()
    await engine.run()
    expect(performance.now() - start).toBeGreaterThanOrEqual(49)
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('grows, within bounds, and may depend on the history', async () => {
    const asked: number[] = []
    const delay = ({ history }: { history: { length: number } }) => {
      asked.push(history.length)
      return 1
    }
    await load(linear('f', { retry: times(4, { delay }) }).add(failingTimes(3))).run()
    expect(asked).toEqual([1, 2, 3])
    const exact = times(9, { delay: { initialMs: 10, factor: 3, maxMs: 50, jitter: false } })
    const failure = { thrown: undefined } as never
    const waits = [1, 2, 3, 4].map((length) => exact.delayMs({ length } as never, failure))
    expect(waits).toEqual([10, 30, 50, 50])
    const jittered = times(9, { delay: { initialMs: 10 } })
    for (let i = 0; i < 100; i += 1) {
      const wait = jittered.delayMs({ length: 3 } as never, failure)
      expect(wait).toBeGreaterThanOrEqual(0)
      expect(wait).toBeLessThanOrEqual(40)
    }
  })

  test('is at least what the error asks for', async () => {
    const busy = () => Object.assign(new Error('busy'), { retryAfterMs: 30 })
    const start = performance.now()
    await load(linear('f', { retry: times(2) }).add(failingTimes(1, busy))).run()
    expect(performance.now() - start).toBeGreaterThanOrEqual(29)
  })

  test('is stored, so that after a crash only the rest is waited', async () => {
    const backend = memory()
    const make = (left: number) =>
      linear('f', { retry: times(3, { delay: 3_600_000, name: 'r' }) }).add(failingTimes(left))
    const engine = load(make(1), { backend })
    void engine.run().catch(() => {})
    const { flowUuid } = engine.storage
    const due = await vi.waitFor(async () => {
      const found = (await loadFlowDetail(backend, flowUuid)).find('r') as { retryAt?: Date }
      expect(found.retryAt).toBeInstanceOf(Date)
      return found.retryAt as Date
    })
    expect(due.getTime() - Date.now()).toBeGreaterThan(3_500_000)
    const clock = { now: () => new Date(due.getTime() - 20), elapsedMs: () => 0 }
    const flowDetail = await loadFlowDetail(backend, flowUuid)
    let later = due.getTime() - 20
    const start = performance.now()
    clock.now = () => new Date(later + (performance.now() - start))
    const second = load(make(0), { backend, flowDetail, clock })
    await second.run()
    later = performance.now() - start
    expect(later).toBeGreaterThanOrEqual(19)
    expect(later).toBeLessThan(2_000)
    expect(second.storage.getFlowState()).toBe('SUCCESS')
    await engine.suspend().catch(() => {})
  })

  test('holds neither a call nor, once suspended, a timer', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    const engine = load(
      linear('f', { retry: times(3, { delay: 3_600_000 }) }).add(failingTimes(1)),
      { engine: 'parallel' },
    )
    const run = engine.run()
    await vi.waitFor(() => expect(engine.storage.getAtomState('flaky')).toBe('REVERTED'))
    expect(engine.statistics?.incomplete).toBe(0)
    await engine.suspend()
    await run
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    const long = set.mock.results.filter((_, i) => Number(set.mock.calls[i]?.[1]) > 3_000_000)
    expect(long.length).toBeGreaterThan(0)
    for (const { value } of long) expect(cleared).toHaveBeenCalledWith(value)
    vi.restoreAllMocks()
  })

  test('does not hold up what stands beside', async () => {
    const { lines, step } = diary()
    const waiting = linear('waiting', { retry: times(2, { delay: 60 }) }).add(failingTimes(1))
    const beside = linear('beside').add(step('a'), step('b'))
    const engine = load(unordered('f').add(waiting, beside), { engine: 'parallel' })
    const run = engine.run()
    await vi.waitFor(() => expect(lines).toEqual(['do a', 'do b']), { interval: 5 })
    expect(engine.storage.getFlowState()).toBe('RUNNING')
    await run
  })

  test('is over when the run is cancelled', async () => {
    const engine = load(linear('f', { retry: times(3, { delay: 3_600_000 }) }).add(failingTimes(1)))
    const run = errorOf(engine.run())
    await vi.waitFor(() => expect(engine.storage.getAtomState('flaky')).toBe('REVERTED'))
    await engine.cancel()
    expect(await run).toBeInstanceOf(CancelledError)
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test.each([
    [-1, RangeError],
    [Number.NaN, RangeError],
    ['soon', TypeError],
    [null, TypeError],
    [{}, TypeError],
    [{ initialMs: 5, factor: 0.5 }, RangeError],
    [{ initialMs: -5 }, RangeError],
    [{ initialMs: 5, maxMs: Number.NaN }, RangeError],
    [{ initialMs: 5, jitter: 'full' }, TypeError],
    [{ initialMs: 5, max: 7 }, TypeError],
  ])('of %o is refused', (delay, Problem) => {
    expect(() => times(2, { delay: delay as number, name: 'r' })).toThrow(Problem)
    expect(() => times(2, { delay: delay as number, name: 'r' })).toThrow("delay of 'r'")
  })

  test('of a function without sense breaks the flow', async () => {
    const engine = load(linear('f', { retry: times(3, { delay: () => -1 }) }).add(failingTimes(1)))
    expect(await errorOf(engine.run())).toBeInstanceOf(RangeError)
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  describe('and what is tried again at all:', () => {
    class BusyError extends Error {}
    const attempts = async (make: () => Error, options: object): Promise<number> => {
      let count = 0
      const one = task('t', {
        requires: [],
        execute() {
          count += 1
          throw make()
        },
      })
      const engine = load(linear('f', { retry: times(3, options) }).add(one))
      await errorOf(engine.run())
      return count
    }

    test('only some classes, or what a function says', async () => {
      const busy = () => new BusyError('x')
      const other = () => new TypeError('x')
      expect(await attempts(busy, { retryOn: [BusyError] })).toBe(3)
      expect(await attempts(other, { retryOn: [BusyError] })).toBe(1)
      expect(await attempts(other, { retryOn: ['TypeError'] })).toBe(3)
      const says = (failure: { message: string }) => failure.message === 'x'
      expect(await attempts(busy, { retryOn: says })).toBe(3)
      expect(await attempts(busy, { retryOn: () => false })).toBe(1)
    })

    test('never a NonRetryableError, nor what extends it', async () => {
      class Fatal extends NonRetryableError {}
      expect(await attempts(() => new NonRetryableError('x'), {})).toBe(1)
      expect(await attempts(() => new Fatal('x'), {})).toBe(1)
    })

    test('giving up so does what giving up does', async () => {
      const { lines, step } = diary()
      const fatal = task('fatal', {
        requires: [],
        execute() {
          throw new NonRetryableError('x')
        },
      })
      const inner = linear('inner', { retry: times(3, { revertAll: true }) }).add(fatal)
      const error = await errorOf(load(linear('f').add(step('a'), inner)).run())
      expect(error).toMatchObject({ code: 'NON_RETRYABLE' })
      expect(lines.at(-1)).toBe('undo a: made by a')
    })

    test('a wrong retryOn is refused', () => {
      expect(() => times(2, { retryOn: 'Error' as never })).toThrow(TypeError)
    })
  })
})
