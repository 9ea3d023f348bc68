/**
 * Ages, durations and failures in words, for whoever tells people of runs.
 *
 * @module
 */
import type { Failure } from '../base/failure.ts'
import { maskUrls } from '../base/secrets.ts'

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** An age in its largest unit: `5s`, `3m`, `7h`, `12d`. */
export function ageInWords(ms: number): string {
  if (ms < 0) return '0s'
  for (const [unit, next] of [
    ['s', 'm'],
    ['m', 'h'],
    ['h', 'd'],
  ] as const) {
    if (ms < UNITS_MS[next]) return `${Math.floor(ms / UNITS_MS[unit])}${unit}`
  }
  return `${Math.floor(ms / UNITS_MS.d)}d`
}

/** How long something took: `12ms`, `3.4s`, `2m05s`, `1h02m`. */
export function durationInWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`
  const [large, small, of] = ms < 3_600_000 ? ['m', 's', 60_000] : ['h', 'm', 3_600_000]
  const rest = Math.floor((ms % of) / (of / 60))
  return `${Math.floor(ms / of)}${large}${String(rest).padStart(2, '0')}${small}`
}

/** A failure in one line, with its causes: `Error: no room, because of Error: disk full`. */
export function failureInWords({ typeNames, message, causes }: Failure): string {
  const all = [{ typeNames, message }, ...causes].map(
    (one) => `${one.typeNames[0] ?? 'Error'}: ${one.message}`,
  )
  return maskUrls(all.join(', because of '))
}
