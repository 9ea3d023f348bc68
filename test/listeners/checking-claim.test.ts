import { setImmediate } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { task } from '../../src/atoms/function-task.ts'
import { load } from '../../src/engine/load.ts'
import { linear } from '../../src/flows/linear.ts'
import { CheckingClaimListener, type ClaimLoss } from '../../src/listeners/checking-claim.ts'

/** A flow of tasks that wait a little, and the names of those that ran. */
function waiting(...names: readonly string[]) {
  const ran: string[] = []
  const flow = linear('f').add(
    ...names.map((name) =>
      task(name, {
        async execute() {
          ran.push(name)
          await setImmediate()
        },
      }),
    ),
  )
  return { flow, ran }
}

/** A claim that holds for so many checks. */
function claimFor(checks: number) {
  let count = 0
  return {
    isClaimed() {
      count += 1
      return count <= checks
    },
    get count() {
      return count
    },
  }
}

describe('CheckingClaimListener', () => {
  test('lets a flow run whose claim holds, checking flow and tasks', async () => {
    const { flow, ran } = waiting('a', 'b')
    const claim = claimFor(Number.POSITIVE_INFINITY)
    const engine = load(flow)
    using _claim = new CheckingClaimListener(engine, claim)
    await engine.run()
    expect(ran).toEqual(['a', 'b'])
    expect(claim.count).toBe(6)
  })

  test('suspends the engine when the claim is lost, and starts nothing more', async () => {
    const { flow, ran } = waiting('a', 'b', 'c')
    const engine = load(flow)
    // Checked: flow RUNNING, a RUNNING, and lost at a SUCCESS.
    const claim = claimFor(2)
    using listener = new CheckingClaimListener(engine, claim)
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(ran).toEqual(['a'])
    expect(claim.count).toBe(3)
    listener.deregister()
    await engine.run()
    expect(ran).toEqual(['a', 'b', 'c'])
  })

  test('suspends when the answer comes later', async () => {
    const { flow, ran } = waiting('a', 'b', 'c', 'd')
    let isClaimed = true
    const engine = load(flow)
    using _claim = new CheckingClaimListener(engine, {
      async isClaimed() {
        await setImmediate()
        return isClaimed
      },
    })
    engine.atomNotifier.register('SUCCESS', (_state, details) => {
      if ('taskName' in details && details.taskName === 'a') isClaimed = false
    })
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
    expect(ran.length).toBeLessThan(4)
  })

  test('makes one check at a time, and one more for what came meanwhile', async () => {
    const { flow } = waiting('a', 'b', 'c')
    const engine = load(flow)
    const checks: PromiseWithResolvers<boolean>[] = []
    const lost: ClaimLoss[] = []
    using _claim = new CheckingClaimListener(
      engine,
      {
        isClaimed() {
          const check = Promise.withResolvers<boolean>()
          checks.push(check)
          return check.promise
        },
      },
      { onLoss: (loss) => lost.push(loss) },
    )
    await engine.run()
    expect(checks.length).toBe(1)
    checks[0]?.resolve(true)
    await setImmediate()
    expect(checks.length).toBe(2)
    checks[1]?.resolve(false)
    await setImmediate()
    expect(checks.length).toBe(2)
    expect(lost).toMatchObject([{ state: 'SUCCESS', details: { flowName: 'f' } }])
  })

  test('calls back once instead of suspending, and the flow goes on', async () => {
    const { flow, ran } = waiting('a', 'b')
    const engine = load(flow)
    const lost: ClaimLoss[] = []
    const claim = claimFor(1)
    using listener = new CheckingClaimListener(engine, claim, { onLoss: (loss) => lost.push(loss) })
    await engine.run()
    expect(ran).toEqual(['a', 'b'])
    expect(lost).toMatchObject([
      { state: 'RUNNING', details: { taskName: 'a', oldState: 'PENDING' }, cause: undefined },
    ])
    expect(lost[0]?.engine).toBe(engine)
    expect(claim.count).toBe(2)
    listener.deregister()
    listener.register()
    await engine.reset()
    expect(lost.length).toBe(2)
  })

  test.each([
    {
      how: 'throws',
      isClaimed: () => {
        throw new Error('board gone')
      },
    },
    { how: 'rejects', isClaimed: () => Promise.reject(new Error('board gone')) },
  ])('takes a check that $how for a loss', async ({ isClaimed }) => {
    const { flow } = waiting('a', 'b')
    const engine = load(flow)
    const lost: ClaimLoss[] = []
    using _claim = new CheckingClaimListener(engine, { isClaimed }, { onLoss: (l) => lost.push(l) })
    await engine.run()
    expect(lost.map(({ cause }) => (cause as Error).message)).toEqual(['board gone'])
  })

  test('does not hear the answer to a check once it is disposed', async () => {
    const { flow } = waiting('a')
    const engine = load(flow)
    const check = Promise.withResolvers<boolean>()
    const lost: ClaimLoss[] = []
    {
      using _claim = new CheckingClaimListener(
        engine,
        { isClaimed: () => check.promise },
        { onLoss: (loss) => lost.push(loss) },
      )
      await engine.run()
    }
    check.resolve(false)
    await setImmediate()
    expect(lost).toEqual([])
  })

  test.each(['at once', 'later'])('reports once what onLoss throws %s', async (when) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { flow, ran } = waiting('a', 'b')
    const engine = load(flow)
    using _claim = new CheckingClaimListener(
      engine,
      { isClaimed: () => (when === 'later' ? Promise.resolve(false) : false) },
      {
        onLoss() {
          throw new Error('no handler')
        },
      },
    )
    await engine.run()
    await setImmediate()
    expect(ran).toEqual(['a', 'b'])
    expect(warn).toHaveBeenCalledOnce()
    expect(warn.mock.calls[0]?.[0]).toContain('no handler')
    warn.mockRestore()
  })

  test('refuses what is no claim and what cannot be called back', () => {
    const engine = load(waiting('a').flow)
    expect(() => new CheckingClaimListener(engine, {} as never)).toThrow(
      'a CheckingClaimListener needs a claim with a method isClaimed()',
    )
    expect(
      () => new CheckingClaimListener(engine, claimFor(1), { onLoss: 'suspend' as never }),
    ).toThrow("onLoss must be a function, got 'suspend'")
    expect([engine.notifier.size, engine.atomNotifier.size]).toEqual([0, 0])
  })
})
