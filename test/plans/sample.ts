/**
 * A flow with everything that a rendering shows, and a run of it that fails and is reverted.
 *
 * @module
 */
import {
  DurationListener,
  type FlowDetail,
  forEach,
  graph,
  linear,
  load,
  task,
  times,
  unordered,
} from '../../src/index.ts'

/** The store of the sample. */
export const STORE = { disk: 'sda', spare: 1 }

/** Makes the flow; `work` is told how long each task takes, in milliseconds. */
export function sampleFlow(work: (ms: number) => void = () => {}) {
  const check = task('check', {
    provides: 'free',
    execute({ name }: { name: string }) {
      work(1500)
      return name.length
    },
    rebind: { name: 'disk' },
  })
  const grow = task('grow', {
    execute({ free, by = 1 }: { free: number; by?: number }) {
      work(20)
      return free + by
    },
    revert: () => work(2),
  })
  const report = task('report', { execute: () => work(95_000), revert() {} })
  const disk = graph('disk')
    .add(check, grow, report)
    .link(check, grow, { decider: () => false, depth: 'ATOM' })
    .link(grow, report)
  const copy = task('copy', {
    execute({ host }: { host: string }) {
      if (host !== '') throw new Error('no\nspace <left>')
    },
    revert() {},
  })
  const retried = unordered('retried', {
    retry: forEach(['a', 'b'], { name: 'hosts', provides: 'host', revertAll: true }),
  }).add(copy, task('other', { provides: 'unused', execute: () => 1, revert() {} }))
  return linear('sample', { retry: times(1) }).add(disk, retried, linear('nothing'))
}

/** The record of a run in which `copy` fails for all hosts, so that everything is reverted. */
export async function failedRun(): Promise<FlowDetail> {
  let ms = 0
  const flow = sampleFlow((more) => {
    ms += more
  })
  const engine = load(flow, { store: STORE })
  using _durations = new DurationListener(engine, {
    clock: { now: () => new Date(0), elapsedMs: () => ms },
  })
  await engine.run().catch(() => {})
  return engine.storage.flowDetail
}
