import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  concurrent,
  type Flow,
  isFailure,
  linear,
  loadFlowDetail,
  MissingDependenciesError,
  memory,
  StorageError,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { failAt, runFlow, SimulatedError, stub } from '../../src/testing/index.ts'
import { errorOf } from '../engine/steps.ts'

/** The effects of tasks, in order. */
function volumes(effects: string[] = []) {
  const reserveQuota = task('reserve-quota', {
    provides: 'reservation',
    execute({ size }: { size: number }) {
      effects.push(`reserve ${size}`)
      return { id: size * 100 }
    },
    revert({ result }) {
      effects.push(isFailure(result) ? 'release nothing' : `release ${result?.id}`)
    },
  })
  const createEntry = task('create-entry', {
    rebind: { quota: 'reservation' },
    provides: { pick: ['volumeId', 'host'] },
    execute({ quota }: { quota: { id: number } }) {
      effects.push(`create ${quota.id}`)
      return { volumeId: `v-${quota.id}`, host: 'h1' }
    },
    revert() {
      effects.push('remove')
    },
  })
  const announce = task('announce', {
    execute: ({ volumeId }: { volumeId: string }) => void effects.push(`announce ${volumeId}`),
  })
  const flow = linear('create-volume').add(reserveQuota, createEntry, announce)
  return { effects, reserveQuota, createEntry, announce, flow }
}

describe('a run', () => {
  test('tells what became of it', async () => {
    const { flow, effects } = volumes()
    const run = await runFlow(flow, { store: { size: 2 } })
    expect(run).toMatchObject({
      state: 'SUCCESS',
      results: { size: 2, reservation: { id: 200 }, volumeId: 'v-200', host: 'h1' },
      failures: {},
      revertFailures: {},
      error: undefined,
      unmet: [],
    })
    expect(effects).toEqual(['reserve 2', 'create 200', 'announce v-200'])
    expect(run.transitions.at(0)).toBe('create-volume (flow): PENDING → RUNNING')
    expect(run.transitions.at(-1)).toBe('create-volume (flow): RUNNING → SUCCESS')
    expectTypeOf(run.results.volumeId).toEqualTypeOf<string | undefined>()
    expect(run.engine.storage.fetch('host')).toBe('h1')
  })

  test('does not throw what atoms throw', async () => {
    const boom = new Error('boom')
    const flow = linear('f').add(
      task('a', {
        execute: () => {},
        revert() {
          throw new TypeError('stuck')
        },
      }),
      task('b', {
        execute() {
          throw boom
        },
      }),
    )
    const run = await runFlow(flow)
    expect(run.state).toBe('FAILURE')
    expect(run.failures['b']?.thrown).toBe(boom)
    expect(run.revertFailures['a']?.message).toBe('stuck')
    expect(run.error).toMatchObject({ message: 'stuck' })
  })

  test('throws what happens before anything starts, and when it cannot write', async () => {
    const { flow } = volumes()
    const store = {} as { size: number }
    await expect(runFlow(flow, { store })).rejects.toThrow(MissingDependenciesError)
    const backend = memory()
    await backend.close()
    await expect(runFlow(flow, { store: { size: 1 }, backend })).rejects.toThrow(StorageError)
  })

  test('takes the options of load', async () => {
    const { flow } = volumes()
    const backend = memory()
    const { engine } = await runFlow(flow, { store: { size: 1 }, backend, engine: 'parallel' })
    expect(await loadFlowDetail(backend, engine.storage.flowUuid)).toMatchObject({
      state: 'SUCCESS',
    })
    // @ts-expect-error a store must be given
    const unstored = runFlow(flow)
    expect(await errorOf(unstored)).toBeInstanceOf(MissingDependenciesError)
    const wrong = { engine: 'serial', maxWorkers: 2, store: { size: 1 } } as const
    expect(await errorOf(runFlow(flow, wrong))).toMatchObject({
      message: expect.stringContaining('a serial engine has no maxWorkers'),
    })
  })

  test('can be suspended', async () => {
    const { flow } = volumes()
    const run = await runFlow(flow, { store: { size: 1 }, signal: AbortSignal.abort() })
    expect([run.state, run.error]).toEqual(['SUSPENDED', undefined])
  })

  test.each(['serial', 'parallel'] as const)(
    '%s starts as many atoms as such an engine',
    async (engine) => {
      let busy = 0
      let most = 0
      const wait = (name: string) =>
        task(name, {
          async execute() {
            busy += 1
            most = Math.max(most, busy)
            await new Promise((go) => setTimeout(go, 1))
            busy -= 1
          },
        })
      await runFlow(unordered('u').add(wait('a'), wait('b'), wait('c')), { engine })
      expect(most).toBe(engine === 'serial' ? 1 : 3)
      most = 0
      const executor = concurrent({ maxWorkers: 2 })
      await runFlow(unordered('u').add(wait('a'), wait('b'), wait('c')), {
        engine: 'parallel',
        executor,
      })
      expect(most).toBe(2)
    },
  )
})

describe('a stub', () => {
  test('stands in for a task by name, and its revert does nothing', async () => {
    const { flow, effects } = volumes()
    const run = await runFlow(flow, {
      store: { size: 3 },
      stubs: {
        'reserve-quota': ({ size }) => {
          expectTypeOf(size).toEqualTypeOf<number>()
          return { id: size }
        },
      },
      failures: [failAt('announce')],
    })
    expect(run.state).toBe('REVERTED')
    expect(effects).toEqual(['create 3', 'remove'])
  })

  test('stands in for a task that is at hand, with its types', async () => {
    const { flow, effects, reserveQuota, createEntry } = volumes()
    const run = await runFlow(flow, {
      store: { size: 3 },
      stubs: [
        stub(reserveQuota, async ({ size }, { attempt }) => ({ id: size + attempt })),
        stub(createEntry, ({ reservation }) => ({ volumeId: `s-${reservation.id}`, host: 'h' })),
      ],
    })
    expect(run.results).toMatchObject({ reservation: { id: 4 }, volumeId: 's-4', host: 'h' })
    expect(effects).toEqual(['announce s-4'])
    // @ts-expect-error the reservation has an id
    stub(reserveQuota, () => ({ name: 'x' }))
    // @ts-expect-error size is a number
    stub(reserveQuota, ({ size }) => ({ id: size.length }))
    // @ts-expect-error a volume has a host, too
    stub(createEntry, () => ({ volumeId: 'v' }))
    // @ts-expect-error by symbol: it is not called quota in the flow
    stub(createEntry, ({ quota }) => ({ volumeId: quota, host: 'h' }))
    const pair = task('pair', { provides: ['a', 'b'], execute: () => [1, 'x'] })
    stub(pair, () => [2, 'y'])
    stub(task('none', { execute: () => {} }), () => 'whatever')
  })

  test('may know more of its inputs than the type of the flow', async () => {
    const loop = linear('loop')
    for (const name of ['a', 'b']) {
      loop.add(...([task(name, { provides: `${name}-out`, execute: () => 1 })] as never[]))
    }
    const { flow } = volumes()
    loop.add(...([task('last', { requires: ['a-out'], execute: () => 0 })] as never[]))
    const { results } = await runFlow(loop as Flow<object, object>, {
      stubs: { a: () => 'stubbed', last: ({ 'a-out': out }: { 'a-out': string }) => out.length },
    })
    expect(results).toEqual({ 'a-out': 'stubbed', 'b-out': 1 })
    const store = { size: 1 }
    // @ts-expect-error the size is a number
    await runFlow(flow, { store, stubs: { announce: ({ size }: { size: string }) => size } })
    // @ts-expect-error the flow has no such symbol
    await runFlow(flow, { store, stubs: { announce: ({ price }: { price: string }) => price } })
  })

  test('may stand in for revert alone, or for both', async () => {
    const { flow, effects, reserveQuota } = volumes()
    const seen: unknown[] = []
    const run = await runFlow(flow, {
      store: { size: 3 },
      stubs: [
        stub(reserveQuota, {
          revert({ size, result }, { idempotencyKey }: TaskContext) {
            seen.push(size, result, idempotencyKey.endsWith(':revert'))
          },
        }),
      ],
      failures: [failAt('announce')],
    })
    expect(run.state).toBe('REVERTED')
    expect(seen).toEqual([undefined, { id: 300 }, true]) // revert does not ask for the size
    expect(effects).toEqual(['reserve 3', 'create 300', 'remove'])

    const both = await runFlow(volumes(effects).flow, {
      store: { size: 3 },
      stubs: {
        'create-entry': {
          execute: ({ reservation }) => ({ volumeId: `${reservation.id}`, host: 'x' }),
          revert: () => effects.push('stubbed revert'),
        },
      },
      failures: [failAt('announce')],
    })
    expect(both.state).toBe('REVERTED')
    expect(effects.slice(3)).toEqual(['reserve 3', 'stubbed revert', 'release 300'])
  })

  test('of an unknown name, or that is no function, is refused', async () => {
    const { flow, effects } = volumes()
    const store = { size: 1 }
    const unknown = await errorOf(runFlow(flow, { store, stubs: { 'reserve-quote': () => 1 } }))
    expect(unknown).toBeInstanceOf(RangeError)
    expect((unknown as Error).message).toBe(
      "flow 'create-volume' has no atom 'reserve-quote' to stub: it has 'reserve-quota', 'create-entry', 'announce'",
    )
    for (const wrong of [1, {}, { execute: 1 }, null]) {
      const error = await errorOf(runFlow(flow, { store, stubs: { announce: wrong as never } }))
      expect(error).toBeInstanceOf(TypeError)
    }
    expect(effects).toEqual([])
  })

  test.each([
    { returned: { volumeId: 'v' }, says: "'host': return what its execute would, an object with" },
    { returned: undefined, says: "'volumeId', 'host': return" },
    { returned: Promise.resolve(7), says: "'volumeId', 'host': return" },
  ])('that returns $returned for two symbols is refused', async ({ returned, says }) => {
    const run = runFlow(volumes().flow, {
      store: { size: 1 },
      stubs: { 'create-entry': () => returned },
    })
    const error = (await errorOf(run)) as Error
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain(`the stub of 'create-entry' returned nothing for ${says}`)
  })

  test('that returns too short a list is refused', async () => {
    const pair = task('pair', { provides: ['a', 'b'], execute: () => [1, 2] })
    const error = await errorOf(runFlow(linear('f').add(pair), { stubs: { pair: () => [1] } }))
    expect((error as Error).message).toBe(
      "the stub of 'pair' returned nothing for 'b': return what its execute would, a list with a value for each",
    )
  })
})

describe('a forced failure', () => {
  test('happens before the effect, so that the code is not called', async () => {
    const { flow, effects } = volumes()
    const run = await runFlow(flow, { store: { size: 1 }, failures: [failAt('create-entry')] })
    expect(run.state).toBe('REVERTED')
    expect(run.error).toEqual(new SimulatedError("execute of 'create-entry' was forced to fail"))
    expect(effects).toEqual(['reserve 1', 'remove', 'release 100'])
  })

  test('or after it, so that its result is lost', async () => {
    const { flow, effects, reserveQuota } = volumes()
    const error = new Error('no answer')
    const failures = [failAt(reserveQuota, { when: 'after', error })]
    const run = await runFlow(flow, { store: { size: 1 }, failures })
    expect(run.failures['reserve-quota']?.thrown).toBe(error)
    expect(effects).toEqual(['reserve 1', 'release nothing'])
  })

  test('of a revert breaks the flow', async () => {
    const { flow, effects } = volumes()
    const failures = [failAt('announce'), failAt('create-entry', { direction: 'revert' })]
    const run = await runFlow(flow, { store: { size: 1 }, failures })
    expect(run.state).toBe('FAILURE')
    expect(Object.keys(run.revertFailures)).toEqual(['create-entry'])
    expect(effects).toEqual(['reserve 1', 'create 100'])
  })

  test.each([
    { failures: [failAt('a')], attempts: [2], state: 'SUCCESS' },
    { failures: [failAt('a', { attempt: 2 })], attempts: [1], state: 'SUCCESS', unmet: 1 },
    { failures: [failAt('a'), failAt('a', { attempt: 2 })], attempts: [3], state: 'SUCCESS' },
    { failures: [failAt('a', { attempt: 'every' })], attempts: [], state: 'REVERTED' },
  ])('happens at its attempt: $failures', async ({ failures, attempts, state, unmet = 0 }) => {
    const seen: number[] = []
    const a = task('a', {
      execute: (_: object, { attempt }: TaskContext) => void seen.push(attempt),
      requires: [],
    })
    const run = await runFlow(linear('f', { retry: times(3) }).add(a), { failures })
    expect([run.state, seen, run.unmet.length]).toEqual([state, attempts, unmet])
  })

  test('may be one of a retry', async () => {
    const flow = linear('f', { retry: times(3) }).add(task('a', { execute: () => {} }))
    const run = await runFlow(flow, { failures: [failAt('f_retry')] })
    expect([run.state, Object.keys(run.failures)]).toEqual(['REVERTED', ['f_retry']])
  })

  test('of an unknown atom, or at no attempt, is refused', async () => {
    const run = runFlow(volumes().flow, { store: { size: 1 }, failures: [failAt('nope')] })
    await expect(run).rejects.toThrow("has no atom 'nope' to make fail")
    expect(() => failAt('a', { attempt: 0 })).toThrow(RangeError)
    expect(() => failAt('a', { attempt: 1.5 })).toThrow(
      'attempt must be a whole number of at least 1, got 1.5',
    )
  })
})
