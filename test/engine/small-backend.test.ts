/**
 * A backend that keeps less in one text than a run makes: no run is ever stuck because of it.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import {
  type Engine,
  ForwardingBackend,
  forEach,
  linear,
  load,
  loadFlowDetail,
  memory,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import type { Checkpoint } from '../../src/persistence/backend.ts'
import { errorOf } from './steps.ts'

const MOST = 20_000

/** Refuses what is larger, as a database does. */
class SmallBackend extends ForwardingBackend {
  override get maxTextBytes(): number {
    return MOST
  }

  override async save(checkpoint: Checkpoint): Promise<void> {
    const texts = checkpoint.atoms.flatMap(({ meta, payload }) => [
      meta,
      ...Object.values(payload ?? {}),
    ])
    for (const text of [checkpoint.flow?.meta, ...texts]) {
      if (Buffer.byteLength(text ?? '') > MOST) throw new StorageError('a text is too large')
    }
    await this.inner.save(checkpoint)
  }
}

const backendOf = (): SmallBackend => new SmallBackend(memory())
const storedIn = (backend: SmallBackend, { storage }: Engine) =>
  loadFlowDetail(backend, storage.flowUuid)

/** Throws with a long message. */
function fail(): never {
  throw new Error('é'.repeat(4_000))
}

describe('the history of a retry', () => {
  test('keeps every attempt, and shorter failures, when they are too large together', async () => {
    const backend = backendOf()
    const engine = load(
      linear('f', { retry: times(40, { name: 'r' }) }).add(task('t', { execute: fail })),
      {
        backend,
      },
    )
    let attempts = 0
    let largest = 0
    engine.atomNotifier.register('RETRYING', () => {
      attempts += 1
      largest = Math.max(largest, engine.storage.getRetryHistory('r').length)
    })
    await errorOf(engine.run())
    expect([attempts, largest]).toEqual([39, 39])
    expect(await storedIn(backend, engine)).toMatchObject({ state: 'REVERTED' })
  })

  test('keeps some of the failures when there are too many', async () => {
    const backend = backendOf()
    const tasks = Array.from({ length: 100 }, (_, i) =>
      task(`t${i}`, { execute: async () => fail() }),
    )
    const flow = unordered('f', { retry: times(3, { name: 'r' }) }).add(...tasks)
    const engine = load(flow, { backend, engine: 'parallel', maxWorkers: 100 })
    await errorOf(engine.run())
    expect(await storedIn(backend, engine)).toMatchObject({ state: 'REVERTED' })
  })

  test('fails the retry when what it provides is too large together', async () => {
    const backend = backendOf()
    const values = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(4_000))
    const flow = linear('f', { retry: forEach(values, { name: 'r' }) }).add(
      task('t', { execute: fail }),
    )
    const engine = load(flow, { backend })
    expect(await errorOf(engine.run())).toMatchObject({
      code: 'NOT_STORABLE',
      message: expect.stringContaining("the history of 'r' would have 20"),
    })
    expect(await storedIn(backend, engine)).toMatchObject({ state: 'REVERTED' })
  })
})

describe('what is kept with an atom', () => {
  test('is refused when its metadata is too large together, and replaced as often as wanted', async () => {
    const backend = backendOf()
    const engine = load(linear('f').add(task('t', { execute: () => 1 })), { backend })
    const refused: string[] = []
    engine.atomNotifier.register('SUCCESS', () => {
      for (let i = 0; i < 3; i += 1) {
        engine.storage.updateAtomMetadata('t', { cursor: String(i).repeat(8_000) })
      }
      for (const name of ['a', 'b']) {
        try {
          engine.storage.updateAtomMetadata('t', { [name]: 'é'.repeat(4_500) })
        } catch (error) {
          refused.push(`${name} ${(error as { code: string }).code}`)
        }
      }
    })
    await engine.run()
    const stored = await storedIn(backend, engine)
    expect(refused).toEqual(['b NOT_STORABLE'])
    expect(stored.find('t')?.meta).toEqual({ cursor: '2'.repeat(8_000), a: 'é'.repeat(4_500) })
  })

  test('loses the details of its progress first', async () => {
    const backend = backendOf()
    const speaking = task('t', {
      execute(_inputs: object, { progress }) {
        engine.storage.updateAtomMetadata('t', { note: 'n'.repeat(12_000) })
        progress(0.5, { said: 's'.repeat(12_000) })
        return 1
      },
    })
    const engine: Engine = load(linear('f').add(speaking), { backend })
    await engine.run()
    const stored = await storedIn(backend, engine)
    expect(stored.find('t')).toMatchObject({ state: 'SUCCESS', progress: 1, results: 1 })
    expect(stored.find('t')?.meta).toEqual({ note: 'n'.repeat(12_000) })
  })

  test('has room for the result when its undo fails', async () => {
    const backend = backendOf()
    const heavy = task('t', {
      execute(_inputs: object, { progress }) {
        progress(0.5, { said: 's'.repeat(15_000) })
        return 'r'.repeat(18_000)
      },
      revert: () => fail(),
    })
    const engine = load(linear('f').add(heavy, task('u', { execute: fail })), { backend })
    await errorOf(engine.run())
    const stored = await storedIn(backend, engine)
    expect(stored).toMatchObject({ state: 'FAILURE' })
    expect(stored.find('t')).toMatchObject({ resultToUndo: 'r'.repeat(18_000) })
  })

  test('fails the task whose result has no room beside its metadata', async () => {
    const backend = backendOf()
    const heavy = task('t', {
      execute() {
        engine.storage.updateAtomMetadata('t', { note: 'n'.repeat(12_000) })
        return 'r'.repeat(12_000)
      },
    })
    const engine: Engine = load(linear('f').add(heavy), { backend })
    expect(await errorOf(engine.run())).toMatchObject({ code: 'NOT_STORABLE' })
    expect(await storedIn(backend, engine)).toMatchObject({ state: 'REVERTED' })
  })

  test('is refused when what is put in for good is too large together', async () => {
    const backend = backendOf()
    const flow = linear('f').add(
      task('t', { execute: ({ a, b }: { a: string; b: string }) => a.length + b.length }),
    )
    const engine = load(flow, { backend, store: { a: '', b: '' } })
    const put = (): void => {
      engine.storage.injectAtomArgs('t', { a: 'a'.repeat(12_000) }, { transient: false })
      engine.storage.injectAtomArgs('t', { b: 'b'.repeat(12_000) }, { transient: false })
    }
    engine.notifier.register('RUNNING', () => {
      expect(put).toThrow(expect.objectContaining({ code: 'NOT_STORABLE' }))
    })
    expect(await engine.run()).toMatchObject({})
    expect(await storedIn(backend, engine)).toMatchObject({ state: 'SUCCESS' })
  })
})
