import { describe, expect, test } from 'vitest'
import {
  linear,
  load,
  ThreadTask,
  type ThreadTaskOptions,
  task,
  threadTask,
} from '../../src/index.ts'

const MODULE = new URL('./fixtures/work.mjs', import.meta.url)

describe('a thread task without a thread executor', () => {
  test('runs on a serial engine, in its own thread', async () => {
    const add = threadTask('add', { module: MODULE, requires: ['x'], provides: 'y' })
    const engine = load(linear('f').add(add), { store: { x: 1 } })
    await engine.run()
    expect(engine.storage.fetchAll()).toEqual({ x: 1, y: 2 })
  })

  test('is undone there, with the failure itself among those of the flow', async () => {
    const add = threadTask('add', { module: MODULE, requires: ['x'], revert: 'revert' })
    const bad = task('bad', {
      execute() {
        throw new Error('no')
      },
    })
    const engine = load(linear('f').add(add, bad), { store: { x: 1 } })
    await expect(engine.run()).rejects.toThrow('no')
    const expected = { x: 1, result: 2, failed: ['bad'], isRevert: true }
    expect(engine.storage.getRevertResult('add')).toEqual(expected)
  })

  test('throws the error itself', async () => {
    const fail = threadTask('fail', { module: MODULE, execute: 'fail', requires: [] })
    const error = { name: 'QuotaError', code: 'QUOTA', message: 'too much' }
    await expect(load(linear('f').add(fail)).run()).rejects.toMatchObject(error)
  })

  test('fails when its module has no such function', async () => {
    const missing = threadTask('missing', { module: MODULE, execute: 'missing', requires: [] })
    await expect(load(linear('f').add(missing)).run()).rejects.toThrow(
      "exports no function 'missing'",
    )
  })
})

describe('the definition of a thread task', () => {
  test('says where its functions are', () => {
    const one = threadTask('a', { module: MODULE, requires: ['x', 'y'], revert: 'undo' })
    expect(one).toBeInstanceOf(ThreadTask)
    expect(one.module).toBe(MODULE.href)
    expect(one.exports).toEqual({ execute: 'execute', revert: 'undo' })
    expect([...one.requires]).toEqual(['x', 'y'])
    expect(threadTask('b', { module: MODULE.href, requires: [] }).exports.revert).toBe('')
  })

  test.each(['./work.js', '', undefined])('refuses %s as the address of a module', (module) => {
    const options = { module, requires: [] } as unknown as ThreadTaskOptions
    expect(() => new ThreadTask('a', options)).toThrow(TypeError)
    expect(() => new ThreadTask('a', options)).toThrow('write an address')
  })

  test('demands the names of the inputs', () => {
    const options = { module: MODULE } as unknown as ThreadTaskOptions
    expect(() => new ThreadTask('a', options)).toThrow(TypeError)
  })
})
