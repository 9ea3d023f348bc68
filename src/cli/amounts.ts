/**
 * Ages and counts as people write them.
 *
 * @module
 */
import { usageError } from './exits.ts'

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** A thousand years: no record is older, and farther back there are no moments to ask for. */
const MAX_AGE_MS = 1000 * 365 * 86_400_000

/**
 * Reads an age such as `90s`, `30m`, `12h`, `7d` or `2w`, in milliseconds.
 *
 * @throws ExitError when it is none.
 */
export function readAgeMs(text: string, option: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|[smhdw])$/.exec(text.trim()) ?? []
  const unitMs = UNITS_MS[unit]
  if (unitMs === undefined) {
    throw usageError(
      `${option} is '${text}': write a number and a unit, as in 90s, 30m, 12h, 7d or 2w`,
    )
  }
  return Math.min(Number(number) * unitMs, MAX_AGE_MS)
}

/** Reads a whole number above 0. */
export function readCount(text: string, option: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) {
    throw usageError(`${option} is '${text}': write a whole number above 0`)
  }
  return count
}
