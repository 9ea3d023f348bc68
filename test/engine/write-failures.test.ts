import { describe, expect, test } from 'vitest'
import { type EngineOptions, linear, loadFlowDetail, memory } from '../../src/index.ts'
import { endOf } from './ending.ts'
import { recording } from './recording.ts'
import { type SCENARIOS, scenariosFor } from './scenarios.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'

const CONFIGURATIONS: readonly EngineOptions[] = [
  { engine: 'serial', commit: 'tick' },
  { engine: 'serial', commit: 'move' },
  { engine: 'parallel', commit: 'tick' },
  { engine: 'parallel', commit: 'move' },
]

type Make = (typeof SCENARIOS)[string]

/** Runs a flow that no write fails. */
async function unharmed(make: Make, options: EngineOptions) {
  const backend = memory()
  const { calls, ...rest } = workshop()
  const engine = loadLoosely(make({ calls, ...rest }), { ...options, backend })
  await errorOf(engine.run())
  return { end: endOf(engine.storage.flowDetail), calls }
}

/** Runs a flow whose writes fail, and runs it again on the same engine once they succeed. */
async function harmed(make: Make, options: EngineOptions, fails: (count: number) => boolean) {
  const backend = recording()
  const { calls, ...rest } = workshop()
  const engine = loadLoosely(make({ calls, ...rest }), { ...options, backend })
  let saves = 0
  let wasHarmed = false
  backend.beforeSave = () => {
    saves += 1
    if (!fails(saves)) return
    wasHarmed = true
    throw new Error('the disk is full')
  }
  const error = await errorOf(engine.run())
  backend.beforeSave = undefined
  if (!wasHarmed) return undefined
  await errorOf(engine.run())
  const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
  return { error, end: endOf(engine.storage.flowDetail), stored: endOf(stored), calls }
}

describe.each(CONFIGURATIONS)('$engine engine, a transaction per $commit:', (options) => {
  describe.each(scenariosFor(options))('%s', (_, make) => {
    test.each([
      { what: 'fails once', from: (at: number) => (count: number) => count === at },
      { what: 'and all after it fail', from: (at: number) => (count: number) => count >= at },
    ])('when a write $what, the run rejects, and running again ends the same', async ({ from }) => {
      const { end, calls } = await unharmed(make, options)
      const names = new Set(calls.map(({ name, attempt }) => `${name} ${attempt}`))
      for (let at = 1; at < 200; at += 1) {
        const so = await harmed(make, options, from(at))
        if (so === undefined) break
        expect(so.error, `write ${at}`).toMatchObject({ message: 'the disk is full' })
        expect(so.end, `write ${at}`).toEqual(end)
        expect(so.stored, `write ${at}`).toEqual(end)
        // What was recorded as RUNNING and not called may have to be reverted.
        const others = so.calls.filter(({ name, attempt }) => !names.has(`${name} ${attempt}`))
        expect(others, `write ${at}`).toEqual([])
      }
    })
  })
})

describe('a flow that was asked to suspend while a write failed', () => {
  test('runs on when it is run again', async () => {
    const backend = recording()
    const { step, names } = workshop()
    const flow = linear('f').add(step('a', { does: () => engine.suspend() }), step('b'))
    const engine = loadLoosely(flow, { backend })
    backend.beforeSave = (checkpoint) => {
      if (checkpoint.atoms.some(({ name, state }) => name === 'a' && state === 'SUCCESS')) {
        throw new Error('the disk is full')
      }
    }
    await expect(engine.run()).rejects.toThrow('the disk is full')
    backend.beforeSave = undefined
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
    expect(names()).toEqual(['a', 'b'])
  })

  test('runs on when the wish comes after the failure', async () => {
    const backend = recording()
    const { step, names } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), step('b')), { backend })
    backend.beforeSave = (_, count) => {
      if (count === 2) throw new Error('the disk is full')
    }
    await expect(engine.run()).rejects.toThrow('the disk is full')
    backend.beforeSave = undefined
    await engine.suspend()
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
    expect(names()).toEqual(['a', 'b'])
  })
})
