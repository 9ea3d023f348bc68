/**
 * The flows of the pictures in docs/plans.md.
 *
 * @module
 */
import { forEach, graph, linear, task, times, unordered } from '../../src/index.ts'

/** Works its way through the time of a picture, in milliseconds. */
export type Work = (ms: number) => void

/** A graph with deciders: what a disk needs is found out first. */
export function tidyDisk() {
  const measure = task('measure', {
    provides: { pick: ['freeGib', 'growth'] },
    execute: ({ disk }: { disk: string }) => ({ freeGib: disk.length, growth: 2 }),
  })
  const clean = task('clean-caches', {
    provides: 'cleanedGib',
    execute: ({ disk }: { disk: string }) => disk.length,
  })
  const grow = task('grow-disk', {
    provides: 'addedGib',
    execute: ({ disk, growth }: { disk: string; growth: number }) => disk.length * growth,
    revert() {},
  })
  const resize = task('resize-filesystem', {
    execute: ({ addedGib }: { addedGib: number }) => addedGib,
    revert() {},
  })
  const report = task('report', {
    execute: ({ freeGib, cleanedGib = 0 }: { freeGib: number; cleanedGib?: number }) =>
      freeGib + cleanedGib,
  })
  return graph('tidy-disk')
    .add(measure, clean, grow, resize, report)
    .link(measure, clean, { decider: isNearlyFull, depth: 'ATOM' })
    .link(clean, grow, { decider: isStillFull, depth: 'FLOW' })
    .link(resize, report)
}

function isNearlyFull({ history }: { readonly history: object }): boolean {
  return Object.hasOwn(history, 'measure')
}

function isStillFull({ history }: { readonly history: object }): boolean {
  return Object.hasOwn(history, 'clean-caches')
}

/** Flows in flows with a retry each: hosts are tried one after the other, and each copy twice. */
export function moveServer(work: Work) {
  const lock = task('lock-server', {
    provides: 'server',
    execute({ serverId }: { serverId: string }) {
      work(40)
      return { serverId }
    },
    revert: () => work(10),
  })
  const claim = task('claim-host', {
    provides: 'claim',
    execute({ host, server }: { host: string; server: object }) {
      work(180)
      return { host, server }
    },
    revert: () => work(35),
  })
  const copy = (name: string, ms: number) =>
    task(name, {
      async execute({ claim }: { claim: { host: string } }) {
        work(ms)
        if (claim.host !== 'host-2') throw new Error(`${claim.host} does not answer`)
      },
      revert: () => work(5),
    })
  const copyAll = unordered('copy', { retry: times(2, { name: 'copy-twice' }) }).add(
    copy('copy-disk', 2400),
    copy('copy-memory', 900),
  )
  const move = linear('move', {
    retry: forEach(['host-1', 'host-2'], { name: 'hosts', provides: 'host' }),
  }).add(claim, copyAll)
  const start = task('start-server', {
    execute({ claim }: { claim: object }) {
      work(650)
      return claim
    },
    revert: () => work(80),
  })
  return linear('move-server').add(lock, move, start)
}
