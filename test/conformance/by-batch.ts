/**
 * Cases that need the order of a serial engine that takes the outcomes of a batch at its end.
 *
 * In the default mode we take each outcome at once, so that nothing more of the batch starts after a
 * decider has thrown, and an outcome is told before the next atom starts. `commit: 'move'` keeps
 * the recorded order.
 *
 * @module
 */

const AFTER_CRASH = 'the outcomes of a batch that was not at its end are lost with the process'

/** What each of them leans on. */
const REASONS: Readonly<Record<string, string>> = {
  m00053: 'the rest of the batch runs before a decider is asked, which throws',
  m00397: 'the rest of the batch runs before a decider is asked, which throws',
  m00527: 'the rest of the batch runs before a decider is asked, which throws',
  m00232: 'the second atom of a batch starts before the success of the first is told',
  m00176: AFTER_CRASH,
  m00289: AFTER_CRASH,
  m00479: AFTER_CRASH,
  m00518: AFTER_CRASH,
  m00632: AFTER_CRASH,
  m00635: AFTER_CRASH,
  m00803: AFTER_CRASH,
  m01023: AFTER_CRASH,
}

/** True for a case that is run with `commit: 'move'` on a serial engine. */
export function needsBatches(id: string): boolean {
  return Object.hasOwn(REASONS, id)
}
