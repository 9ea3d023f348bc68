/**
 * A flow as a user of the package writes it, with what the compiler must know of it.
 *
 * @module
 */
import {
  compare,
  compareAll,
  defineFlow,
  type Engine,
  type Failure,
  graph,
  isFailure,
  linear,
  listUnfinished,
  load,
  loadFromDetail,
  loadFromFactory,
  memory,
  retry,
  run,
  Task,
  task,
  times,
  unordered,
} from 'taskflow-ts'

interface Reservation {
  readonly id: string
}

const extract = task('extract', {
  provides: ['size', 'type'],
  execute({ raw }: { raw: string }) {
    return [Number(raw), 'ssd'] as const
  },
})

const reserve = task('reserve', {
  provides: 'reservation',
  async execute({ size }: { size: number; type?: string }, { signal }): Promise<Reservation> {
    signal.throwIfAborted()
    return { id: `r-${size}` }
  },
  async revert({ result, size }: { result: Reservation | Failure; size: number }) {
    if (!isFailure(result)) result.id.slice(size)
  },
})

class Commit extends Task<{ reservation: Reservation; attempt: number }, { volume: string }> {
  constructor() {
    super('commit', { provides: { pick: ['volume'] } })
  }

  override execute({ reservation, attempt }: { reservation: Reservation; attempt: number }) {
    return { volume: `${reservation.id}-${attempt}` }
  }
}

const again = retry('again', {
  provides: 'attempt',
  execute: ({ history }) => history.length,
  onFailure: ({ history }) => (history.length < 3 ? 'RETRY' : 'REVERT'),
})

const createVolume = linear('create-volume').add(
  extract,
  linear('reserve-and-commit', { retry: again }).add(reserve, new Commit()),
)

export async function typed(): Promise<string> {
  const engine: Engine<{ raw: string; volume: string }> = load(createVolume, {
    store: { raw: '10' },
    engine: 'parallel',
    maxWorkers: 2,
  })
  await engine.run()
  const volume: string = engine.storage.fetch('volume')
  const results = await run(createVolume, { store: { raw: '10' } })
  const size: number = results.size
  const id: string = results.reservation.id
  return volume + size + id
}

export async function resumed(): Promise<boolean> {
  const backend = memory()
  const definition = defineFlow('volume', (pool: string) =>
    linear(pool, { retry: times(2) }).add(extract),
  )
  await loadFromFactory(definition, ['p'], { backend, store: { raw: '1' } }).run()
  for await (const detail of listUnfinished(backend)) {
    await loadFromDetail(detail, { backend, flows: [definition] }).run()
    return compare(detail, createVolume).canResume
  }
  for await (const { canResume } of compareAll({ backend, flows: [definition] })) return canResume
  return false
}

export function graphs(): void {
  const flow = graph('g').add(reserve, extract)
  flow.link(extract, reserve, { decider: ({ history }) => history['extract'] !== undefined })
  load(flow, { store: { raw: '1' } })
  load(unordered('u').add(extract), { store: { raw: '1', more: true } })
}

export function mistakes(): void {
  // @ts-expect-error raw is missing
  load(createVolume, { store: {} })
  // @ts-expect-error raw is a string
  load(createVolume, { store: { raw: 10 } })
  // @ts-expect-error there is no such symbol
  load(createVolume, { store: { raw: '10' } }).storage.fetch('volumes')
  const wrong = task('wrong', { execute: ({ size }: { size: string }) => size })
  // @ts-expect-error size is a number
  linear('f').add(extract, wrong)
  // @ts-expect-error size is a number, whatever the order
  graph('f').add(wrong, extract)
  const definition = defineFlow('d', (pool: string) => linear(pool))
  // @ts-expect-error the factory takes a string
  loadFromFactory(definition, [1])
  // @ts-expect-error only some differences may be accepted
  load(linear('f'), { accept: ['input'] })
}
