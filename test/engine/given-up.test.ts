import { describe, expect, test } from 'vitest'
import {
  type Backend,
  defineFlow,
  ForwardingBackend,
  linear,
  loadFromFactory,
  memory,
  resumeAll,
  StorageError,
  task,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'

/** Refuses to write while it is told to. */
class Moody extends ForwardingBackend {
  isBroken = false

  override async save(checkpoint: Parameters<Backend['save']>[0]): Promise<void> {
    if (this.isBroken) throw new StorageError('the disk is full')
    await this.inner.save(checkpoint)
  }
}

const PLACES = [
  { place: 'memory', make: () => memory() as Backend, options: {} },
  { place: 'SQLite, a lease', make: () => sqlite(':memory:') as Backend, options: {} },
  {
    place: 'SQLite, a lease without end',
    make: () => sqlite(':memory:') as Backend,
    options: { leaseMs: Number.POSITIVE_INFINITY },
  },
]

function prepare({ make, options }: (typeof PLACES)[number]) {
  const backend = new Moody(make())
  let isFirst = true
  const definition = defineFlow('f', () =>
    linear('f').add(
      task('a', {
        execute() {
          backend.isBroken = isFirst
          isFirst = false
        },
      }),
      task('b', { execute() {} }),
    ),
  )
  const engine = loadFromFactory(definition, [], { backend, ...options })
  return { backend, definition, engine, options: { backend, flows: [definition], ...options } }
}

describe.each(PLACES)('a run whose last write failed: $place', (one) => {
  test('is free for whoever takes it up in this process', async () => {
    const { backend, engine, options } = prepare(one)
    expect(await errorOf(engine.run())).toMatchObject({ code: 'STORAGE' })
    backend.isBroken = false
    const [resumed] = await resumeAll(options)
    expect(resumed).toMatchObject({ outcome: 'finished', state: 'SUCCESS' })
    expect(await errorOf(engine.run())).toMatchObject({ code: 'STALE_WRITE' })
    await backend.close()
  })

  test('is held again when its own engine runs it again', async () => {
    const { backend, engine, options } = prepare(one)
    await errorOf(engine.run())
    backend.isBroken = false
    const resumed: unknown[] = []
    engine.atomNotifier.register('RUNNING', () => {
      resumed.push(resumeAll(options))
    })
    await engine.run()
    expect(await Promise.all(resumed)).toEqual([[]])
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
    await backend.close()
  })
})

test('a run of which one write failed is given back with what was recorded', async () => {
  const backend = recording()
  const { step, names } = workshop()
  const engine = loadLoosely(linear('f').add(step('a'), step('b')), { backend })
  backend.beforeSave = (_, count) => {
    if (count !== 2) return
    backend.beforeSave = undefined
    throw new StorageError('just now')
  }
  expect(await errorOf(engine.run())).toMatchObject({ code: 'STORAGE' })
  const { flow, atoms } = await backend.loadFlow(engine.storage.flowUuid)
  expect(flow.owner).toBeUndefined()
  expect(atoms.map(({ state }) => state)).toEqual(['SUCCESS', 'PENDING'])
  await engine.run()
  expect(names()).toEqual(['a', 'b'])
})
