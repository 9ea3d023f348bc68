/**
 * A task whose functions are named, called here in the same thread.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { callExport, threadTask } from '../../src/atoms/thread-task.ts'
import { CONTEXT } from './context.ts'

const MODULE = new URL('./thread-work.ts', import.meta.url)

describe('a thread task', () => {
  test('calls the exports execute and revert of its module with inputs and context', async () => {
    const digest = threadTask('digest', { module: MODULE, requires: ['path'], revert: 'revert' })
    const inputs = { path: '/a' }
    expect(await digest.execute(inputs, CONTEXT)).toEqual(['execute', inputs, CONTEXT])
    expect(await digest.revert?.(inputs, CONTEXT)).toEqual(['revert', inputs, CONTEXT])
  })

  test('calls the exports that it names', async () => {
    const digest = threadTask('digest', { module: MODULE, requires: [], execute: 'revert' })
    expect(await digest.execute({}, CONTEXT)).toEqual(['revert', {}, CONTEXT])
  })

  test('tells where its functions are', () => {
    const both = threadTask('digest', {
      module: MODULE,
      requires: [],
      execute: 'run',
      revert: 'undo',
    })
    expect(both.module).toBe(MODULE.href)
    expect(both.exports).toEqual({ execute: 'run', revert: 'undo' })
    const one = threadTask('digest', { module: MODULE.href, requires: [] })
    expect([one.module, one.exports]).toEqual([MODULE.href, { execute: 'execute', revert: '' }])
  })

  test('has no revert when none is named', () => {
    const digest = threadTask('digest', { module: MODULE, requires: ['path'] })
    expect([digest.revert, digest.revertBindings]).toEqual([undefined, []])
  })

  test('requires its names, and its revert the same as renamed', () => {
    const digest = threadTask('digest', {
      module: MODULE,
      requires: ['path', 'kind'],
      rebind: { kind: 'hash' },
      revert: 'revert',
      provides: 'digest',
    })
    expect([digest.requires, digest.provides]).toEqual([
      new Set(['path', 'hash']),
      new Set(['digest']),
    ])
    expect(digest.revertBindings).toEqual(digest.executeBindings)
  })
})

describe('a wrong definition is refused:', () => {
  test.each(['./work.js', '/srv/work.js', '', undefined])(
    'the module %s, which is no address',
    (module) => {
      expect(() => threadTask('digest', { module: module as string, requires: [] })).toThrow(
        new TypeError(
          `'digest' has the module '${module}': write an address, new URL('./work.js', import.meta.url)`,
        ),
      )
    },
  )

  test('without names of inputs', () => {
    expect(() => threadTask('digest', { module: MODULE } as never)).toThrow(
      /^'digest' does not say which inputs execute takes/,
    )
  })
})

describe('callExport', () => {
  test.each([
    ['that is not there', 'missing'],
    ['that is no function', 'size'],
  ])('refuses an export %s', async (_what, name) => {
    await expect(callExport(MODULE.href, name, {}, CONTEXT)).rejects.toThrow(
      new TypeError(`${MODULE.href} exports no function '${name}'`),
    )
  })

  test('fails with what the function throws', async () => {
    await expect(callExport(MODULE.href, 'explode', {}, CONTEXT)).rejects.toThrow(
      new RangeError('too far'),
    )
  })
})
