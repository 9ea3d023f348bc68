import { describe, expect, test } from 'vitest'
import { type Engine, graph, linear, memory, unordered } from '../../src/index.ts'
import { diaryOf, recording } from './recording.ts'
import { loadLoosely, workshop } from './steps.ts'

describe('a listener that suspends', () => {
  test.each([{ backend: undefined }, { backend: memory() }])(
    'is heard after all listeners have heard of the move: $backend',
    async ({ backend }) => {
      const { step } = workshop()
      const engine = loadLoosely(linear('f').add(step('a'), step('b')), { backend })
      engine.atomNotifier.register('*', (state) => {
        if (state === 'SUCCESS') void engine.suspend()
      })
      const diary = diaryOf(engine)
      await engine.run()
      expect(diary).toEqual([
        'flow RUNNING',
        'a RUNNING',
        'a SUCCESS',
        'flow SUSPENDING',
        'flow SUSPENDED',
      ])
    },
  )

  test.each(['tick', 'move'] as const)(
    'at the flow’s own RUNNING keeps every atom from starting, with a transaction per %s',
    async (commit) => {
      const { step, names } = workshop()
      const engine = loadLoosely(unordered('f').add(step('a'), step('b')), {
        engine: 'parallel',
        commit,
      })
      engine.notifier.register('RUNNING', () => void engine.suspend())
      await engine.run()
      expect(names()).toEqual([])
      expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    },
  )

  test('at the start of one atom keeps the next from starting where each move is told alone', async () => {
    const { step, names } = workshop()
    const engine = loadLoosely(unordered('f').add(step('a'), step('b')), {
      engine: 'parallel',
      commit: 'move',
    })
    engine.atomNotifier.register('RUNNING', () => void engine.suspend())
    await engine.run()
    expect(names()).toEqual(['a'])
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
  })
})

test('who suspends while atoms are being ignored does not store half of it', async () => {
  const backend = recording()
  const { step } = workshop()
  const watches = async (): Promise<void> => {
    for (let i = 0; i < 1_000 && engine.storage.getAtomState('b') !== 'IGNORE'; i += 1) {
      await null
    }
    void engine.suspend()
  }
  const [a, b, c] = [step('a', { does: async () => {} }), step('b'), step('c')] as const
  const flow = graph('f').add(a, b, c, step('watcher', { does: watches }))
  flow.link(a, b, { decider: () => false }).link(b, c)
  const engine: Engine = loadLoosely(flow, { backend, engine: 'parallel' })
  await engine.run()
  const ignored = backend.checkpoints.map(({ atoms }) =>
    atoms.filter(({ state }) => state === 'IGNORE').map(({ name }) => name),
  )
  expect(ignored.filter(({ length }) => length > 0)).toEqual([['b', 'c']])
})
