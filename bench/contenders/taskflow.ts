/**
 * taskflow-ts, in memory or with a backend.
 *
 * What is measured is all that a run costs once the flow is defined: loading, compiling, checking
 * the wiring, preparing the records, running. `…-run` leaves out what comes before the run.
 *
 * @module
 */
import { join } from 'node:path'
import {
  type Backend,
  type Engine,
  type FlowDetail,
  load,
  loadFlowDetail,
} from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import {
  type Contender,
  check,
  FLOW_COUNT,
  layeredResult,
  type Order,
  repetitionsOf,
  sum,
  timed,
  unknownKind,
  wideResult,
  widthOf,
} from '../work.ts'
import { longestDelay } from './delay.ts'
import {
  type Held,
  type LooseFlow,
  layeredFlow,
  linearFlow,
  retryFlow,
  revertFlow,
  symbolOf,
  watchedFlow,
  wideFlow,
} from './flows.ts'

type AnyEngine = Engine<Record<string, unknown>>

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const backend = backendOf(order)
  await backend?.open()
  return {
    run: runOf(order, backend),
    [Symbol.asyncDispose]: async () => backend?.close(),
  }
}

function backendOf({ contender, folder, databaseUrl = '' }: Order): Backend | undefined {
  switch (contender) {
    case 'taskflow-sqlite':
      return sqlite(join(folder, 'flows.db'))
    case 'taskflow-sqlite-normal':
      return sqlite(join(folder, 'flows.db'), { synchronous: 'NORMAL' })
    case 'taskflow-directory':
      return directory(join(folder, 'flows'))
    case 'taskflow-postgres':
      return postgres(databaseUrl)
    case 'taskflow-mysql':
      return mysql(databaseUrl)
    default:
      return undefined
  }
}

function runOf(order: Order, backend: Backend | undefined): () => Promise<number> {
  const { kind, size } = order
  switch (kind) {
    case 'linear':
    case 'wide':
    case 'layered':
      return whole(order, backend)
    case 'flows':
      return flows(size, backend)
    case 'delay':
      return () => longestDelay(flows(size, backend))
    case 'resume':
      return resume(order, backend)
    case 'revert':
      return revert(size, backend)
    case 'retry':
      return retry(size, backend)
    default:
      return unknownKind(order.contender, kind)
  }
}

/** A flow with the way in which it is run, and what it must come to. */
export interface Job {
  readonly flow: LooseFlow
  readonly options: { readonly engine: 'serial' } | ParallelOptions
  verify(engine: AnyEngine): void
}

interface ParallelOptions {
  readonly engine: 'parallel'
  readonly maxWorkers: number
}

const SERIAL = { engine: 'serial' } as const
const PARALLEL = { engine: 'parallel', maxWorkers: Number.POSITIVE_INFINITY } as const

/** The flow of a kind. */
export function jobOf(kind: 'linear' | 'wide' | 'layered', size: number): Job {
  if (kind === 'linear') {
    return {
      flow: linearFlow(size),
      options: SERIAL,
      verify: ({ storage }) => check(kind, storage.fetch(symbolOf(size - 1)), size),
    }
  }
  if (kind === 'wide') {
    const expected = wideResult(size)
    return {
      flow: wideFlow(size),
      options: PARALLEL,
      verify: ({ storage }) => check(kind, storage.fetch('total'), expected),
    }
  }
  const expected = layeredResult(size)
  const last = Array.from({ length: widthOf(size) }, (_, k) => symbolOf(size - 1 - k))
  return {
    flow: layeredFlow(size),
    options: PARALLEL,
    verify: ({ storage }) =>
      check(kind, sum(last.map((name) => storage.fetch(name) as number)), expected),
  }
}

function whole(order: Order, backend: Backend | undefined): () => Promise<number> {
  const { contender, size } = order
  const { flow, options, verify } = jobOf(order.kind as 'linear', size)
  const repetitions = backend === undefined ? repetitionsOf(size) : 1
  const make = (): AnyEngine => load(flow, { ...options, backend }) as AnyEngine
  if (contender !== 'taskflow-run') {
    return () =>
      timed(size * repetitions, async () => {
        for (let i = 0; i < repetitions; i += 1) {
          const engine = make()
          await engine.run()
          verify(engine)
        }
      })
  }
  return async () => {
    const engines = Array.from({ length: repetitions }, make)
    for (const engine of engines) {
      engine.compile()
      await engine.prepare()
      engine.validate()
    }
    const us = await timed(size * repetitions, async () => {
      for (const engine of engines) await engine.run()
    })
    for (const engine of engines) verify(engine)
    return us
  }
}

function flows(size: number, backend: Backend | undefined): () => Promise<number> {
  const length = size / FLOW_COUNT
  const flow = linearFlow(length)
  return async () => {
    const engines: AnyEngine[] = []
    const us = await timed(size, async () => {
      for (let i = 0; i < FLOW_COUNT; i += 1) engines.push(load(flow, { backend }) as AnyEngine)
      await Promise.all(engines.map((engine) => engine.run()))
    })
    const last = symbolOf(length - 1)
    const total = sum(engines.map(({ storage }) => storage.fetch(last) as number))
    check('flows', total, FLOW_COUNT * length)
    return us
  }
}

/** A flow is suspended at its half; what is measured opens the backend anew, as a process would. */
function resume(order: Order, backend: Backend | undefined): () => Promise<number> {
  const { size } = order
  const half = size / 2
  return async () => {
    if (backend === undefined) throw new TypeError('resuming needs a backend')
    const first = load(
      watchedFlow(size, (i) => {
        if (i === half - 1) void first.suspend()
      }),
      { backend },
    ) as AnyEngine
    await first.run()
    check('the first half', first.storage.getFlowState(), 'SUSPENDED')
    let startedAt = 0
    let firstStep = -1
    const flow = watchedFlow(size, (i) => {
      if (firstStep >= 0) return
      startedAt = performance.now()
      firstStep = i
      void second?.suspend()
    })
    const fresh = backendOf(order) as Backend
    const start = performance.now()
    const flowDetail: FlowDetail = await loadFlowDetail(fresh, first.storage.flowUuid)
    const second = load(flow, { backend: fresh, flowDetail }) as AnyEngine
    await second.run()
    check('the task that started first', firstStep, half)
    check('its result', second.storage.fetch(symbolOf(half)), half + 1)
    await fresh.close()
    return (startedAt - start) * 1_000
  }
}

function revert(size: number, backend: Backend | undefined): () => Promise<number> {
  return async () => {
    const held: Held = { count: 0, most: 0 }
    const engine = load(revertFlow(size, held), { backend }) as AnyEngine
    const us = await timed(size, async () => {
      await engine.run().catch((error: unknown) => {
        if (!(error instanceof RangeError)) throw error
      })
    })
    check('what was taken', held.most, size)
    check('what is left', held.count, 0)
    check('the flow', engine.storage.getFlowState(), 'REVERTED')
    return us
  }
}

function retry(size: number, backend: Backend | undefined): () => Promise<number> {
  return async () => {
    const attempts = { count: 0 }
    const engine = load(retryFlow(size, attempts), { backend }) as AnyEngine
    const us = await timed(size, () => engine.run())
    check('attempts', engine.storage.fetch('attempts'), size)
    return us
  }
}
