/**
 * What is promised beyond TaskFlow, continued: what is undone, removed, refused and stored.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import {
  alwaysRevert,
  linear,
  loadFlowDetail,
  loadLogBook,
  memory,
  retry,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, statesOf, workshop } from './steps.ts'
import { expectDifferences, suspendedAfter } from './suspended-flows.ts'

describe('9 a flow that ended FAILURE ends REVERTED only when all that ran is reverted', () => {
  test('a revert that is broken keeps it FAILURE, however often it is run', async () => {
    const { step, bad, names } = workshop()
    const undoes = (): never => {
      throw new Error('the undo is broken')
    }
    const engine = loadLoosely(linear('f').add(step('a'), step('b', { undoes }), bad('c')))
    for (let i = 0; i < 3; i += 1) {
      expect(String(await errorOf(engine.run()))).toContain('the undo is broken')
      expect(engine.storage.getFlowState()).toBe('FAILURE')
      expect(statesOf(engine)).toEqual({ a: 'SUCCESS', b: 'REVERT_FAILURE', c: 'REVERTED' })
    }
    expect(names()).toEqual(['a', 'b', 'c', 'c revert', 'b revert'])
  })

  test('an unresolved failure keeps it FAILURE', async () => {
    const { step, bad } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), bad('b')), { neverResolve: true })
    for (let i = 0; i < 3; i += 1) {
      expect(await errorOf(engine.run())).toMatchObject({ message: 'b is broken' })
      expect(engine.storage.getFlowState()).toBe('FAILURE')
    }
  })

  test('a failure that is resolved at last ends REVERTED', async () => {
    const { step, bad, names } = workshop()
    let isDown = true
    const moody = retry('r', {
      execute: () => 1,
      onFailure() {
        if (isDown) throw new Error('cannot decide')
        return 'REVERT_ALL'
      },
    })
    const flow = linear('f').add(step('a'), linear('g', { retry: moody }).add(bad('b')))
    const engine = loadLoosely(flow)
    await expect(engine.run()).rejects.toThrow('cannot decide')
    expect(engine.storage.getFlowState()).toBe('FAILURE')
    isDown = false
    await expect(engine.run()).rejects.toThrow('b is broken')
    expect(engine.storage.getFlowState()).toBe('REVERTED')
    expect(names()).toEqual(['a', 'b', 'b revert', 'a revert'])
  })
})

describe('10 deleting a logbook removes its flows and atoms', () => {
  test('from memory', async () => {
    const backend = memory()
    const engine = loadLoosely(linear('f').add(workshop().step('a')), { backend })
    await engine.run()
    const { bookUuid = '' } = engine.storage.flowDetail
    await backend.removeBook(bookUuid)
    await expect(loadLogBook(backend, bookUuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(backend.loadFlow(engine.storage.flowUuid)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('from SQLite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
    try {
      using db = new DatabaseSync(join(folder, 'flows.db'))
      await using backend = sqlite(db)
      const engine = loadLoosely(linear('f').add(workshop().step('a')), { backend })
      const other = loadLoosely(linear('g').add(workshop().step('b')), { backend })
      await engine.run()
      await other.run()
      await backend.removeBook(engine.storage.flowDetail.bookUuid ?? '')
      expect(db.prepare('SELECT name FROM flowdetails').all()).toEqual([{ name: 'g' }])
      expect(db.prepare('SELECT name FROM atomdetails').all()).toEqual([{ name: 'b' }])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('11 a flow detail that does not fit is refused with the differences', () => {
  test('an atom of another kind under the same name', async () => {
    const { step } = workshop()
    const { storage } = await suspendedAfter('a', [step('a'), step('b')])
    const flow = linear('f', { retry: alwaysRevert({ name: 'a' }) }).add(step('b'))
    await expectDifferences(flow, storage.flowDetail, [{ difference: 'kind', atom: 'a' }])
  })

  test('a finished atom that the flow no longer has', async () => {
    const { step } = workshop()
    const { storage } = await suspendedAfter('a', [step('a'), step('b')])
    await expectDifferences(linear('f').add(step('b')), storage.flowDetail, [
      { difference: 'removed', atom: 'a' },
    ])
  })

  test('an atom added before a finished one', async () => {
    const { step } = workshop()
    const { storage } = await suspendedAfter('a', [step('a'), step('b')])
    await expectDifferences(
      linear('f').add(step('new'), step('a'), step('b')),
      storage.flowDetail,
      [{ difference: 'inserted', atom: 'new' }],
    )
  })

  test('unless the caller says that they are all right', async () => {
    const { step, names } = workshop()
    const { storage } = await suspendedAfter('a', [step('a'), step('b')])
    const engine = loadLoosely(linear('f').add(step('new'), step('b')), {
      flowDetail: storage.flowDetail,
      accept: ['removed'],
    })
    await engine.run()
    expect(names()).toEqual(['a', 'new', 'b'])
  })
})

describe('12 what comes back after a reload equals what the task returned', () => {
  const values = {
    undefined: undefined,
    date: new Date('2026-01-31T12:00:00.000Z'),
    map: new Map([['a', new Set([1])]]),
    big: 12345678901234567890n,
    bytes: new Uint8Array([0, 255]),
    url: new URL('https://example.org/x?y=1'),
    nothing: { inside: undefined },
    minusZero: -0,
    plain: { list: [1, 'two', null, { three: 3 }] },
  }

  test.each(Object.entries(values))('%s', async (_, value) => {
    const backend = memory()
    const { step } = workshop()
    const flow = linear('f').add(step('a', { provides: 'x', does: () => value }))
    const first = loadLoosely(flow, { backend })
    await first.run()
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    const engine = loadLoosely(flow, { flowDetail })
    engine.compile()
    await engine.prepare()
    expect(engine.storage.fetch('x')).toStrictEqual(value)
  })

  test('plain JSON is stored as plain JSON', async () => {
    const backend = recording()
    const { step } = workshop()
    await loadLoosely(linear('f').add(step('a', { does: () => values.plain })), { backend }).run()
    const stored = backend.checkpoints.flatMap(({ atoms }) => atoms).at(-1)
    expect(stored?.payload?.results).toBe(JSON.stringify(values.plain))
  })

  class Volume {}
  const cycle: unknown[] = []
  cycle.push(cycle)
  test.each([
    { what: 'a function', value: { f() {} }, path: '$.f' },
    { what: 'a symbol', value: [Symbol('s')], path: '$[0]' },
    { what: 'a class instance', value: { v: new Volume() }, path: '$.v' },
    { what: 'a cycle', value: cycle, path: '$[0]' },
  ])('$what is refused with its path', async ({ value, path }) => {
    const { step } = workshop()
    const flow = linear('f').add(step('a', { does: () => value }))
    const error = await errorOf(loadLoosely(flow, { backend: memory() }).run())
    expect(error).toMatchObject({ code: 'NOT_STORABLE', path })
  })
})
