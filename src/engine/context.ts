/**
 * What execute and revert of an atom get beside their inputs.
 *
 * @module
 */
import type { TaskContext } from '../atoms/task.ts'
import { PROGRESS } from '../base/checks.ts'
import type { Logger } from '../base/logger.ts'
import type { CallDirection } from '../executors/executor.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import { keep, readKept } from '../persistence/kept-value.ts'
import type { GraphNode } from './compiler.ts'
import type { Moves } from './moves.ts'
import type { Progress } from './progress.ts'
import type { StopSignals } from './stop-signals.ts'
import type { Texts } from './texts.ts'
import type { Extent } from './writer.ts'

/** What contexts ask of the run that they belong to. */
export interface ContextParts {
  readonly logger: Logger
  readonly journal: {
    readonly hasChanges: boolean
    readonly texts: Texts
    touch(detail: AtomDetail, extent: Extent): void
  }
  readonly moves: Pick<Moves, 'detailOf'>
  readonly progress: Pick<Progress, 'tell' | 'writeSoon'>
  readonly signals: Pick<StopSignals, 'of'>
}

/** Makes the contexts of one run. */
export class Contexts {
  readonly #parts: ContextParts

  constructor(parts: ContextParts) {
    this.#parts = parts
  }

  /**
   * The context of a call.
   *
   * @param own aborted when this call alone is to stop
   */
  of(node: GraphNode, direction: CallDirection, own?: AbortSignal): TaskContext {
    return new AtomContext(this.#parts, node, direction, this.#parts.signals.of(direction, own))
  }
}

/** The context of one call. */
class AtomContext implements TaskContext {
  readonly attempt: number
  readonly signal: AbortSignal
  readonly #parts: ContextParts
  readonly #node: GraphNode
  readonly #direction: CallDirection

  constructor(parts: ContextParts, node: GraphNode, direction: CallDirection, signal: AbortSignal) {
    this.attempt = parts.moves.detailOf(node).attempt
    this.signal = signal
    this.#parts = parts
    this.#node = node
    this.#direction = direction
  }

  get logger(): Logger {
    return this.#parts.logger
  }

  get executeKey(): string {
    return `${this.#parts.moves.detailOf(this.#node).uuid}:${this.attempt}`
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
    const { journal, moves, progress } = this.#parts
    const detail = moves.detailOf(this.#node)
    const isUnderWay = detail.state === 'RUNNING' || detail.state === 'REVERTING'
    if (!isUnderWay || detail.attempt !== this.attempt) return
    const text = journal.texts.textOf(details, 'progress details', this.#node.name)
    const copy = readKept(keep(details, text)) as typeof details
    detail.progress = fraction
    detail.progressDetails = copy && { at_progress: fraction, details: copy }
    journal.touch(detail, 'state')
    if (journal.hasChanges) progress.writeSoon()
    progress.tell(this.#node, detail, fraction, details)
  }
}
