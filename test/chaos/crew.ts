/**
 * Runs flows of the chaos tests in this process, many at once, and notes what listeners are told.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import {
  type Backend,
  type Engine,
  type FlowDefinition,
  LogBook,
  loadFromFactory,
  resumeAll,
  StaleWriteError,
  StorageError,
} from '../../src/index.ts'
import type { EffectLog } from './effects.ts'
import { chaosFlow, SHAPES } from './flows.ts'

/** Whose flows, where they are kept, and what they note. */
export interface CrewParts {
  readonly name: string
  readonly backend: Backend
  readonly log: EffectLog
  /** How long a task takes at most, in milliseconds. */
  readonly slowMs: number
  /** A run that cannot be written is run again, as an operator would; else it is thrown. */
  readonly perseveres?: boolean
  /** How long others leave a run alone of which they hear nothing. */
  readonly leaseMs?: number | undefined
}

/** The flows of one process. */
export class Crew {
  /** How many flows were started. */
  count = 0
  /** How many runs were lost to other processes. */
  takenCount = 0
  /** What runs were rejected with that were run again. */
  readonly faults: StorageError[] = []
  readonly #parts: CrewParts
  readonly #engines = new Map<string, Engine>()
  readonly #definition: FlowDefinition<[name: string]>
  readonly #book: LogBook
  #isStopped = false

  constructor(parts: CrewParts) {
    this.#parts = parts
    this.#definition = chaosFlow(parts.log, this.#engines, parts.slowMs)
    this.#book = new LogBook(parts.name)
  }

  /** Runs so many flows at once, one after the other in each lane, until it is stopped. */
  async work(width: number): Promise<void> {
    const lanes = Array.from({ length: width }, async () => {
      while (!this.#isStopped) await this.runOne()
    })
    await Promise.all(lanes)
  }

  /** Starts nothing more. */
  stop(): void {
    this.#isStopped = true
  }

  /** Runs a new flow to its end. */
  async runOne(): Promise<void> {
    const { name: crew, backend, leaseMs } = this.#parts
    const shapes = Object.keys(SHAPES)
    this.count += 1
    const name = `${shapes[this.count % shapes.length]}/${crew}/${this.count}`
    const kind = this.count % 3 === 0 ? 'serial' : 'parallel'
    const options = { backend, book: this.#book, engine: kind, leaseMs } as const
    const engine = loadFromFactory(this.#definition, [name], options) as Engine
    this.#observe(engine)
    for (;;) {
      try {
        return await engine.run()
      } catch (error) {
        if (engine.storage.getFlowState() === 'REVERTED') return
        if (error instanceof StaleWriteError) {
          this.takenCount += 1
          return
        }
        // Whoever slept through its lease runs again, and finds whether somebody else came.
        const { leaseUntil } = engine.storage.flowDetail
        const hasLapsed = leaseUntil !== undefined && leaseUntil <= new Date()
        if (error instanceof StorageError && hasLapsed) continue
        if (this.#parts.perseveres !== true || !(error instanceof StorageError)) {
          throw new Error(`${name} is ${engine.storage.getFlowState()}`, { cause: error })
        }
        this.faults.push(error)
        await setTimeout(100)
      }
    }
  }

  /** Finishes what others left. */
  async resume(): Promise<void> {
    const { backend, leaseMs } = this.#parts
    const options = { backend, flows: [this.#definition], engine: 'parallel', leaseMs } as const
    const resumed = await resumeAll({ ...options, onEngine: (engine) => this.#observe(engine) })
    for (const { name, outcome, error, state } of resumed) {
      if (outcome === 'taken') this.takenCount += 1
      if (outcome === 'finished' || outcome === 'taken') continue
      // It slept through its lease: the run is left to whoever comes.
      if (outcome === 'broken' && leaseMs !== undefined && error instanceof StorageError) continue
      throw new Error(`${name} (${state}) is ${outcome}`, { cause: error })
    }
  }

  /** Tasks ask for their engine by the name of the flow. */
  #observe(engine: Engine): void {
    const { log } = this.#parts
    const { flowDetail } = engine.storage
    this.#engines.set(engine.flow.name, engine)
    const line = (): { readonly flow: string; readonly epoch: number } => {
      return { flow: flowDetail.uuid, epoch: flowDetail.epoch }
    }
    const none = { atom: '', attempt: 0, direction: '' } as const
    engine.notifier.register('RUNNING', () => {
      log.note({ ...line(), ...none, event: 'started', key: 'RUNNING' }, false)
    })
    for (const key of ['SUCCESS', 'REVERTED', 'FAILURE'] as const) {
      engine.notifier.register(key, () => {
        log.note({ ...line(), ...none, event: 'ended', key }, false)
        this.#engines.delete(engine.flow.name)
      })
      engine.atomNotifier.register(key, (_, moved) => {
        const atom = 'taskName' in moved ? moved.taskName : ''
        if (atom === '') return
        const attempt = flowDetail.find(atom)?.attempt ?? 0
        const direction = key === 'REVERTED' ? 'revert' : 'execute'
        log.note({ ...line(), event: 'told', atom, attempt, direction, key }, false)
      })
    }
  }
}
