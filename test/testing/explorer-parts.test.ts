import { describe, expect, test } from 'vitest'
import {
  type AtomState,
  type Backend,
  FlowDetail,
  type FlowState,
  type Intention,
  memory,
  TaskDetail,
  task,
} from '../../src/index.ts'
import { INJECTOR_NAME } from '../../src/persistence/records.ts'
import { atomRecord, checkpointOf, flowRecord } from '../../src/testing/backend/clause.ts'
import { describeEnd, findMisfits } from '../../src/testing/explorer/ending.ts'
import { Life } from '../../src/testing/explorer/life.ts'
import { mortalBackend } from '../../src/testing/explorer/mortal-backend.ts'
import { StoredRecords } from '../../src/testing/explorer/stored-records.ts'
import { callOf } from '../executors/context.ts'

type Row = readonly [name: string, state: AtomState, intention: Intention]

function detailOf(state: FlowState, ...rows: readonly Row[]): FlowDetail {
  const detail = new FlowDetail('f')
  detail.state = state
  for (const [name, atomState, intention] of rows) {
    detail.add(Object.assign(new TaskDetail(name), { state: atomState, intention }))
  }
  return detail
}

/** Whether a promise is still open after everything else had its turn. */
async function hangs(promise: Promise<unknown>): Promise<boolean> {
  const later = new Promise((resolve) => setTimeout(resolve, 5, 'later'))
  return (await Promise.race([promise, later])) === 'later'
}

describe('an end fits the records', () => {
  test.each<{ end: FlowState; row: Row; fits: boolean }>([
    { end: 'SUCCESS', row: ['a', 'SUCCESS', 'EXECUTE'], fits: true },
    { end: 'SUCCESS', row: ['a', 'IGNORE', 'IGNORE'], fits: true },
    { end: 'SUCCESS', row: ['a', 'SUCCESS', 'REVERT'], fits: false },
    { end: 'SUCCESS', row: ['a', 'PENDING', 'EXECUTE'], fits: false },
    { end: 'SUCCESS', row: ['a', 'RUNNING', 'EXECUTE'], fits: false },
    { end: 'REVERTED', row: ['a', 'REVERTED', 'REVERT'], fits: true },
    { end: 'REVERTED', row: ['a', 'PENDING', 'REVERT'], fits: true },
    { end: 'REVERTED', row: ['a', 'SUCCESS', 'EXECUTE'], fits: true },
    { end: 'REVERTED', row: ['a', 'SUCCESS', 'REVERT'], fits: false },
    { end: 'REVERTED', row: ['a', 'REVERTING', 'REVERT'], fits: false },
    { end: 'REVERTED', row: ['a', 'FAILURE', 'REVERT'], fits: false },
    { end: 'REVERTED', row: ['a', 'REVERT_FAILURE', 'REVERT'], fits: false },
    { end: 'FAILURE', row: ['a', 'REVERT_FAILURE', 'REVERT'], fits: true },
    { end: 'SUCCESS', row: [INJECTOR_NAME, 'REVERTING', 'REVERT'], fits: true },
  ])('$end with $row: $fits', ({ end, row, fits }) => {
    const [name, state, intention] = row
    const misfits = fits ? [] : [`${name} is ${state} and meant to ${intention}`]
    expect(findMisfits(detailOf(end, row))).toEqual(misfits)
  })

  test('and is told in one line', () => {
    const rows: Row[] = [
      [INJECTOR_NAME, 'SUCCESS', 'EXECUTE'],
      ['a', 'SUCCESS', 'EXECUTE'],
      ['b', 'PENDING', 'EXECUTE'],
    ]
    expect(describeEnd(detailOf('SUSPENDED', ...rows))).toBe('flow SUSPENDED; a SUCCESS, b PENDING')
  })
})

describe('stored records', () => {
  const atom = task('a', { execute: () => {}, revert: () => {} })
  const flow = flowRecord('book', { state: 'RUNNING' })

  function recordsWith(...states: readonly AtomState[]): StoredRecords {
    const records = new StoredRecords()
    records.take(checkpointOf(flow.uuid, { flow }))
    for (const state of states) {
      const record = atomRecord({ uuid: 'u', name: 'a', state, meta: '{"attempt":1}' })
      records.take(checkpointOf(flow.uuid, { atoms: [record] }))
    }
    return records
  }

  const call = (direction: 'execute' | 'revert', attempt = 1) =>
    callOf(atom, direction, {}, { executeKey: `u:${attempt}`, attempt })

  test.each<{
    states: AtomState[]
    direction: 'execute' | 'revert'
    attempt?: number
    law?: string
  }>([
    { states: ['RUNNING'], direction: 'execute' },
    { states: ['RUNNING', 'SUCCESS', 'REVERTING'], direction: 'revert' },
    { states: [], direction: 'execute', law: 'a start is stored' },
    { states: ['PENDING'], direction: 'execute', law: 'a start is stored' },
    { states: ['RUNNING'], direction: 'execute', attempt: 2, law: 'a start is stored' },
    { states: ['RUNNING'], direction: 'revert', law: 'a start is stored' },
    { states: ['RUNNING', 'SUCCESS'], direction: 'execute', law: 'what is stored as done' },
    { states: ['RUNNING', 'FAILURE'], direction: 'execute', law: 'what is stored as done' },
    { states: ['SUCCESS', 'RUNNING'], direction: 'execute', law: 'what is stored as done' },
    { states: ['REVERTING', 'REVERTED'], direction: 'revert', law: 'what is stored as done' },
    { states: ['REVERT_FAILURE', 'REVERTING'], direction: 'revert', law: 'what is stored as done' },
  ])('$states, then $direction: $law', ({ states, direction, attempt, law }) => {
    const broken = recordsWith(...states).lawBrokenBy(call(direction, attempt))
    if (law === undefined) expect(broken).toBeUndefined()
    else expect(broken).toContain(law)
  })

  test('tell what a checkpoint has moved, and nothing else', () => {
    const records = new StoredRecords()
    const take = (parts: object) => records.take(checkpointOf(flow.uuid, parts))
    const a = atomRecord({ name: 'a', state: 'RUNNING' })
    const b = atomRecord({ name: 'b' })
    const injector = atomRecord({ name: INJECTOR_NAME, state: 'SUCCESS' })
    expect(take({})).toEqual([])
    expect(take({ flow, atoms: [injector, a, b] })).toEqual(['flow RUNNING', 'a RUNNING'])
    expect(take({ flow, atoms: [{ ...a, payload: undefined }] })).toEqual([])
    expect(take({ atoms: [{ ...a, state: 'SUCCESS' }] })).toEqual(['a SUCCESS'])
  })
})

describe('a mortal backend', () => {
  interface LeasingBackend extends Backend {
    lease(name: string): string
  }

  /** A backend with more than the contract has, on private fields. */
  function leasing(): LeasingBackend {
    const backend = memory()
    let leases = 0
    return Object.assign(backend, {
      lease(this: unknown, name: string) {
        leases += this === backend ? 1 : 100
        return `${name} ${leases}`
      },
    })
  }

  const watcher = { beforeWrite: () => 1, afterWrite: () => {} }
  const activity = { begin() {}, end() {} }

  test('hands on what it does not know, arguments and fields untouched', async () => {
    const inner = leasing()
    const mortal = mortalBackend(inner, new Life(), watcher, activity) as LeasingBackend
    expect(mortal.lease('l')).toBe('l 1')
    expect(mortal.supports).toBe(inner.supports)
    const given = { ...checkpointOf('f', { book: undefined }), later: 7 }
    const seen: unknown[] = []
    inner.save = async (checkpoint) => void seen.push(checkpoint)
    await mortal.save(given)
    expect(seen[0]).toBe(given)
  })

  test('never answers a dead process, whatever it asks', async () => {
    const inner = leasing()
    const life = new Life()
    const mortal = mortalBackend(inner, life, watcher, activity)
    await mortal.save(checkpointOf('f'))
    life.die()
    for (const promise of [mortal.save(checkpointOf('f')), mortal.listBooks(), mortal.close()]) {
      expect(await hangs(promise)).toBe(true)
    }
    expect(await inner.listBooks()).toEqual([])
  })

  test('loses the write before which it dies, and keeps the one after which it does', async () => {
    for (const when of ['beforeWrite', 'afterWrite'] as const) {
      const inner = memory()
      const life = new Life()
      const dying = { ...watcher, [when]: () => life.die() }
      const book = { uuid: 'b', name: 'b', meta: '{}', createdAt: new Date(), updatedAt: undefined }
      const saving = mortalBackend(inner, life, dying, activity).save(checkpointOf('f', { book }))
      expect(await hangs(saving)).toBe(true)
      expect(await inner.listBooks()).toHaveLength(when === 'afterWrite' ? 1 : 0)
    }
  })

  test('passes the error of a write on', async () => {
    const inner = memory()
    await inner.close()
    const mortal = mortalBackend(inner, new Life(), watcher, activity)
    await expect(mortal.save(checkpointOf('f'))).rejects.toThrow('closed')
  })
})

test('a life is quiet when no code is under way', async () => {
  const life = new Life()
  await life.quiet()
  const [a, b] = [{}, {}]
  life.begin(a)
  life.begin(b)
  const quiet = life.quiet()
  life.end(a)
  expect(await hangs(quiet)).toBe(true)
  life.end(b)
  await quiet
})
