/**
 * Runs a flow in a process that dies at a write, as far as its record can tell.
 *
 * @module
 */

import {
  type Backend,
  type Checkpoint,
  type Engine,
  type EngineOptions,
  type FlowDetail,
  type FlowItem,
  ForwardingBackend,
  loadFlowDetail,
  memory,
  NotFoundError,
} from '../../src/index.ts'
import { markStored, storedPlaceOf } from '../../src/persistence/stored-in.ts'
import { loadLoosely } from './steps.ts'

/** At which write the process dies. */
export interface Crash {
  /** Number of the write from 1, or which one it is. */
  readonly at: number | ((checkpoint: Checkpoint) => boolean)
  /** Whether the write is lost or kept. */
  readonly when: 'before' | 'after'
}

/** What a process that died has left. */
export interface Remains {
  /** What survives it. */
  readonly backend: Backend
  /** Identifies the run. */
  readonly uuid: string
  /** The record as it was stored; undefined when nothing was. */
  readonly detail: FlowDetail | undefined
}

/**
 * Runs a flow until the process dies; undefined when it came to its end before.
 *
 * @param flow what is run, or what makes its engine
 * @param work what the process does with the engine
 */
export async function runUntilCrash(
  flow: FlowItem | ((options: EngineOptions & { readonly backend: Backend }) => Engine),
  crash: Crash,
  options: EngineOptions & {
    readonly store?: Readonly<Record<string, unknown>>
    readonly flowDetail?: FlowDetail
  } = {},
  work: (engine: Engine) => Promise<unknown> = (engine) => engine.run(),
): Promise<Remains | undefined> {
  const inner = options.backend ?? memory()
  const death = Promise.withResolvers<'dead'>()
  let count = 0
  let isDead = false
  const backend = new (class extends ForwardingBackend {
    override async save(checkpoint: Checkpoint): Promise<void> {
      count += 1
      const { at, when } = crash
      const isFatal = typeof at === 'number' ? count === at : at(checkpoint)
      if (!isFatal && !isDead) return inner.save(checkpoint)
      if (!isDead && when === 'after') await inner.save(checkpoint)
      isDead = true
      death.resolve('dead')
      return new Promise<never>(() => {})
    }
  })(inner)
  const { flowDetail } = options
  if (flowDetail !== undefined && storedPlaceOf(flowDetail) === inner) {
    markStored(flowDetail, backend)
  }
  const all = { ...options, backend }
  const engine = typeof flow === 'function' ? flow(all) : loadLoosely(flow, all)
  const ended = work(engine).then(
    () => 'ended',
    () => 'ended',
  )
  if ((await Promise.race([death.promise, ended])) === 'ended') return undefined
  const uuid = engine.storage.flowUuid
  return { backend: inner, uuid, detail: await stored(inner, uuid) }
}

async function stored(backend: Backend, uuid: string): Promise<FlowDetail | undefined> {
  try {
    return await loadFlowDetail(backend, uuid)
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
