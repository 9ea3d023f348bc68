import { describe, expect, test } from 'vitest'
import { linear, memory } from '../../src/index.ts'
import { errorOf, loadLoosely, statesOf, thrownBy, workshop } from './steps.ts'

describe('an engine that is used out of order', () => {
  const made = () => loadLoosely(linear('f').add(workshop().step('a')))

  test('refuses to prepare before it is compiled', async () => {
    expect(await errorOf(made().prepare())).toMatchObject({ code: 'INVALID_STATE' })
  })

  test('refuses to validate and to reset before it is compiled, and before it is prepared', async () => {
    const engine = made()
    for (const prepare of [() => {}, () => engine.compile()]) {
      prepare()
      expect(thrownBy(() => engine.validate())).toMatchObject({ code: 'INVALID_STATE' })
      expect(await errorOf(engine.reset())).toMatchObject({ code: 'INVALID_STATE' })
    }
  })

  test('rejects to suspend before it is compiled', async () => {
    expect(await errorOf(made().suspend())).toMatchObject({ code: 'INVALID_STATE' })
  })

  test('gives nothing but the values that were put in, before it is prepared', () => {
    const { storage } = made()
    storage.inject({ size: 1 })
    storage.inject({ image: 2 }, { transient: true })
    expect(storage.fetchAll()).toEqual({ size: 1, image: 2 })
    expect(thrownBy(() => storage.fetch('x'))).toMatchObject({ code: 'NOT_FOUND' })
    expect(thrownBy(() => storage.fetchMappedArgs('a'))).toMatchObject({ code: 'NOT_FOUND' })
    expect(thrownBy(() => storage.getAtomState('a'))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('does each step once it is its turn', async () => {
    const engine = made()
    engine.compile()
    await engine.prepare()
    engine.validate()
    await engine.run()
    await engine.reset()
    expect(statesOf(engine)).toEqual({ a: 'PENDING' })
    expect(engine.storage.getFlowState()).toBe('PENDING')
  })
})

describe('an engine that is used twice at once', () => {
  function slow() {
    const release = Promise.withResolvers<void>()
    const { step, names } = workshop()
    const flow = linear('f').add(step('a', { does: () => release.promise }), step('b'))
    return { engine: loadLoosely(flow, { backend: memory() }), release, names }
  }

  test('refuses a second run, and finishes the first', async () => {
    const { engine, release, names } = slow()
    const first = engine.run()
    expect(await errorOf(engine.run())).toMatchObject({ code: 'ENGINE_BUSY' })
    expect(await errorOf(engine.runIter().next())).toMatchObject({ code: 'ENGINE_BUSY' })
    expect(await errorOf(engine.reset())).toMatchObject({ code: 'ENGINE_BUSY' })
    release.resolve()
    await first
    expect(names()).toEqual(['a', 'b'])
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('refuses a run while it is driven by hand, until the loop is left', async () => {
    const { engine, release } = slow()
    release.resolve()
    for await (const _ of engine.runIter()) {
      expect(await errorOf(engine.run())).toMatchObject({ code: 'ENGINE_BUSY' })
    }
    await engine.run()
  })

  test('runs again after a run that was refused', async () => {
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a', { requires: ['x'] })))
    await errorOf(engine.run())
    expect(await errorOf(engine.run())).toMatchObject({ code: 'MISSING_DEPENDENCIES' })
  })
})
