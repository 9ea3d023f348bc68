import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  type Engine,
  type EngineOptions,
  graph,
  linear,
  loadFlowDetail,
  type Task,
  type TaskContext,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'

type Stop = (engine: Engine) => void

const STOPS: readonly { readonly how: string; readonly stop: Stop }[] = [
  {
    how: 'suspend, then cancel',
    stop: (engine) => {
      void engine.suspend()
      void engine.cancel('enough')
    },
  },
  {
    how: 'cancel, then suspend',
    stop: (engine) => {
      void engine.cancel('enough')
      void engine.suspend()
    },
  },
  {
    how: 'suspend, cancel, suspend',
    stop: (engine) => {
      void engine.suspend()
      void engine.cancel('enough')
      void engine.suspend()
    },
  },
]

const PARALLEL = { engine: 'parallel' } as const

/** Does something once, when an atom has entered a state. */
function once(engine: Engine, atom: string, state: string, work: () => void): void {
  let isDone = false
  engine.atomNotifier.register('*', (entered, moved) => {
    const name = 'taskName' in moved ? moved.taskName : moved.retryName
    if (isDone || name !== atom || entered !== state) return
    isDone = true
    work()
  })
}

/** A task that runs until its signal is aborted. */
function slow(onRevert = (): void => {}): Task {
  return task('slow', {
    requires: [],
    async execute(_inputs: object, { signal }: TaskContext) {
      await setTimeout(60_000, undefined, { signal }).catch(() => {})
    },
    revert: onRevert,
  }) as Task
}

describe.each(STOPS)('a listener that asks at once: $how', ({ stop }) => {
  test.each<EngineOptions>([PARALLEL, { ...PARALLEL, commit: 'move' }])(
    'has what runs stopped, and only that reverted which ran, with %j',
    async (options) => {
      const { step, names } = workshop()
      const undone: string[] = []
      const flow = unordered('f').add(
        linear('l').add(step('a'), step('b')),
        slow(() => void undone.push('slow')),
      )
      const engine = loadLoosely(flow, { ...options, backend: recording() })
      once(engine, 'a', 'SUCCESS', () => stop(engine))
      await errorOf(engine.run())
      if (engine.storage.getFlowState() === 'SUSPENDED') await errorOf(engine.run())
      expect(engine.storage.getFlowState()).toBe('REVERTED')
      expect([names(), undone]).toEqual([['a', 'a revert'], ['slow']])
      expect(engine.storage.flowDetail.find('b')).toMatchObject({ state: 'PENDING', attempt: 0 })
    },
  )
})

describe('a start that is withdrawn', () => {
  test('leaves the record as it was, also when it was stored as RUNNING', async () => {
    const backend = recording()
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), step('b')), { backend })
    once(engine, 'a', 'SUCCESS', () => void engine.suspend())
    await engine.run()
    const states = backend.checkpoints
      .flatMap(({ atoms }) => atoms)
      .filter(({ name }) => name === 'b')
      .map(({ state }) => state)
    expect(states).toContain('RUNNING')
    const stored = (await loadFlowDetail(backend, engine.storage.flowUuid)).find('b')
    expect(stored).toMatchObject({ state: 'PENDING', attempt: 0 })
    expect([stored?.progress, stored?.provisions]).toEqual([undefined, undefined])
  })

  test('of a retry’s next attempt leaves what was undone undone, and reverts the retry when cancelled', async () => {
    const { step, bad, names } = workshop()
    const flow = linear('f', { retry: times(3, { name: 'r' }) }).add(step('a'), bad('b'))
    const engine = loadLoosely(flow)
    once(engine, 'a', 'REVERTED', () => {
      void engine.suspend()
      void engine.cancel('enough')
    })
    expect(await errorOf(engine.run())).toMatchObject({ code: 'CANCELLED' })
    expect(names()).toEqual(['a', 'b', 'b revert', 'a revert'])
    expect(engine.storage.getAtomState('r')).toBe('REVERTED')
    expect(engine.storage.getAtomState('a')).toBe('REVERTED')
  })

  test('of a retry’s next attempt is made again by the next run', async () => {
    const { step, bad, names } = workshop()
    const flow = linear('f', { retry: times(2, { name: 'r' }) }).add(step('a'), bad('b'))
    const engine = loadLoosely(flow, { backend: recording() })
    once(engine, 'a', 'REVERTED', () => void engine.suspend())
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(engine.storage.getRetryHistory('r').length).toBe(1)
    await errorOf(engine.run())
    expect(names().filter((name) => name === 'a')).toHaveLength(2)
  })
})

describe('a wish that is acknowledged while a start is being written', () => {
  const wishes = [
    { wish: 'suspend', ask: (engine: Engine) => engine.suspend() },
    { wish: 'cancel', ask: (engine: Engine) => engine.cancel('stop') },
  ]
  const modes: readonly EngineOptions[] = [
    {},
    { commit: 'move' },
    PARALLEL,
    { ...PARALLEL, commit: 'move' },
  ]
  test.each(wishes.flatMap((one) => modes.map((options) => ({ ...one, options }))))(
    'keeps the atom from being called: $wish, $options',
    async ({ ask, options }) => {
      const backend = recording()
      const { step, names } = workshop()
      const engine = loadLoosely(linear('f').add(step('a'), step('b')), { ...options, backend })
      const log: string[] = []
      backend.beforeSave = ({ atoms }) => {
        if (log.length > 0) return
        if (!atoms.some(({ name, state }) => name === 'b' && state === 'RUNNING')) return
        log.push('asked')
        void ask(engine).then(() => log.push(names().includes('b') ? 'called' : 'not called'))
      }
      await errorOf(engine.run())
      expect(log).toEqual(['asked', 'not called'])
      expect(names()).not.toContain('b')
    },
  )
})

describe('a serial engine', () => {
  const shapes = [
    { shape: 'unordered', make: unordered },
    { shape: 'graph', make: graph },
  ] as const
  test.each(shapes)('tells an outcome before the next atom starts: $shape', async ({ make }) => {
    const { step, names } = workshop()
    const engine = loadLoosely((make as typeof unordered)('f').add(step('a'), step('b'), step('c')))
    const ran: string[][] = []
    engine.atomNotifier.register('SUCCESS', () => void ran.push([...names()]))
    await engine.run()
    expect(ran).toEqual([['a'], ['a', 'b'], ['a', 'b', 'c']])
  })

  test('that is driven by hand tells an outcome before the next atom starts', async () => {
    const { step, names } = workshop()
    const engine = loadLoosely(unordered('f').add(step('a'), step('b'), step('c')))
    once(engine, 'a', 'SUCCESS', () => void engine.suspend())
    for await (const _ of engine.runIter());
    expect(names()).toEqual(['a'])
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
  })

  test('tells the outcomes of a batch at its end, where each move is a transaction', async () => {
    const { step, names } = workshop()
    const engine = loadLoosely(unordered('f').add(step('a'), step('b')), { commit: 'move' })
    const ran: string[][] = []
    engine.atomNotifier.register('SUCCESS', () => void ran.push([...names()]))
    await engine.run()
    expect(ran).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  test('makes one transaction for each atom of a batch', async () => {
    const backend = recording()
    const { step } = workshop()
    const atoms = Array.from({ length: 10 }, (_, i) => step(`t${i}`))
    await loadLoosely(unordered('f').add(...atoms), { backend }).run()
    expect(backend.checkpoints.length).toBe(12)
  })

  test('that is suspended at an atom which is ignored leaves missing inputs to the next run', async () => {
    const { step, names } = workshop()
    const [a, b] = [step('a'), step('b', { provides: 'x' })]
    const flow = graph('f').add(a, b, step('c', { requires: ['x'] }))
    flow.link(a, b, { decider: () => false, depth: 'ATOM' })
    const engine = loadLoosely(flow)
    once(engine, 'b', 'IGNORE', () => void engine.suspend())
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(engine.storage.getAtomState('c')).toBe('PENDING')
    expect(await errorOf(engine.run())).toMatchObject({ code: 'NOT_FOUND' })
    expect(names()).toEqual(['a'])
  })
})

describe('a cancel of a run that is broken', () => {
  test('still tells the atoms under way to stop', async () => {
    const { bad } = workshop()
    const engine = loadLoosely(unordered('f').add(bad('a'), slow()), {
      ...PARALLEL,
      neverResolve: true,
    })
    once(engine, 'a', 'FAILURE', () => void engine.cancel('enough'))
    expect(await errorOf(engine.run())).toMatchObject({ message: 'a is broken' })
    expect(engine.storage.getAtomState('slow')).toBe('SUCCESS')
  })
})
