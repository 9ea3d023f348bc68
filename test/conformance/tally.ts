/**
 * Counts verdicts by feature, and keeps the first failures to be shown.
 *
 * @module
 */
import type { Case, EngineKind } from './case.ts'
import type { Verdict } from './judge.ts'

const MAX_DIFFERENCES_SHOWN = 4

/** The verdicts on many cases. */
export class Tally {
  readonly #shownMax: number
  readonly #byFeature = new Map<string, { passed: number; failed: number }>()
  readonly #byField = new Map<string, number>()
  readonly #deliberate = new Map<string, number>()
  readonly #shown: string[] = []
  /** How many cases passed. */
  passedCount = 0
  /** How many cases failed. */
  failedCount = 0

  /** @param shownMax how many failures are shown */
  constructor(shownMax: number) {
    this.#shownMax = shownMax
  }

  /** Counts a verdict. */
  add(item: Case, engine: EngineKind, verdict: Verdict): void {
    if (verdict.kind === 'deliberate') {
      for (const reason of verdict.reasons) count(this.#deliberate, reason)
      return
    }
    const hasPassed = verdict.kind === 'passed'
    if (hasPassed) this.passedCount += 1
    else this.failedCount += 1
    for (const feature of item.features) {
      const counts = this.#byFeature.get(feature) ?? { passed: 0, failed: 0 }
      counts[verdict.kind] += 1
      this.#byFeature.set(feature, counts)
    }
    if (hasPassed) return
    for (const { field } of verdict.differences) count(this.#byField, field)
    if (this.#shown.length < this.#shownMax)
      this.#shown.push(describeFailure(item, engine, verdict))
  }

  /** The first failures in words; empty when nothing has failed. */
  failures(): string {
    return this.#shown.join('\n')
  }

  /** Everything in words. */
  report(): string {
    const lines = [`${'feature'.padEnd(34)} ${'passed'.padStart(8)} ${'failed'.padStart(8)}`]
    for (const [feature, { passed, failed }] of [...this.#byFeature].sort()) {
      lines.push(`${feature.padEnd(34)} ${pad(passed)} ${pad(failed)}`)
    }
    for (const [reason, n] of this.#deliberate) {
      lines.push(`${`differs deliberately: ${reason}`.padEnd(52)} ${n}`)
    }
    if (this.#byField.size > 0) lines.push('', 'failed by field:')
    for (const [field, n] of [...this.#byField].sort((a, b) => b[1] - a[1])) {
      lines.push(`  ${field.padEnd(24)} ${pad(n)}`)
    }
    if (this.#shown.length > 0) lines.push('', 'first differences:', ...this.#shown)
    lines.push('', `${this.passedCount} passed, ${this.failedCount} failed`, '')
    return lines.join('\n')
  }
}

/** A failing case with its first differences. */
export function describeFailure(
  { id, title, accidentalReasons }: Case,
  engine: EngineKind,
  { differences }: Extract<Verdict, { kind: 'failed' }>,
): string {
  const reasons = accidentalReasons === undefined ? '' : ` (accidental: ${accidentalReasons})`
  const texts = differences.slice(0, MAX_DIFFERENCES_SHOWN).map(({ text }) => `      ${text}`)
  const more = differences.length - MAX_DIFFERENCES_SHOWN
  if (more > 0) texts.push(`      ... and ${more} more`)
  return [`  ${id} [${engine}] ${title}${reasons}`, ...texts].join('\n')
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function pad(n: number): string {
  return String(n).padStart(8)
}
