/**
 * What goes wrong in a simulated run, and when: a schedule is a list of incidents, in order.
 *
 * An incident is known by its text, so that a schedule can be printed, compared, and run again.
 *
 * @module
 */

/** Something that goes wrong. */
export interface Incident {
  /** Says what and when, for example `crash after write 3`; the same in every run of the flow. */
  readonly text: string
  /** Crashes are bounded by `crashes`; of the others there is one of each kind in a schedule. */
  readonly kind: 'crash' | 'fail execute' | 'fail revert'
}

/** What goes wrong in one run, in order; empty when nothing does. */
export type Schedule = readonly Incident[]

/** One call of a method of an atom. */
export interface CallName {
  /** Name of the atom. */
  readonly atom: string
  /** Which method. */
  readonly direction: 'execute' | 'revert'
  /** Which attempt, from 1. */
  readonly attempt: number
  /** Which call of this attempt, from 1: more when a crash came between call and record. */
  readonly run: number
}

/** `execute of 'a'`; attempt and run only when they are not the first. */
export function callText({ atom, direction, attempt, run }: CallName): string {
  const which = attempt > 1 ? ` at attempt ${attempt}` : ''
  const again = run > 1 ? ` (call ${run} of it)` : ''
  return `${direction} of '${atom}'${which}${again}`
}

/** The process dies before a write reaches the backend, or after it did. */
export function crashAtWrite(when: 'before' | 'after', write: number): Incident {
  return { text: `crash ${when} write ${write}`, kind: 'crash' }
}

/** The process dies before the code of an atom is called, or after it ended. */
export function crashAtCall(when: 'before' | 'after', call: CallName): Incident {
  return { text: `crash ${when} ${callText(call)}`, kind: 'crash' }
}

/** The process dies in the middle of the code of an atom, at a place that the user has marked. */
export function crashInside(call: CallName, label: string): Incident {
  return { text: `crash inside ${callText(call)}, at '${label}'`, kind: 'crash' }
}

/** An atom fails: this once, or from now on at every attempt. */
export function failureOf(
  when: 'before' | 'after',
  call: CallName,
  lasts: 'once' | 'for good',
): Incident {
  const often = lasts === 'once' ? '' : ', and every time from then on'
  return {
    text: `fail ${callText(call)}, ${when} its effect${often}`,
    kind: call.direction === 'execute' ? 'fail execute' : 'fail revert',
  }
}

/**
 * Reads a schedule as it is printed.
 *
 * @throws RangeError for a text that is no incident.
 */
export function readSchedule(texts: readonly string[]): Schedule {
  return texts.map((text) => {
    const kind = KINDS.find((one) => text.startsWith(`${one} `))
    if (kind !== undefined) return { text, kind }
    throw new RangeError(
      `"${text}" is no step of a schedule: take the steps from the error that reported them`,
    )
  })
}

const KINDS: readonly Incident['kind'][] = ['crash', 'fail execute', 'fail revert']
