/**
 * The executor of the serial engine: one call at a time, in this thread.
 *
 * @module
 */
import { callAtom } from './call.ts'
import type { Executor } from './executor.ts'

/** Calls one atom at a time. */
export const INLINE: Executor = { capacity: 1, call: callAtom }
