/**
 * Versions of a flow and what a resumption with the newer one comes to: what both cases share.
 *
 * @module
 */
import { type FlowItem, linear, times } from '../../src/index.ts'
import type { Workshop } from './steps.ts'

/** What a resumption comes to: the state of the flow, the calls, and what was thrown. */
export interface End {
  readonly state: 'SUCCESS' | 'REVERTED' | 'FAILURE'
  readonly calls: readonly string[]
  /** Some of the inputs of calls. */
  readonly inputs?: Readonly<Record<string, object>>
  /** Part of the message of the error; what an atom threw otherwise. */
  readonly error?: string
}

export interface Pair {
  readonly what: string
  readonly old: (w: Workshop) => FlowItem
  /** The process dies when this is stored; further failures come first. */
  readonly dies: readonly [atom: string, state: string]
  readonly now: (w: Workshop) => FlowItem
  /** Kind and atom of each difference, blocking ones with a mark. */
  readonly found: readonly string[]
  /** How it ends; undefined when it cannot go on. */
  readonly end?: End
  /** What becomes of it when all is accepted. */
  readonly accepted?: End
}

export const AFTER_A = ['a', 'SUCCESS'] as const
export const AFTER_B = ['b', 'SUCCESS'] as const

export const abc = ({ step }: Workshop) => linear('f').add(step('a'), step('b'), step('c'))

/** a provides x, b provides y, c takes both. */
export const wired = ({ step }: Workshop) =>
  linear('f').add(
    step('a', { provides: 'x' }),
    step('b', { provides: 'y', requires: ['x'] }),
    step('c', { requires: ['x', 'y'] }),
  )

export const failing = ({ step, bad }: Workshop) => linear('f').add(step('a'), step('b'), bad('c'))

export const retried = ({ step }: Workshop) =>
  linear('f', { retry: times(2, { name: 'r' }) }).add(step('a'), step('b'), step('c'))
