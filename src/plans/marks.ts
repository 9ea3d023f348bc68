/**
 * What a run has made of the atoms of a plan, in words and signs, so that no colour is needed.
 *
 * For the renderings; reads a flow detail and nothing else.
 *
 * @module
 */
import type { FlowDetail } from '../persistence/flow-detail.ts'
import type { AtomState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { inOneLine } from './characters.ts'

/** Whether a rendering shows a run. */
export interface PlanRunOptions {
  /**
   * The record of a run, finished or under way; its states are shown with the atoms. An atom that
   * it does not know is PENDING.
   *
   * @defaultValue none: the plan alone
   */
  readonly flowDetail?: FlowDetail | undefined
}

/** Where an atom is in a run. */
export interface Mark {
  /** Its state. */
  readonly state: AtomState
  /** The sign of its state. */
  readonly glyph: string
  /** The state in words, with what else is known: `'FAILURE · attempt 2 · 1.2 s'`. */
  readonly words: string
  /** It failed or its revert did, also when that has been undone since. */
  readonly hasFailed: boolean
  /** Why. */
  readonly failure: string | undefined
}

/** Where a run is. */
export interface Marks {
  /** The state of the flow. */
  readonly state: FlowState
  /** How long the flow took, in words. */
  readonly duration: string | undefined
  /** Where an atom is. */
  of(atom: string): Mark
}

const HAD_FAILED = 'had failed'
const GLYPHS: Readonly<Record<AtomState, string>> = {
  PENDING: '○',
  RUNNING: '▶',
  SUCCESS: '✓',
  FAILURE: '✗',
  REVERTING: '↺',
  REVERTED: '↩',
  REVERT_FAILURE: '‼',
  IGNORE: '⊘',
  RETRYING: '⟳',
}

/**
 * Reads a run.
 *
 * @throws TypeError when it is not a flow detail.
 */
export function marksOf({ flowDetail }: PlanRunOptions): Marks | undefined {
  if (flowDetail === undefined) return undefined
  if (typeof flowDetail?.find !== 'function') {
    throw new TypeError(
      `a plan can be drawn with a flow detail, not with ${String(flowDetail)}: write { flowDetail: engine.storage.flowDetail }`,
    )
  }
  const flowMs = durationMsOf(flowDetail.meta)
  return {
    state: flowDetail.state,
    duration: flowMs === undefined ? undefined : formatMs(flowMs),
    of: (atom) => markOf(flowDetail, atom),
  }
}

function markOf(flowDetail: FlowDetail, atom: string): Mark {
  const detail = flowDetail.find(atom)
  const state = detail?.state ?? 'PENDING'
  const words: string[] = [state]
  const isUndoing = state === 'REVERTING' || state === 'REVERTED'
  if (isUndoing && detail?.failure !== undefined) words.push(HAD_FAILED)
  if (detail !== undefined && detail.attempt > 1) words.push(`attempt ${detail.attempt}`)
  const isOver = state !== 'PENDING' && state !== 'IGNORE'
  const ms = isOver ? durationMsOf(detail?.meta) : undefined
  if (ms !== undefined) words.push(formatMs(ms))
  const failure = detail?.revertFailure ?? detail?.failure
  const hasFailed = state === 'FAILURE' || state === 'REVERT_FAILURE' || words.includes(HAD_FAILED)
  return {
    state,
    glyph: GLYPHS[state],
    words: words.join(' · '),
    hasFailed,
    failure: hasFailed && failure !== undefined ? inOneLine(failure.message) : undefined,
  }
}

/** The duration that a listener has stored in metadata, in milliseconds. */
export function durationMsOf(
  meta: Readonly<Record<string, unknown>> | undefined,
): number | undefined {
  const seconds = meta?.['duration']
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1000 : undefined
}

/** Milliseconds for people: `'12 ms'`, `'1.2 s'`, `'3 min 20 s'`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
