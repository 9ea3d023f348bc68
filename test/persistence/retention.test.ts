import { describe, expect, test } from 'vitest'
import {
  type Backend,
  type FlowState,
  ForwardingBackend,
  LogBook,
  linear,
  load,
  memory,
  removeFinished,
  task,
} from '../../src/index.ts'

const HOUR_MS = 3_600_000

/** Stands still, an hour ahead of the clock that books are made by, and can be put forward. */
class StandingClock {
  #nowMs = Date.now() + HOUR_MS

  now = (): Date => new Date(this.#nowMs)
  elapsedMs = (): number => this.#nowMs

  goOnMs(ms: number): void {
    this.#nowMs += ms
  }
}

async function run(backend: Backend, ending: FlowState, book?: LogBook): Promise<void> {
  const flow = linear(ending).add(
    task('a', {
      execute() {
        if (ending !== 'SUCCESS') throw new Error('no')
      },
      revert() {
        if (ending === 'FAILURE') throw new Error('no undo')
      },
    }),
  )
  const engine = load(flow, { backend, book })
  if (ending === 'SUSPENDED') {
    engine.compile()
    await engine.prepare()
  } else await engine.run().catch(() => {})
}

async function statesIn(backend: Backend): Promise<readonly string[]> {
  return (await backend.listFlows()).map(({ name }) => name).sort()
}

describe('removeFinished', () => {
  test('removes what ended long ago, and nothing else', async () => {
    const clock = new StandingClock()
    const backend = memory({ clock })
    for (const ending of ['SUCCESS', 'REVERTED', 'FAILURE', 'SUSPENDED'] as const) {
      await run(backend, ending)
    }
    clock.goOnMs(2 * HOUR_MS)
    await run(backend, 'SUCCESS')
    expect(await removeFinished(backend, { olderThanMs: HOUR_MS, clock, dryRun: true })).toBe(2)
    expect(await removeFinished(backend, { olderThanMs: HOUR_MS, clock })).toBe(2)
    expect(await statesIn(backend)).toEqual(['FAILURE', 'SUCCESS', 'SUSPENDED'])
  })

  test('removes runs in FAILURE when it is told to', async () => {
    const backend = memory()
    await run(backend, 'FAILURE')
    await run(backend, 'SUCCESS')
    const clock = { now: () => new Date(Date.now() + 1000), elapsedMs: () => 0 }
    expect(await removeFinished(backend, { olderThanMs: 0, clock, states: ['FAILURE'] })).toBe(1)
    expect(await statesIn(backend)).toEqual(['SUCCESS'])
  })

  test('keeps a book as long as one of its runs has not ended', async () => {
    const clock = new StandingClock()
    const backend = memory({ clock })
    const book = new LogBook('nightly')
    await run(backend, 'SUCCESS', book)
    await run(backend, 'SUSPENDED', book)
    clock.goOnMs(HOUR_MS)
    expect(await removeFinished(backend, { olderThanMs: 0, clock })).toBe(0)
  })

  test('removes in batches, and can be stopped between them', async () => {
    const clock = new StandingClock()
    const stored = memory({ clock })
    for (let i = 0; i < 7; i += 1) await run(stored, 'SUCCESS')
    clock.goOnMs(HOUR_MS)
    const batches: number[] = []
    const stop = new AbortController()
    class Counting extends ForwardingBackend {
      override removeBooks(uuids: readonly string[], ...rest: []): Promise<number> {
        batches.push(uuids.length)
        if (batches.length === 2) stop.abort()
        return super.removeBooks(uuids, ...rest)
      }
    }
    const backend = new Counting(stored)
    const options = { olderThanMs: 0, clock, batch: 3 }
    expect(await removeFinished(backend, { ...options, signal: stop.signal })).toBe(6)
    expect(await removeFinished(backend, options)).toBe(1)
    expect(batches).toEqual([3, 3, 1])
  })

  test('passes over a run that begins anew while it looks', async () => {
    const clock = new StandingClock()
    const stored = memory({ clock })
    await run(stored, 'SUCCESS')
    clock.goOnMs(HOUR_MS)
    class Slow extends ForwardingBackend {
      override async removeBooks(
        ...[uuids, filter]: Parameters<Backend['removeBooks']>
      ): Promise<number> {
        const [flow] = await stored.listFlows()
        if (flow === undefined) throw new Error('there is no run')
        const { uuid, bookUuid, name, meta } = flow
        await stored.save({
          flowUuid: uuid,
          book: undefined,
          flow: { uuid, bookUuid, name, meta, state: 'RUNNING' },
          atoms: [],
        })
        return super.removeBooks(uuids, filter)
      }
    }
    expect(await removeFinished(new Slow(stored), { olderThanMs: 0, clock })).toBe(0)
    expect(await stored.countFlows()).toBe(1)
  })

  test.each([
    [{ olderThanMs: -1 }, 'olderThanMs must be at least 0, got -1'],
    [{ olderThanMs: Number.NaN }, 'olderThanMs must be at least 0, got NaN'],
    [{ olderThanMs: 0, batch: 0 }, 'batch must be a whole number of at least 1, got 0'],
    [
      { olderThanMs: 0, states: ['SUCCESS', 'RUNNING'] as const },
      "states[1] must be 'SUCCESS', 'FAILURE' or 'REVERTED', got 'RUNNING'",
    ],
  ])('refuses %o', async (options, message) => {
    const removed = removeFinished(memory(), options)
    await expect(removed).rejects.toThrow(RangeError)
    await expect(removed).rejects.toThrow(message)
  })

  test.each([Number.POSITIVE_INFINITY, 1e300, 2 ** 53])(
    'removes nothing older than %d ms',
    async (olderThanMs) => {
      const backend = memory()
      await load(linear('f'), { backend }).run()
      expect(await removeFinished(backend, { olderThanMs })).toBe(0)
      expect(await backend.countBooks()).toBe(1)
    },
  )
})
