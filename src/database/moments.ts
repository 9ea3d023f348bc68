/**
 * Moments as Python TaskFlow stores them: `YYYY-MM-DD HH:MM:SS.ffffff`, in UTC without saying so.
 *
 * @module
 */

const MOMENT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/

/** The text of a moment; a Date ends at milliseconds, so three zeros follow. */
export function momentText(moment: Date): string {
  return moment.toISOString().replace('T', ' ').replace('Z', '000')
}

/** The moment of a text, without its microseconds; undefined when it is not one. */
export function momentFrom(text: string): Date | undefined {
  const [, day, time, fraction = ''] = MOMENT.exec(text) ?? []
  if (day === undefined) return undefined
  const moment = new Date(`${day}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}Z`)
  // Date turns February 31 into March 3; such a text was never written as a moment.
  return Number.isNaN(moment.getTime()) || !moment.toISOString().startsWith(day)
    ? undefined
    : moment
}
