/**
 * Runs competitors in turn and tells medians, so that noise of the machine hits all of them alike.
 *
 * @module
 */

/** Something to be measured; gives what one unit of its work took, in microseconds. */
export interface Competitor {
  /** What it is, as the table says it. */
  readonly name: string
  /** Does the work once; prepares and checks outside of what it measures. */
  run(): Promise<number>
}

/** What came of measuring. */
export interface Measurement {
  /** What was measured. */
  readonly name: string
  /** Median of the rounds, in microseconds per unit. */
  readonly medianUs: number
  /** The quickest and the slowest round. */
  readonly spreadUs: readonly [number, number]
}

/** Runs all competitors in turn, one round to warm up and then the given number. */
export async function measure(
  competitors: readonly Competitor[],
  rounds: number,
): Promise<readonly Measurement[]> {
  const times = new Map<Competitor, number[]>(competitors.map((one) => [one, []]))
  for (let round = -1; round < rounds; round += 1) {
    for (const competitor of competitors) {
      globalThis.gc?.()
      const us = await competitor.run()
      if (round >= 0) times.get(competitor)?.push(us)
    }
  }
  return competitors.map((competitor) => {
    const sorted = (times.get(competitor) ?? []).sort((a, b) => a - b)
    const medianUs = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
    return {
      name: competitor.name,
      medianUs,
      spreadUs: [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN],
    }
  })
}

/** A Markdown table of measurements, with ratios to the first of them. */
export function tableOf(unit: string, measurements: readonly Measurement[]): string {
  const base = measurements[0]?.medianUs ?? 1
  const rows = measurements.map(
    ({ name, medianUs, spreadUs: [low, high] }) =>
      `| ${name} | ${digits(medianUs)} | ${digits(low)}-${digits(high)} | ${digits(medianUs / base)} |`,
  )
  return [`| | µs per ${unit} | spread | ratio |`, '|---|---|---|---|', ...rows].join('\n')
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
