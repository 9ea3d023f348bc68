/**
 * What execute and revert of an atom get beside their inputs.
 *
 * @module
 */
import type { TaskContext } from '../atoms/task.ts'
import { PROGRESS } from '../base/checks.ts'
import type { Logger } from '../base/logger.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import { keep, readKept } from '../persistence/kept-value.ts'
import type { GraphNode } from './compiler.ts'
import type { Texts } from './texts.ts'

/** What a context asks of the run that it belongs to. */
export interface ContextHost {
  readonly logger: Logger
  readonly journal: {
    readonly hasChanges: boolean
    readonly texts: Texts
    touch(detail: AtomDetail, payload: boolean): void
  }
  detailOf(node: GraphNode): AtomDetail
  writeSoon(): void
  tellProgress(
    node: GraphNode,
    detail: AtomDetail,
    progress: number,
    details?: Readonly<Record<string, unknown>>,
  ): void
}

/** The context of one call. */
export class AtomContext implements TaskContext {
  readonly attempt: number
  readonly signal: AbortSignal
  readonly #runtime: ContextHost
  readonly #node: GraphNode
  readonly #direction: 'execute' | 'revert'

  constructor(
    runtime: ContextHost,
    node: GraphNode,
    direction: 'execute' | 'revert',
    signal: AbortSignal,
  ) {
    this.attempt = runtime.detailOf(node).attempt
    this.signal = signal
    this.#runtime = runtime
    this.#node = node
    this.#direction = direction
  }

  get logger(): Logger {
    return this.#runtime.logger
  }

  get executeKey(): string {
    return `${this.#runtime.detailOf(this.#node).uuid}:${this.attempt}`
  }

  get idempotencyKey(): string {
    return this.#direction === 'execute' ? this.executeKey : `${this.executeKey}:revert`
  }

  /** Bound, since atoms destructure their context; made only when it is asked for. */
  get progress(): TaskContext['progress'] {
    return (fraction, details) => this.#progress(fraction, details)
  }

  #progress(fraction: number, details?: Readonly<Record<string, unknown>>): void {
    PROGRESS(`the progress of '${this.#node.name}'`, fraction)
    const detail = this.#runtime.detailOf(this.#node)
    const isUnderWay = detail.state === 'RUNNING' || detail.state === 'REVERTING'
    if (!isUnderWay || detail.attempt !== this.attempt) return
    const text = this.#runtime.journal.texts.textOf(details, 'progress details', this.#node.name)
    const copy = readKept(keep(details, text)) as typeof details
    detail.progress = fraction
    detail.progressDetails = copy && { at_progress: fraction, details: copy }
    this.#runtime.journal.touch(detail, false)
    if (this.#runtime.journal.hasChanges) this.#runtime.writeSoon()
    this.#runtime.tellProgress(this.#node, detail, fraction, details)
  }
}
