/**
 * Which fence comes next, by what came of the one before.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { Fences } from '../../src/holding/fences.ts'
import { Lease } from '../../src/holding/lease.ts'
import type { Fence } from '../../src/persistence/backend.ts'
import { FlowDetail } from '../../src/persistence/flow-detail.ts'
import { FakeClock } from '../../src/testing/index.ts'

const LEASE_MS = 30_000

function fencesOf(storedEpoch: number) {
  const clock = new FakeClock(new Date('2026-03-01T10:00:00Z'))
  const lease = new Lease(LEASE_MS, clock)
  const flowDetail = new FlowDetail('f')
  const newLease = (): Date => lease.next()
  const fences = new Fences({ flowDetail, lease, newLease, storedEpoch: () => storedEpoch })
  /** The next write, which succeeds. */
  const write = (): Fence => {
    const fence = fences.next()
    fences.written(fence)
    return fence
  }
  return { clock, flowDetail, fences, write }
}

describe('the fences of a claim', () => {
  test('claim the next epoch, then hold it', () => {
    const { write, flowDetail } = fencesOf(4)
    const until = new Date('2026-03-01T10:00:30Z')
    const claimed = write()
    expect(claimed).toMatchObject({ epoch: 5, action: 'claim', leaseUntil: until })
    expect(flowDetail).toMatchObject({ epoch: 5, owner: claimed.owner, leaseUntil: until })
    expect(write()).toEqual({ ...claimed, action: 'hold', leaseUntil: undefined })
  })

  test.each([
    { afterMs: 0, action: 'hold' },
    { afterMs: LEASE_MS / 3 + 1, action: 'renew' },
    { afterMs: LEASE_MS, action: 'claim' },
  ])('are those of $action when $afterMs ms of the lease have passed', ({ afterMs, action }) => {
    const { clock, fences, write } = fencesOf(0)
    write()
    clock.advance(afterMs)
    expect(fences.next().action).toBe(action)
  })

  test('give the claim back at the end, even when the lease is over', () => {
    const { clock, fences, write, flowDetail } = fencesOf(0)
    write()
    fences.isEnding = true
    clock.advance(LEASE_MS)
    expect(write()).toMatchObject({ epoch: 1, action: 'release', leaseUntil: undefined })
    expect([fences.isHeld, fences.isEnding, flowDetail.owner]).toEqual([false, false, undefined])
  })

  test('claim again after an end of which nobody knows whether it was written', () => {
    const { fences, write } = fencesOf(0)
    write()
    fences.isEnding = true
    fences.failed(fences.next())
    expect(fences.next().action).toBe('claim')
  })

  test('stay as they are when another write has failed', () => {
    const { fences, write } = fencesOf(0)
    write()
    fences.failed(fences.next())
    expect(fences.next().action).toBe('hold')
  })
})
