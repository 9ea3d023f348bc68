import { describe, expect, test } from 'vitest'
import { linear, loadFlowDetail, memory, type Phase, unordered } from '../../src/index.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'

async function phasesOf(steps: AsyncIterable<string>): Promise<string[]> {
  const phases: string[] = []
  for await (const phase of steps) phases.push(phase)
  return phases
}

describe('runIter', () => {
  test('gives each phase, and the final state at last', async () => {
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), step('b')))
    const round = ['SCHEDULING', 'WAITING', 'ANALYZING']
    expect(await phasesOf(engine.runIter())).toEqual(['RESUMING', ...round, ...round, 'SUCCESS'])
  })

  test('gives all phases once for a flow without atoms', async () => {
    const phases = await phasesOf(loadLoosely(linear('f')).runIter())
    expect(phases).toEqual(['RESUMING', 'SCHEDULING', 'WAITING', 'ANALYZING', 'SUCCESS'])
  })

  test('gives REVERTED, and throws what the task threw', async () => {
    const { bad } = workshop()
    const phases: string[] = []
    const engine = loadLoosely(linear('f').add(bad('a')))
    const error = await errorOf(
      (async () => {
        for await (const phase of engine.runIter()) phases.push(phase)
      })(),
    )
    expect(phases.at(-1)).toBe('REVERTED')
    expect(error).toMatchObject({ message: 'a is broken' })
  })

  test('does not give FAILURE, and throws what broke the flow', async () => {
    const { bad } = workshop()
    const phases: string[] = []
    const engine = loadLoosely(linear('f').add(bad('a')), { neverResolve: true })
    const error = await errorOf(
      (async () => {
        for await (const phase of engine.runIter()) phases.push(phase)
      })(),
    )
    expect(phases.at(-1)).toBe('ANALYZING')
    expect(error).toMatchObject({ message: 'a is broken' })
    expect(engine.storage.getFlowState()).toBe('FAILURE')
  })

  test('does nothing before the first phase is asked for', async () => {
    const { step, names } = workshop()
    const engine = loadLoosely(linear('f').add(step('a')))
    const steps = engine.runIter()
    expect(engine.storage.getFlowState()).toBe('PENDING')
    await steps.return()
    expect(engine.storage.getFlowState()).toBe('PENDING')
    await engine.run()
    expect(names()).toEqual(['a'])
  })
})

describe('whoever leaves the loop early', () => {
  for (const kind of ['serial', 'parallel'] as const) {
    test.each(Array.from({ length: 9 }, (_, i) => i + 1))(
      `suspends the ${kind} engine at step %i, and running again finishes`,
      async (at) => {
        const backend = memory()
        const { step, names } = workshop()
        const flow = linear('f').add(step('a'), unordered('g').add(step('b'), step('c')))
        const engine = loadLoosely(flow, { engine: kind, backend })
        let count = 0
        let last: Phase | string | undefined
        for await (const phase of engine.runIter()) {
          last = phase
          count += 1
          if (count === at) break
        }
        const state = engine.storage.getFlowState()
        expect(state).toBe(names().length === 3 ? 'SUCCESS' : 'SUSPENDED')
        const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
        expect(stored.state, `at ${last}`).toBe(state)
        await engine.run()
        expect(names()).toEqual(['a', 'b', 'c'])
        expect(engine.storage.getFlowState()).toBe('SUCCESS')
      },
    )
  }

  test('has waited for what is under way', async () => {
    const release = Promise.withResolvers<void>()
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a', { does: () => release.promise })))
    for await (const phase of engine.runIter()) {
      if (phase !== 'WAITING') continue
      setTimeout(release.resolve, 5)
      break
    }
    expect(engine.storage.getAtomState('a')).toBe('SUCCESS')
  })

  test('leaves a finished flow finished', async () => {
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a')))
    await engine.run()
    for await (const _ of engine.runIter()) break
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('leaves a flow that is being reverted to be reverted', async () => {
    const { step, bad, names } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), bad('b')))
    for await (const _ of engine.runIter()) if (names().includes('b')) break
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(await errorOf(engine.run())).toMatchObject({ message: 'b is broken' })
    expect(names()).toEqual(['a', 'b', 'b revert', 'a revert'])
  })
})
