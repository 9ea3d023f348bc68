import { describe, expect, test } from 'vitest'
import { Failure, linear, load, loadFlowDetail, memory, task, times } from '../../src/index.ts'

const size = task('size', { provides: 'size', execute: () => 10 })
const pair = task('pair', { provides: ['left', 'right'], execute: () => [1] })
const bad = task('bad', {
  provides: 'broken',
  execute() {
    throw new Error('no')
  },
})

describe('storage', () => {
  test('knows values that were put in before anything is compiled', () => {
    const { storage } = load(linear('f').add(size))
    storage.inject({ extra: 1 })
    storage.inject({})
    storage.inject({ passing: 2 }, { transient: true })
    expect(storage.fetchAll()).toEqual({ extra: 1, passing: 2 })
    expect(() => storage.fetch('size')).toThrow(/nothing provides it/)
    expect(() => storage.getAtomState('size')).toThrow(/not prepared/)
    expect(storage.atomNames).toEqual([])
  })

  test('tells names, states, results and progress of atoms', async () => {
    const engine = load(linear('f', { retry: times(1, { name: 'r' }) }).add(size))
    await engine.run()
    const { storage } = engine
    expect(storage.flowName).toBe('f')
    expect(storage.atomNames).toEqual(['r', 'size'])
    expect(storage.getAtomUuid('size')).toBe(storage.flowDetail.find('size')?.uuid)
    expect(storage.getAtomsStates(['r', 'size'])).toEqual({
      r: { state: 'SUCCESS', intention: 'EXECUTE' },
      size: { state: 'SUCCESS', intention: 'EXECUTE' },
    })
    expect(storage.getAtomIntention('size')).toBe('EXECUTE')
    expect(storage.getExecuteResult('size')).toBe(10)
    expect(storage.getTaskProgress('size')).toBe(1)
    expect(storage.getTaskProgress('r')).toBe(0)
    expect(storage.getTaskProgressDetails('size')).toBeUndefined()
    expect(storage.getRetryHistory('r').provided()).toEqual([1])
    expect(() => storage.getRetryHistory('size')).toThrow(/not a retry/)
    expect(() => storage.getRevertResult('size')).toThrow(/it is SUCCESS/)
    expect(() => storage.getAtomState('nobody')).toThrow(/r, size/)
    expect(() => storage.fetchMappedArgs('nobody')).toThrow(/no record/)
    expect(storage.fetchMappedArgs('size')).toEqual({})
  })

  test('tells failures, and what reverts returned', async () => {
    const undo = task('undo', { execute() {}, revert: () => 'undone' })
    const broken = task('broken', {
      execute() {},
      revert() {
        throw new Error('stuck')
      },
    })
    const engine = load(linear('f').add(broken, undo, bad))
    await expect(engine.run()).rejects.toThrow('stuck')
    const { storage } = engine
    expect(storage.getExecuteResult('bad')).toBeInstanceOf(Failure)
    expect(storage.getFailures()['bad']?.message).toBe('no')
    expect(storage.getRevertResult('undo')).toBe('undone')
    expect(storage.getRevertResult('broken')).toBeInstanceOf(Failure)
    expect(storage.getRevertFailures()['broken']?.message).toBe('stuck')
    expect(() => storage.getExecuteResult('broken')).toThrow(/REVERT_FAILURE/)
    expect(() => storage.fetch('broken')).toThrow(/no/)
    expect(storage.fetch('broken', { failures: true })).toBeInstanceOf(Failure)
  })

  test('has no value where a result has no such part', async () => {
    const engine = load(linear('f').add(pair))
    await engine.run()
    expect(engine.storage.fetchAll()).toEqual({ left: 1 })
    expect(() => engine.storage.fetch('right')).toThrow(/no element 1/)
  })

  test('lists all values of a symbol in the form of TaskFlow', async () => {
    const other = task('other', { provides: 'size', execute: () => 20 })
    const engine = load(linear('f').add(size, other), { store: { size: 5 } })
    await engine.run()
    expect(engine.storage.fetchAll({ failures: true })).toEqual({ size: [5, 10, 20] })
    expect(engine.storage.fetchAll()).toEqual({ size: 5 })
  })

  test('gives an atom values of its own, for a while or for good', async () => {
    const wants = task('wants', {
      provides: 'got',
      execute: ({ a, b }: { a: number; b: number }) => [a, b],
    })
    const backend = memory()
    const engine = load(linear('f').add(wants), { backend, store: { a: 0, b: 0 } })
    engine.compile()
    await engine.prepare()
    expect(engine.storage.fetchUnsatisfiedArgs('wants')).toEqual(new Set())
    engine.storage.injectAtomArgs('wants', { a: 1 })
    engine.storage.injectAtomArgs('wants', { b: 2 }, { transient: false })
    engine.storage.updateAtomMetadata('wants', { note: 'kept' })
    engine.storage.updateFlowMetadata({ owner: 'me' })
    await engine.storage.save()
    await engine.run()
    expect(engine.storage.fetch('got')).toEqual([1, 2])
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.find('wants')).toMatchObject({ injected: { b: 2 }, meta: { note: 'kept' } })
    expect(stored.meta).toEqual({ owner: 'me' })
    expect(engine.storage.flowMeta).toEqual({ owner: 'me' })
  })
})
