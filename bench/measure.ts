/**
 * Runs competitors in turn and tells medians, so that noise of the machine hits all of them alike.
 *
 * @module
 */

/** Something to be measured. */
export interface Competitor {
  /** What it is, as the table says it. */
  readonly name: string
  /** Does the work once; prepares and checks outside of what it measures. */
  run(): Promise<number>
}

/** How long measuring goes on. */
export interface Bounds {
  /** How often each competitor runs at most, after it has warmed up. */
  readonly rounds: number
  /**
   * How long each warms up, in milliseconds: it runs until then, and once at least. What is quick
   * has run often by then, so that the virtual machine has compiled it.
   */
  readonly warmUpMs: number
  /** A competitor that has run for so long altogether, in milliseconds, is left out of the rest. */
  readonly maxMs: number
}

/** What came of measuring. */
export interface Measurement {
  /** What was measured. */
  readonly name: string
  /** What each round gave, in order. */
  readonly values: readonly number[]
  /** Median of the rounds. */
  readonly median: number
  /** The smallest and the largest figure. */
  readonly spread: readonly [number, number]
}

/**
 * Runs all competitors in turn, again and again. One whose first run takes all of its time is not
 * run again: that run counts.
 */
export async function measure(
  competitors: readonly Competitor[],
  { rounds, warmUpMs, maxMs }: Bounds,
): Promise<readonly Measurement[]> {
  const taken = competitors.map((competitor) => ({ competitor, values: [] as number[], ms: 0 }))
  const warmUpMost = Math.min(warmUpMs, maxMs)
  for (let round = -1; round < rounds; round += 1) {
    for (const one of taken) {
      if (one.ms > maxMs && one.values.length > 0) continue
      const start = performance.now()
      const value = await one.competitor.run()
      const ms = performance.now() - start
      if (round >= 0 || ms > maxMs) {
        one.values.push(value)
        one.ms += ms
        continue
      }
      while (performance.now() - start < warmUpMost) await one.competitor.run()
    }
  }
  return taken.map(({ competitor, values }) => measurementOf(competitor.name, values))
}

/** What some figures come to. */
export function measurementOf(name: string, values: readonly number[]): Measurement {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length / 2
  const upper = sorted[Math.floor(half)] ?? Number.NaN
  const lower = sorted[Math.ceil(half) - 1] ?? Number.NaN
  return {
    name,
    values,
    median: (lower + upper) / 2,
    spread: [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN],
  }
}
