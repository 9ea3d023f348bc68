/**
 * What is promised beyond TaskFlow, each with its number in docs/differences.md.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  Failure,
  forEach,
  graph,
  linear,
  loadFlowDetail,
  type MissingDependenciesError,
  memory,
  type NotStorableError,
  retry,
  type Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { runUntilCrash } from './crash.ts'
import { errorOf, loadLoosely, statesOf, workshop } from './steps.ts'
import { suspendedAfter } from './suspended-flows.ts'

// Number 13, an owner's epoch that fences older engines out, has fencing.test.ts.

describe('1 a result that cannot be stored is the failure of its atom', () => {
  const bad = { deep: [1, { run: () => 'no data' }] }

  test('a retry tries again', async () => {
    const { step, names } = workshop()
    const flow = linear('f', { retry: times(2) }).add(
      step('a', { provides: 'x', does: ({ attempt }) => (attempt === 1 ? bad : 'good') }),
    )
    const engine = loadLoosely(flow, { backend: memory() })
    await engine.run()
    expect(names()).toEqual(['a', 'a revert', 'a'])
    expect(engine.storage.fetch('x')).toBe('good')
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('without a retry everything is reverted, and the error names the path', async () => {
    const { step, names } = workshop()
    const flow = linear('f').add(step('a'), step('b', { does: () => bad }))
    const engine = loadLoosely(flow, { backend: memory() })
    const error = (await errorOf(engine.run())) as NotStorableError
    expect(error).toMatchObject({ code: 'NOT_STORABLE', path: '$.deep[1].run' })
    expect(names()).toEqual(['a', 'b', 'b revert', 'a revert'])
    expect(engine.storage.getFlowState()).toBe('REVERTED')
  })

  test('a retry whose value cannot be stored is judged by the retry around it', async () => {
    let attempt = 0
    const inner = retry('inner', {
      execute: () => {
        attempt += 1
        return attempt === 1 ? bad : attempt
      },
      onFailure: () => 'REVERT',
    })
    const { step, names } = workshop()
    const flow = linear('f', { retry: times(2) }).add(linear('g', { retry: inner }).add(step('a')))
    const engine = loadLoosely(flow, { backend: memory() })
    await engine.run()
    expect(names()).toEqual(['a'])
    expect(engine.storage.getRetryHistory('inner').provided()).toEqual([2])
  })

  test('a revert whose result cannot be stored is REVERT_FAILURE', async () => {
    const { step, bad: failing } = workshop()
    const flow = linear('f').add(step('a', { undoes: () => bad }), failing('b'))
    const engine = loadLoosely(flow, { backend: memory() })
    expect(await errorOf(engine.run())).toMatchObject({ code: 'NOT_STORABLE' })
    expect(statesOf(engine)).toEqual({ a: 'REVERT_FAILURE', b: 'REVERTED' })
  })
})

describe('2 failures fixed by a retry do not reappear', () => {
  /** b fails once and is fixed; c fails for good. */
  function fixedThenBroken() {
    const { step, bad, calls } = workshop()
    const flow = linear('f').add(
      linear('fixed', { retry: times(2) }).add(
        step('b', {
          does({ attempt }) {
            if (attempt === 1) throw new Error('b is broken once')
          },
        }),
      ),
      bad('c'),
    )
    return { flow, calls }
  }

  test('in flowFailures, in getFailures and in the final error', async () => {
    const { flow, calls } = fixedThenBroken()
    const engine = loadLoosely(flow)
    const error = await errorOf(engine.run())
    expect(error).toBe(engine.storage.getFailures()['c']?.thrown)
    expect(Object.keys(engine.storage.getFailures())).toEqual(['c'])
    const last = calls.filter(({ name }) => name === 'b revert').at(-1)
    expect(Object.keys(last?.inputs['flowFailures'] as object)).toEqual(['c'])
  })

  test('after a reload either', async () => {
    const remains = await runUntilCrash(fixedThenBroken().flow, {
      at: ({ atoms }) => atoms.some(({ name, state }) => name === 'c' && state === 'REVERTING'),
      when: 'before',
    })
    expect(remains?.detail).toBeDefined()
    const { flow, calls } = fixedThenBroken()
    const engine = loadLoosely(flow, { flowDetail: remains?.detail })
    expect(await errorOf(engine.run())).toMatchObject({ message: 'c is broken' })
    expect(calls.map(({ name }) => name)).toEqual(['c', 'c revert', 'b revert'])
    expect(Object.keys(calls.at(-1)?.inputs['flowFailures'] as object)).toEqual(['c'])
  })
})

describe('3 retry history and retry revert results survive a reload unchanged', () => {
  const values = [{ host: 'x' }, ['y', 2], 'z']
  function fails(count: number) {
    const { step, calls } = workshop()
    const does = ({ attempt }: { readonly attempt: number }): void => {
      if (attempt <= count) throw new Error(`attempt ${attempt} is broken`)
    }
    const controller = forEach(values, { name: 'r', provides: 'value' })
    const flow = linear('f', { retry: controller }).add(step('a', { requires: ['value'], does }))
    return { flow, calls }
  }

  test('a loop over values goes on with the value whose turn it is', async () => {
    const remains = await runUntilCrash(fails(2).flow, {
      at: ({ atoms }) =>
        atoms.some(({ name, meta }) => name === 'r' && meta.includes('"attempt":3')),
      when: 'before',
    })
    const { flow, calls } = fails(2)
    const engine = loadLoosely(flow, { flowDetail: remains?.detail })
    expect(engine.storage.getRetryHistory('r').provided()).toEqual(values.slice(0, 2))
    await engine.run()
    const history = engine.storage.getRetryHistory('r')
    expect(calls.filter(({ name }) => name === 'a').map(({ inputs }) => inputs)).toEqual([
      { value: 'z' },
    ])
    expect(history.provided()).toEqual(values)
    expect(history.outcomes().map(([atom, { message }]) => `${atom}: ${message}`)).toEqual([
      'a: attempt 1 is broken',
      'a: attempt 2 is broken',
    ])
  })

  test('what the revert of a retry returned can be read', async () => {
    const backend = memory()
    const controller = retry('r', {
      execute: () => 1,
      onFailure: () => 'REVERT',
      revert: () => ({ undone: ['r'] }),
    })
    const { bad } = workshop()
    const engine = loadLoosely(linear('f', { retry: controller }).add(bad('a')), { backend })
    await errorOf(engine.run())
    const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
    const again = loadLoosely(linear('f'), { flowDetail })
    expect(again.storage.getRevertResult('r')).toEqual({ undone: ['r'] })
  })
})

describe('4 optional inputs without a visible result take their default', () => {
  const taker = (name: string, seen: unknown[]): Task =>
    task(name, {
      execute({ x = 'default' }: { x?: unknown }) {
        seen.push(x)
      },
    }) as unknown as Task

  test('when the provider stands beside it', async () => {
    const seen: unknown[] = []
    const { step } = workshop()
    await loadLoosely(unordered('f').add(step('a', { provides: 'x' }), taker('b', seen))).run()
    expect(seen).toEqual(['default'])
  })

  test('when the provider comes later', async () => {
    const seen: unknown[] = []
    const { step } = workshop()
    await loadLoosely(linear('f').add(taker('b', seen), step('a', { provides: 'x' }))).run()
    expect(seen).toEqual(['default'])
  })

  test('when the provider is ignored', async () => {
    const seen: unknown[] = []
    const { step } = workshop()
    const [start, a, b] = [step('start'), step('a', { provides: 'x' }), taker('b', seen)] as const
    const flow = graph('f')
      .add(start, a, b)
      .link(start, a, { decider: () => false, depth: 'ATOM' })
      .link(a, b)
    await loadLoosely(flow).run()
    expect(seen).toEqual(['default'])
  })

  test('when every object has something of that name', async () => {
    const seen: unknown[] = []
    const one = task('one', {
      execute({ constructor: made = 'default' }: { constructor?: unknown }) {
        seen.push(made)
      },
      revert({ constructor: made = 'default' }: { constructor?: unknown }) {
        seen.push(made)
      },
    }) as unknown as Task
    const { bad } = workshop()
    await errorOf(loadLoosely(linear('f').add(one, bad('bad'))).run())
    expect(seen).toEqual(['default', 'default'])
  })

  test('when the provider was added later and has not run', async () => {
    const { step, bad, calls } = workshop()
    const { storage } = await suspendedAfter('b', [step('a'), step('b'), step('c')])
    const flow = linear('f').add(
      step('a'),
      bad('new', { provides: 'x' }),
      step('b', { optional: ['x'] }),
    )
    const engine = loadLoosely(flow, { flowDetail: storage.flowDetail, accept: ['inserted'] })
    engine.storage.flowDetail.state = 'RUNNING'
    for (const name of ['a', 'b']) {
      const detail = storage.flowDetail.find(name)
      if (detail !== undefined) detail.intention = 'REVERT'
    }
    await errorOf(engine.run())
    expect(calls.find(({ name }) => name === 'b revert')?.inputs).not.toHaveProperty('x')
  })
})

describe('5 fetch and fetchAll give values', () => {
  async function broken() {
    const { step, bad } = workshop()
    const flow = linear('f').add(step('a', { provides: 'x' }), bad('b', { provides: 'y' }))
    const engine = loadLoosely(flow, { neverResolve: true, store: { z: 1 } })
    await errorOf(engine.run())
    return engine
  }

  test('a provider that failed is NOT_FOUND', async () => {
    const { storage } = await broken()
    expect(() => storage.fetch('y')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    expect(storage.fetchAll()).toEqual({ x: 'a', z: 1 })
  })

  test('its failure is read through getFailures', async () => {
    const { storage } = await broken()
    expect(storage.getFailures()['b']?.message).toBe('b is broken')
  })

  test('with failures, the form of TaskFlow is given', async () => {
    const { storage } = await broken()
    expect(storage.fetch('y', { failures: true })).toBeInstanceOf(Failure)
    expect(storage.fetchAll({ failures: true })).toEqual({
      x: 'a',
      y: storage.getFailures()['b'],
      z: 1,
    })
  })

  test('one value comes of several providers, a list only in the form of TaskFlow', async () => {
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a', { provides: 'x' })), { store: { x: 99 } })
    await engine.run()
    expect(engine.storage.fetchAll()).toEqual({ x: 99 })
    expect(engine.storage.fetchAll({ failures: true })).toEqual({ x: [99, 'a'] })
  })
})

describe('6 reset checks first and changes nothing when it is not allowed', () => {
  test('of a flow that ended FAILURE', async () => {
    const { step, bad, names } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), bad('b')), { neverResolve: true })
    await errorOf(engine.run())
    await expect(engine.reset()).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(statesOf(engine)).toEqual({ a: 'SUCCESS', b: 'FAILURE' })
    await errorOf(engine.run())
    expect(names()).toEqual(['a', 'b'])
  })

  test('of a flow that is SUSPENDED', async () => {
    const { step, names } = workshop()
    const engine = await suspendedAfter('a', [step('a'), step('b')])
    await expect(engine.reset()).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await engine.run()
    expect(names()).toEqual(['a', 'b'])
  })
})

describe('7 suspending always ends SUSPENDED when work is left', () => {
  test('on a parallel engine with more ready than there is room for', async () => {
    const { step, names } = workshop()
    const suspend = (): Promise<void> => engine.suspend()
    const atoms = ['a', 'b', 'c', 'd'].map((name) => step(name, { does: suspend }))
    const engine = loadLoosely(unordered('f').add(...atoms), { engine: 'parallel', maxWorkers: 2 })
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(statesOf(engine)).toEqual({ a: 'SUCCESS', b: 'SUCCESS', c: 'PENDING', d: 'PENDING' })
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
    expect(names()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a serial engine starts nothing more after a suspension', async () => {
    const { step, names } = workshop()
    const engine = loadLoosely(
      unordered('f').add(step('a', { does: () => engine.suspend() }), step('b'), step('c')),
    )
    await engine.run()
    expect(names()).toEqual(['a'])
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
  })

  test('a serial engine starts nothing more after a failure, and reverts only what ran', async () => {
    const { step, bad, names } = workshop()
    const engine = loadLoosely(unordered('f').add(step('a'), bad('b'), step('c')))
    await errorOf(engine.run())
    expect(names()).toEqual(['a', 'b', 'b revert', 'a revert'])
    expect(statesOf(engine)).toEqual({ a: 'REVERTED', b: 'REVERTED', c: 'PENDING' })
  })
})

describe('8 MISSING_DEPENDENCIES names the symbol and the argument', () => {
  test('of execute and of revert', async () => {
    const { step } = workshop()
    const renamed = task('renamed', {
      rebind: { size: 'rawSize' },
      execute({ size }: { size: number }) {
        return size
      },
      revert({ reason }: { reason: string }) {
        return reason
      },
    })
    const engine = loadLoosely(linear('f').add(step('a', { requires: ['image'] }), renamed))
    const error = (await errorOf(engine.run())) as MissingDependenciesError
    expect(error.code).toBe('MISSING_DEPENDENCIES')
    expect(error.missingRequirements).toEqual(['image', 'rawSize', 'reason'])
    expect(error.missing).toEqual([
      { atom: 'a', method: 'execute', argument: 'image', symbol: 'image' },
      { atom: 'a', method: 'revert', argument: 'image', symbol: 'image' },
      { atom: 'renamed', method: 'execute', argument: 'size', symbol: 'rawSize' },
      { atom: 'renamed', method: 'revert', argument: 'reason', symbol: 'reason' },
    ])
    expect(error.message).toMatch(/'rawSize' for the argument 'size'/)
  })
})
