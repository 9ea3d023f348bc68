/**
 * Deciders: functions on links that say whether what follows is run.
 *
 * @module
 */
import { readParameters } from '../atoms/parameters.ts'
import { ANYTHING, alternatives, type Checks, readOptions, shown } from '../base/checks.ts'

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

/** What a link may decide. */
export interface LinkOptions<History extends object = DeciderHistory> {
  /** Says whether the child at the end of the link is run; may be async. */
  readonly decider?: Decider<History>
  /**
   * What else is not run when the decider refuses; in any letter case.
   *
   * @defaultValue `'ALL'`
   */
  readonly depth?: Depth | Lowercase<Depth>
}

/** A decider with its depth. */
export interface DeciderRule {
  /** Says whether the atom at the end of the link is run. */
  readonly decider: Decider
  /** What else is not run when it refuses. */
  readonly depth: Depth
}

/**
 * @throws TypeError for what is no function, or names inputs other than the history, which it would
 * never get.
 */
export function checkDecider(decider: unknown): asserts decider is Decider {
  if (typeof decider !== 'function') {
    throw new TypeError(
      `a decider must be a function ({ history }) => boolean, got ${shown(decider)}`,
    )
  }
  const parameters = readParameters(decider as (...args: never[]) => unknown)
  if (parameters.form !== 'destructured') return
  const names = [...parameters.required, ...parameters.optional].filter((one) => one !== 'history')
  if (names.length === 0) return
  throw new TypeError(
    `a decider takes { history }, which has the results by name of the task, got { ${names.join(', ')} }: write ({ history }) => history['task-name']`,
  )
}

/** From the widest to the narrowest. */
export const DEPTHS: readonly Depth[] = ['ALL', 'FLOW', 'NEIGHBORS', 'ATOM']

const WORDS = alternatives(DEPTHS.map((depth) => `'${depth}'`))

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
    throw new TypeError(`depth must be ${WORDS}, got ${shown(depth)}`)
  }
  const found = DEPTHS.find((one) => one === depth.toUpperCase())
  if (found === undefined) {
    throw new RangeError(`depth must be ${WORDS}, got ${shown(depth)}`)
  }
  return found
}

const LINK_CHECKS: Checks<LinkOptions> = { decider: ANYTHING, depth: ANYTHING }

/**
 * What a link decides; undefined when it only orders.
 *
 * @throws TypeError or RangeError for an invalid decider or depth, or a depth alone.
 */
export function readRule(options: LinkOptions): DeciderRule | undefined {
  const { decider, depth } = readOptions('link()', options, LINK_CHECKS)
  if (decider === undefined) {
    if (depth !== undefined) {
      throw new TypeError(
        `a link with the depth ${shown(depth)} must have a decider: { decider, depth }`,
      )
    }
    return undefined
  }
  checkDecider(decider)
  return { decider, depth: depth === undefined ? 'ALL' : readDepth(depth) }
}
