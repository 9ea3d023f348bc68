import { describe, expect, test, vi } from 'vitest'
import { times } from '../../../src/atoms/controllers.ts'
import { task } from '../../../src/atoms/function-task.ts'
import { load } from '../../../src/engine/load.ts'
import { StorageError } from '../../../src/errors.ts'
import { linear } from '../../../src/flows/linear.ts'
import { observed, TelemetryListener } from '../../../src/listeners/telemetry.ts'
import type { Checkpoint } from '../../../src/persistence/backend.ts'
import { memory } from '../../../src/persistence/memory.ts'
import { loadFlowDetail } from '../../../src/persistence/reader.ts'
import { storedPlaceOf } from '../../../src/persistence/stored-in.ts'
import { HandClock } from '../lines.ts'
import { type Measured, metering } from './sdk.ts'

class RefusedError extends StorageError {
  constructor() {
    super('no space')
  }
}

/** One failure and one retry; the attempts take one and two seconds. */
function flaky(clock: HandClock) {
  let count = 0
  return linear('f', { retry: times(2, { name: 'r' }) }).add(
    task('a', {
      async execute() {
        count += 1
        clock.advance(count * 1000)
        if (count === 1) throw new Error('once')
      },
    }),
  )
}

/** Values by name and the given attributes. */
function table(measured: readonly Measured[], name: string, ...attributes: readonly string[]) {
  const rows = measured
    .filter((one) => one.name === name)
    .map((one) => [attributes.map((key) => one.attributes[key]).join(' '), one.value] as const)
  return Object.fromEntries(rows)
}

describe('metrics', () => {
  test('count runs, moves, retries and reverts, and measure in seconds', async () => {
    await using metrics = metering()
    const { meter } = metrics
    const clock = new HandClock()
    const good = load(flaky(clock))
    using _good = new TelemetryListener(good, { meter, clock })
    await good.run()
    const boom = task('boom', {
      execute() {
        throw new TypeError('boom')
      },
    })
    const bad = load(linear('g').add(boom))
    using _bad = new TelemetryListener(bad, { meter, clock })
    await expect(bad.run()).rejects.toThrow('boom')

    const measured = await metrics.measured()
    const flow = 'taskflow.flow.name'
    const state = 'taskflow.atom.state'
    const kind = 'taskflow.atom.kind'
    expect(table(measured, 'taskflow.runs', flow, 'taskflow.flow.state', 'error.type')).toEqual({
      'f SUCCESS ': 1,
      'g REVERTED TypeError': 1,
    })
    expect(table(measured, 'taskflow.run.duration', flow)).toEqual({
      f: { count: 1, sum: 3 },
      g: { count: 1, sum: 0 },
    })
    expect(table(measured, 'taskflow.atom.moves', flow, kind, state)).toEqual({
      'f retry RUNNING': 2,
      'f retry SUCCESS': 2,
      'f retry RETRYING': 1,
      'f task PENDING': 1,
      'f task RUNNING': 2,
      'f task FAILURE': 1,
      'f task REVERTING': 1,
      'f task REVERTED': 1,
      'f task SUCCESS': 1,
      'g task RUNNING': 1,
      'g task FAILURE': 1,
      'g task REVERTING': 1,
      'g task REVERTED': 1,
    })
    const direction = 'taskflow.atom.direction'
    const name = 'taskflow.atom.name'
    expect(table(measured, 'taskflow.atom.duration', name, direction, state)).toEqual({
      'r execute SUCCESS': { count: 2, sum: 0 },
      'a execute FAILURE': { count: 1, sum: 1 },
      'a execute SUCCESS': { count: 1, sum: 2 },
      'a revert REVERTED': { count: 1, sum: 0 },
      'boom execute FAILURE': { count: 1, sum: 0 },
      'boom revert REVERTED': { count: 1, sum: 0 },
    })
    expect(table(measured, 'taskflow.retries', flow)).toEqual({ f: 1 })
    expect(table(measured, 'taskflow.reverts', flow, kind)).toEqual({ 'f task': 1, 'g task': 1 })
    const units = Object.fromEntries(measured.map((one) => [one.name, one.unit]))
    expect(units).toMatchObject({ 'taskflow.run.duration': 's', 'taskflow.atom.duration': 's' })
  })

  test('have no attribute whose values grow with the runs', async () => {
    await using metrics = metering()
    const { meter } = metrics
    for (let i = 0; i < 2; i += 1) {
      const engine = load(flaky(new HandClock()))
      using _telemetry = new TelemetryListener(engine, { meter })
      await engine.run()
    }
    const measured = await metrics.measured()
    expect(measured.filter((one) => one.name === 'taskflow.runs')).toMatchObject([{ value: 2 }])
    const keys = new Set(measured.flatMap(({ attributes }) => Object.keys(attributes)))
    expect([...keys].filter((key) => /uuid|attempt/.test(key))).toEqual([])
  })
})

describe('observed', () => {
  test('measures how long checkpoints took and how large they are', async () => {
    await using metrics = metering()
    const { meter } = metrics
    const clock = new HandClock()
    const inside = memory()
    const save = inside.save.bind(inside)
    const seen: Checkpoint[] = []
    vi.spyOn(inside, 'save').mockImplementation(async (checkpoint) => {
      seen.push(checkpoint)
      clock.advance(20)
      await save(checkpoint)
    })
    await using backend = observed(inside, { meter, clock })
    const engine = load(
      linear('f').add(task('a', { provides: 'x', execute: () => 'é'.repeat(1000) })),
      { backend },
    )
    await engine.run()
    const measured = await metrics.measured()
    const count = engine.statistics?.checkpoints ?? 0
    expect(count).toBeGreaterThan(1)
    const duration = measured.find(({ name }) => name === 'taskflow.checkpoint.duration')
    const sum: unknown = expect.closeTo(count * 0.02)
    expect(duration).toMatchObject({ unit: 's', attributes: {}, value: { count, sum } })
    const size = measured.find(({ name }) => name === 'taskflow.checkpoint.size')
    expect(size).toMatchObject({ unit: 'By', value: { count } })
    const texts = seen.flatMap(({ book, flow, atoms }) => [
      book?.meta,
      flow?.meta,
      ...atoms.flatMap(({ meta, payload }) => [meta, ...Object.values(payload ?? {})]),
    ])
    const bytes = new TextEncoder().encode(texts.filter((text) => text != null).join('')).length
    expect(bytes).toBeGreaterThan(2000)
    expect(size?.value).toEqual({ count, sum: bytes })
  })

  test('says why a checkpoint could not be written, and throws the same', async () => {
    await using metrics = metering()
    const inside = memory()
    const error = new RefusedError()
    vi.spyOn(inside, 'save').mockRejectedValue(error)
    const backend = observed(inside, { meter: metrics.meter })
    await expect(
      backend.save({ flowUuid: 'f', book: undefined, flow: undefined, atoms: [] }),
    ).rejects.toBe(error)
    expect(await metrics.measured()).toMatchObject([
      { name: 'taskflow.checkpoint.duration', attributes: { 'error.type': 'RefusedError' } },
      { name: 'taskflow.checkpoint.size', attributes: { 'error.type': 'RefusedError' } },
    ])
  })

  test('is a backend like the one inside, whatever that can do', async () => {
    class Special {
      readonly #secret = 7
      level = 1
      more(): number {
        return this.#secret * this.level
      }
    }
    const inside = Object.assign(memory(), { special: 'fixed' }, { more: new Special() })
    Object.defineProperty(inside, 'frozen', { value: () => 'as it is' })
    const backend = observed(inside as typeof inside & { readonly frozen: () => string })
    expect(backend.supports).toBe(inside.supports)
    expect(backend.special).toBe('fixed')
    expect(backend.more.more()).toBe(7)
    expect(backend.frozen()).toBe('as it is')
    expect('listFlows' in backend).toBe(true)
    expect(backend.listFlows).toBe(backend.listFlows)
    backend.special = 'changed'
    expect(inside.special).toBe('changed')
    const special = observed(new Special() as never) as Special
    special.level = 2
    expect(special.more()).toBe(14)
    expect(special).toBeInstanceOf(Special)
  })

  test('is resumed from, and closes what is inside', async () => {
    const inside = memory()
    const backend = observed(inside)
    const flow = () => linear('f').add(task('a', { provides: 'x', execute: () => 1 }))
    const engine = load(flow(), { backend })
    await engine.run()
    const flowDetail = await loadFlowDetail(backend, engine.storage.flowUuid)
    expect(storedPlaceOf(flowDetail)).toBe(backend)
    const again = load(flow(), { backend, flowDetail })
    again.compile()
    await again.prepare()
    expect(again.storage.fetch('x')).toBe(1)
    await backend[Symbol.asyncDispose]()
    await expect(inside.listBooks()).rejects.toThrow(StorageError)
  })
})
