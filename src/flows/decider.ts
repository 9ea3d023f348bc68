/**
 * Deciders: functions on links that say whether what follows is run.
 *
 * @module
 */

/** Results of the tasks that lead to the decision, by name; ignored tasks are left out. */
export type DeciderHistory = Readonly<Record<string, unknown>>

/**
 * Says whether the atom at the end of the link is run; may be async.
 *
 * @typeParam History what it expects of the results: `{ probe: { size: number } }` for a task of
 * that name. Nobody can check it before the decider is asked.
 */
export type Decider<History extends object = DeciderHistory> = (inputs: {
  readonly history: History
}) => unknown

/**
 * What else is not run when a decider refuses its atom:
 * - `ALL`: everything that comes after it;
 * - `FLOW`: the tasks after it in the same flow, up to the next flow inside;
 * - `NEIGHBORS`: the tasks that follow it directly;
 * - `ATOM`: nothing else.
 */
export type Depth = 'ALL' | 'FLOW' | 'NEIGHBORS' | 'ATOM'

/** A decider with its depth. */
export interface DeciderRule {
  /** Says whether the atom at the end of the link is run. */
  readonly decider: Decider
  /** What else is not run when it refuses. */
  readonly depth: Depth
}

/** From the widest to the narrowest. */
export const DEPTHS: readonly Depth[] = ['ALL', 'FLOW', 'NEIGHBORS', 'ATOM']

/** The widest of several depths. */
export function widest(depths: readonly Depth[]): Depth {
  return DEPTHS.find((depth) => depths.includes(depth)) ?? 'ALL'
}

/**
 * Reads a depth in any letter case.
 *
 * @throws RangeError for a word that is none, TypeError for what is no string.
 */
export function readDepth(depth: unknown): Depth {
  if (typeof depth !== 'string') {
    throw new TypeError(`a depth is one of ${DEPTHS.join(', ')}, not ${String(depth)}`)
  }
  const found = DEPTHS.find((one) => one === depth.toUpperCase())
  if (found === undefined) {
    throw new RangeError(`'${depth}' is no depth: write one of ${DEPTHS.join(', ')}`)
  }
  return found
}
