/**
 * How long other work of a process waits.
 *
 * @module
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/** How often the event loop is looked at, in milliseconds; what is measured holds it too. */
const RESOLUTION_MS = 1

/** The longest time for which the event loop did not come round while some work was done, in ms. */
export async function longestDelay(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  await setTimeout(10 * RESOLUTION_MS)
  histogram.reset()
  await work()
  await setTimeout(2 * RESOLUTION_MS)
  histogram.disable()
  return histogram.max / 1e6
}
