/**
 * The work that all contenders of a suite do, and what must come of it.
 *
 * Kinds of work are the same for all: a contender that comes to another result has not done the
 * work, and has no time.
 *
 * @module
 */

/** What is to be done; `size` counts tasks, attempts for `retry`. */
export type Kind =
  /** One task after the other, each with the result of the one before. */
  | 'linear'
  /** Tasks that need nothing, and one that needs the results of all. */
  | 'wide'
  /** Layers of tasks, each of which needs three results of the layer before. */
  | 'layered'
  /** A hundred linear flows at once, which have so many tasks altogether. */
  | 'flows'
  /** Half of a linear flow is done; how long until the first task of the other half starts. */
  | 'resume'
  /** A linear flow whose last task fails, so that all are undone. */
  | 'revert'
  /** One task that succeeds at its last attempt. */
  | 'retry'
  /** How many bytes a task takes while its flow is held in memory, after the run. */
  | 'held'
  /** What the process takes then, in MiB. */
  | 'rss'
  /** The longest time for which other work of the process waits while `flows` run, in ms. */
  | 'delay'
  /** How long the first import of the package takes, in ms. */
  | 'import'
  /** What the package takes on disk with what it needs, in KiB. */
  | 'install'

/** What one process measures. */
export interface Order {
  /** Which contender. */
  readonly contender: string
  readonly kind: Kind
  readonly size: number
  /** A folder of its own. */
  readonly folder: string
  /** A database of its own, when the contender asked for one. */
  readonly databaseUrl: string | undefined
}

/** Something that does the work of an order again and again. */
export interface Contender extends AsyncDisposable {
  /**
   * Does the work once, and checks what comes of it.
   *
   * @returns microseconds for each task, or what the kind says
   */
  run(): Promise<number>
}

/** How many flows the kind `flows` has. */
export const FLOW_COUNT = 100

/** How many tasks stand in a layer. */
export function widthOf(size: number): number {
  return size < 1_000 ? 5 : 100
}

/** The tasks whose results the i-th of a layered graph needs. */
export function inputsOf(i: number, size: number): readonly number[] {
  const width = widthOf(size)
  if (i < width) return []
  const column = i % width
  const start = i - column - width
  return [0, 1, 2].map((k) => start + ((column + k) % width))
}

/** What a task of a layered graph makes of its inputs. */
export function mix(a: number, b: number, c: number): number {
  return (a + 2 * b + 3 * c + 1) % 1_000_003
}

/** What the last layer comes to. */
export function layeredResult(size: number): number {
  const results: number[] = []
  for (let i = 0; i < size; i += 1) {
    const [a, b, c] = inputsOf(i, size).map((from) => results[from] ?? Number.NaN)
    results.push(a === undefined ? i : mix(a, b ?? Number.NaN, c ?? Number.NaN))
  }
  return sum(results.slice(-widthOf(size)))
}

/** What the joining task of a wide flow must give. */
export function wideResult(size: number): number {
  return (size * (size - 1)) / 2
}

/** The sum. */
export function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}

/** @throws Error when the work came to something else than it must. */
export function check(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) {
    throw new Error(`${what} came to ${String(actual)}, and not to ${String(expected)}`)
  }
}

/** Measures some work; gives microseconds for each of `count`. */
export async function timed(count: number, work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return ((performance.now() - start) * 1_000) / count
}

/** How often small work in memory is done for one figure, so that the clock can see it. */
export function repetitionsOf(size: number): number {
  return Math.max(1, Math.round(10_000 / size))
}

/** Work of a kind that a contender does not do: a mistake in the table of suites. */
export function unknownKind(contender: string, kind: Kind): never {
  throw new TypeError(`${contender} has no work of the kind '${kind}'; see bench/suites.ts`)
}
