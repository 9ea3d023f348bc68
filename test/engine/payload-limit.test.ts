/**
 * A value that is too large is refused like one that cannot be stored; a failure never is.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  alwaysRevert,
  defineFlow,
  linear,
  loadFlowDetail,
  loadFromFactory,
  memory,
  retry,
  type Task,
  task,
  times,
} from '../../src/index.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, statesOf, thrownBy, workshop } from './steps.ts'

const maxPayloadBytes = 2_048
const LARGE = 'x'.repeat(3_000)
const TOO_LARGE = {
  code: 'NOT_STORABLE',
  size: { sizeBytes: 3_002, maxPayloadBytes: 2_048 },
  message: expect.stringContaining('raise maxPayloadBytes'),
}

describe('a result that is too large', () => {
  test('is the failure of its task: retries and reverts follow', async () => {
    const backend = recording()
    const { step, names } = workshop()
    let count = 0
    const grow = step('grow', {
      does() {
        count += 1
        return count < 3 ? LARGE : 'small'
      },
    })
    const engine = loadLoosely(linear('f', { retry: times(3, { name: 'r' }) }).add(grow), {
      backend,
      maxPayloadBytes,
    })
    await engine.run()
    expect(names()).toEqual(['grow', 'grow revert', 'grow', 'grow revert', 'grow'])
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.find('grow')).toMatchObject({ state: 'SUCCESS', results: 'small' })
    for (const { atoms } of backend.checkpoints) expect(JSON.stringify(atoms)).not.toContain(LARGE)
  })

  test('says which, how large, and what to do', async () => {
    const { step } = workshop()
    const flow = linear('f').add(step('a', { does: () => LARGE }))
    const error = await errorOf(loadLoosely(flow, { backend: memory(), maxPayloadBytes }).run())
    expect(error).toMatchObject({ ...TOO_LARGE, path: '$' })
    expect(String(error)).toContain("the result of 'a' has 3002 bytes")
  })

  test('is measured as UTF-8, and exactly', async () => {
    const { step } = workshop()
    const fits = linear('f').add(step('a', { does: () => 'ü'.repeat(1_023) }))
    await loadLoosely(fits, { backend: memory(), maxPayloadBytes }).run()
    const over = linear('f').add(step('a', { does: () => `${'ü'.repeat(1_023)}.` }))
    expect(
      await errorOf(loadLoosely(over, { backend: memory(), maxPayloadBytes }).run()),
    ).toMatchObject({ code: 'NOT_STORABLE', size: { sizeBytes: 2_049 } })
  })

  test('of a revert makes it REVERT_FAILURE', async () => {
    const { step, bad } = workshop()
    const flow = linear('f').add(step('a', { undoes: () => LARGE }), bad('b'))
    const engine = loadLoosely(flow, { backend: memory(), maxPayloadBytes })
    const error = await errorOf(engine.run())
    expect(error).toMatchObject(TOO_LARGE)
    expect(String(error)).toContain("the revert result of 'a'")
    expect(statesOf(engine)).toEqual({ a: 'REVERT_FAILURE', b: 'REVERTED' })
  })

  test('of a retry is its failure', async () => {
    const large = retry('r', { execute: () => LARGE, onFailure: () => 'REVERT' })
    const { step, names } = workshop()
    const engine = loadLoosely(linear('f', { retry: large }).add(step('a')), {
      backend: memory(),
      maxPayloadBytes,
    })
    expect(await errorOf(engine.run())).toMatchObject(TOO_LARGE)
    expect(names()).toEqual([])
  })

  test('of 1 MiB is refused when nothing is said, and kept when there is no limit', async () => {
    const { step } = workshop()
    const size = 1_048_576 - 1 // with its quotes one byte too many
    const flow = () => linear('f').add(step('a', { does: () => 'x'.repeat(size) }))
    expect(await errorOf(loadLoosely(flow(), { backend: memory() }).run())).toMatchObject({
      size: { sizeBytes: 1_048_577, maxPayloadBytes: 1_048_576 },
    })
    await loadLoosely(flow(), { backend: memory(), maxPayloadBytes: Infinity }).run()
    await loadLoosely(flow(), { maxPayloadBytes }).run() // without a backend nothing is measured
  })

  test('is not asked for with a limit that makes no sense', () => {
    expect(
      thrownBy(() => loadLoosely(linear('f').add(workshop().step('a')), { maxPayloadBytes: 100 })),
    ).toBeInstanceOf(RangeError)
  })
})

describe('values from outside that are too large', () => {
  test('in the store: refused by load', () => {
    const { step } = workshop()
    const store = { size: 1, image: LARGE }
    const flow = linear('f').add(step('a'))
    const options = { backend: memory(), store, maxPayloadBytes }
    expect(thrownBy(() => loadLoosely(flow, options))).toMatchObject({
      ...TOO_LARGE,
      path: '$.image',
    })
    expect(() => loadLoosely(flow, { store, maxPayloadBytes })).not.toThrow()
  })

  test('put in while it runs: refused, nothing is changed, and the run goes on', async () => {
    const backend = recording()
    const errors: unknown[] = []
    const { step } = workshop()
    const meddle = step('meddle', {
      does() {
        const { storage } = engine
        errors.push(
          thrownBy(() => storage.inject({ image: LARGE })),
          thrownBy(() => storage.injectAtomArgs('late', { image: LARGE }, { transient: false })),
          thrownBy(() => storage.updateFlowMetadata({ note: LARGE })),
          thrownBy(() => storage.updateAtomMetadata('late', { note: LARGE })),
        )
        storage.inject({ image: LARGE }, { transient: true })
        storage.injectAtomArgs('late', { image: LARGE })
      },
    })
    const engine = loadLoosely(linear('f').add(meddle, step('late')), {
      backend,
      store: { image: 'small' },
      maxPayloadBytes,
    })
    await engine.run()
    expect(errors).toEqual(errors.map(() => expect.objectContaining(TOO_LARGE)))
    expect(errors).toHaveLength(4)
    expect(JSON.stringify(backend.checkpoints)).not.toContain(LARGE)
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(stored.meta).toEqual({})
    expect(
      [...stored].find(({ kind, name }) => kind === 'task' && name.includes('INJ')),
    ).toMatchObject({ results: { image: 'small' } })
  })

  test('in the arguments of a factory: refused by loadFromFactory', () => {
    const definition = defineFlow('d', (_: string) => linear('f').add(workshop().step('a')))
    const options = { backend: memory(), maxPayloadBytes }
    const error = thrownBy(() => loadFromFactory(definition, [LARGE], options))
    expect(error).toMatchObject({ code: 'NOT_STORABLE', path: '$.factory' })
    expect(String(error)).toContain("the flow's metadata 'factory'")
  })

  test('in what a task injects for good: refused each time, and nothing is stored', async () => {
    const backend = recording()
    const { names, step } = workshop()
    const injecting = task('a', {
      inject: { image: LARGE },
      execute({ image }: { image: string }) {
        return image.length
      },
    })
    const flow = linear('f').add(step('b'), injecting)
    const engine = loadLoosely(flow, { backend, injectTransient: false, maxPayloadBytes })
    for (const _ of [1, 2]) expect(await errorOf(engine.run())).toMatchObject(TOO_LARGE)
    expect(names()).toEqual([])
    expect(backend.checkpoints).toEqual([])
  })

  test('in the details of progress: the task that gave them fails', async () => {
    const boaster = task('boaster', {
      requires: [],
      execute(_inputs, { progress }) {
        progress(0.5, { note: LARGE })
      },
    })
    const engine = loadLoosely(linear('f').add(boaster), { backend: memory(), maxPayloadBytes })
    const error = await errorOf(engine.run())
    expect(error).toMatchObject({ code: 'NOT_STORABLE' })
    expect(String(error)).toContain("the progress details of 'boaster'")
  })
})

describe('a failure that is too large', () => {
  const broken = (name: string): Task =>
    task(name, {
      requires: [],
      execute() {
        throw Object.assign(new Error(LARGE, { cause: new Error(LARGE) }), { code: 'E_LARGE' })
      },
      revert() {
        throw new Error(LARGE)
      },
    })

  test('is stored cut down, wherever it is noted, and the run goes on with it', async () => {
    const backend = recording()
    const flow = linear('f', { retry: alwaysRevert({ name: 'r' }) }).add(broken('a'))
    const engine = loadLoosely(flow, { backend, maxPayloadBytes })
    const error = await errorOf(engine.run())
    expect(error).toHaveProperty('message', LARGE) // the error itself is at hand
    const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
    const start = expect.stringMatching(/^x{50,}… \(\d+ more characters\)$/)
    expect(stored.find('a')).toMatchObject({
      state: 'REVERT_FAILURE',
      failure: { message: start, code: 'E_LARGE' },
      revertFailure: { message: start },
    })
    for (const { atoms } of backend.checkpoints) {
      for (const { payload } of atoms) {
        for (const text of Object.values(payload ?? {})) {
          expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(maxPayloadBytes + 100)
        }
      }
    }
  })
})
