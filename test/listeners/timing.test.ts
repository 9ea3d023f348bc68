import { describe, expect, test, vi } from 'vitest'
import { times } from '../../src/atoms/controllers.ts'
import { task } from '../../src/atoms/function-task.ts'
import { SYSTEM_CLOCK } from '../../src/base/clock.ts'
import { load } from '../../src/engine/load.ts'
import { linear } from '../../src/flows/linear.ts'
import { DurationListener, PrintingDurationListener } from '../../src/listeners/duration.ts'
import { EventTimeListener } from '../../src/listeners/event-time.ts'
import { memory } from '../../src/persistence/memory.ts'
import { loadFlowDetail } from '../../src/persistence/reader.ts'
import { HandClock } from './lines.ts'

function timed(clock: HandClock) {
  return linear('f').add(
    task('a', {
      execute: () => clock.advance(1500),
      revert: () => clock.advance(20),
    }),
    task('b', { execute: () => clock.advance(250) }),
  )
}

function failing(clock: HandClock) {
  return timed(clock).add(
    task('c', {
      execute() {
        clock.advance(3)
        throw new Error('boom')
      },
    }),
  )
}

describe('DurationListener', () => {
  test('stores how long tasks and the flow took', async () => {
    const clock = new HandClock()
    await using backend = memory()
    const engine = load(timed(clock), { backend })
    using _durations = new DurationListener(engine, { clock })
    await engine.run()
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.meta).toEqual({ duration: 1.75 })
    expect(stored.find('a')?.meta).toEqual({ duration: 1.5 })
    expect(stored.find('b')?.meta).toEqual({ duration: 0.25 })
  })

  test('stores how long reverting took, and the flow that failed', async () => {
    const clock = new HandClock()
    await using backend = memory()
    const engine = load(failing(clock), { backend })
    using _durations = new DurationListener(engine, { clock })
    await expect(engine.run()).rejects.toThrow('boom')
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.meta).toEqual({ duration: 1.773 })
    expect(stored.find('a')?.meta).toEqual({ duration: 0.02 })
    expect(stored.find('c')?.meta).toEqual({ duration: 0 })
  })

  test('measures nothing whose start it has not seen', async () => {
    const clock = new HandClock()
    const engine = load(timed(clock))
    const durations = new DurationListener(engine, { clock })
    engine.atomNotifier.register('RUNNING', (_state, details) => {
      if ('taskName' in details && details.taskName === 'b') {
        durations.deregister()
        durations.register()
      }
    })
    await engine.run()
    expect(engine.storage.flowMeta).toEqual({})
    expect(engine.storage.flowDetail.find('a')?.meta).toEqual({ duration: 1.5 })
    expect(engine.storage.flowDetail.find('b')?.meta).toBeUndefined()
  })

  test('counts of a suspended flow only the run that ends it', async () => {
    const clock = new HandClock()
    const engine = load(timed(clock))
    using _durations = new DurationListener(engine, { clock })
    const suspension = engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(engine.storage.flowMeta).toEqual({})
    suspension[Symbol.dispose]()
    clock.advance(60_000)
    await engine.run()
    expect(engine.storage.flowMeta).toEqual({ duration: 0.25 })
  })

  test('costs no transaction but one at the end', async () => {
    const count = async (listens: boolean) => {
      const clock = new HandClock()
      await using backend = memory()
      const engine = load(timed(clock), { backend })
      using _durations = listens ? new DurationListener(engine, { clock }) : undefined
      await engine.run()
      return engine.statistics?.checkpoints ?? 0
    }
    expect(await count(true)).toBe((await count(false)) + 1)
  })

  test('takes the clock of the machine when told nothing', async () => {
    const elapsed = vi.spyOn(SYSTEM_CLOCK, 'elapsedMs')
    const engine = load(task('t', { execute() {} }))
    using _durations = new DurationListener(engine)
    await engine.run()
    expect(elapsed.mock.calls.length).toBe(4)
    expect(engine.storage.flowMeta['duration']).toBeGreaterThanOrEqual(0)
    elapsed.mockRestore()
  })
})

describe('PrintingDurationListener', () => {
  test('prints starts and durations, and stores them', async () => {
    const clock = new HandClock()
    const texts: string[] = []
    const engine = load(failing(clock))
    using _durations = new PrintingDurationListener(engine, {
      clock,
      write: (text) => texts.push(text),
    })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(texts.join('')).toMatchInlineSnapshot(`
      "'f' flow started.
      'a' task started.
      It took task 'a' 1.50 seconds to finish.
      'b' task started.
      It took task 'b' 0.25 seconds to finish.
      'c' task started.
      It took task 'c' 0.00 seconds to finish.
      'c' task started.
      It took task 'c' 0.00 seconds to finish.
      'b' task started.
      It took task 'b' 0.00 seconds to finish.
      'a' task started.
      It took task 'a' 0.02 seconds to finish.
      It took flow 'f' 1.77 seconds to finish.
      "
    `)
    expect(engine.storage.flowMeta).toEqual({ duration: 1.773 })
  })

  test('prints to the standard output when told nothing', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
    const engine = load(task('t', { execute() {} }))
    using _durations = new PrintingDurationListener(engine, { clock: new HandClock() })
    await engine.run()
    const texts = write.mock.calls.map(([text]) => text)
    write.mockRestore()
    expect(texts).toContain("It took task 't' 0.00 seconds to finish.\n")
  })
})

describe('EventTimeListener', () => {
  test('stores when flow, tasks and retries entered their states', async () => {
    const clock = new HandClock()
    await using backend = memory()
    const engine = load(
      linear('f', { retry: times(1, { name: 'r' }) }).add(
        task('a', { execute: () => clock.advance(1500) }),
      ),
      { backend },
    )
    using _times = new EventTimeListener(engine, { clock })
    await engine.run()
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.meta).toEqual({ 'RUNNING-timestamp': 1000, 'SUCCESS-timestamp': 1001.5 })
    expect(stored.find('a')?.meta).toEqual({
      'RUNNING-timestamp': 1000,
      'SUCCESS-timestamp': 1001.5,
    })
    expect(stored.find('r')?.meta).toEqual({ 'RUNNING-timestamp': 1000, 'SUCCESS-timestamp': 1000 })
  })

  test('stores only the states it listens to, by the clock of the machine', async () => {
    const before = Date.now() / 1000
    const engine = load(task('t', { execute() {} }))
    using _times = new EventTimeListener(engine, { flowStates: ['SUCCESS'], taskStates: [] })
    await engine.run()
    const { flowMeta } = engine.storage
    expect(Object.keys(flowMeta)).toEqual(['SUCCESS-timestamp'])
    expect(flowMeta['SUCCESS-timestamp']).toBeGreaterThanOrEqual(before)
  })
})
