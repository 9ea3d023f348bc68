import { equal } from 'node:assert/strict'
import { expect, test } from 'vitest'
import { linear, type TaskContext, task, times, unordered } from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { explore, FakeClock } from '../../src/testing/index.ts'

const HOUR_MS = 3_600_000

interface World {
  readonly done: Set<string>
}

const world = (): World => ({ done: new Set() })

/** Does its work once for each key, and takes real time for it. */
function work(to: World, name: string) {
  return task(name, {
    requires: [],
    async execute(_: object, { executeKey }: TaskContext) {
      await new Promise(setImmediate)
      to.done.add(executeKey)
    },
    revert(_inputs: object, { executeKey }: TaskContext) {
      to.done.delete(executeKey)
    },
  })
}

const backend = () => sqlite(':memory:')

test.each([{}, { engine: 'parallel' } as const, { backend }, { commit: 'move' } as const])(
  'no back-off is waited for, with %j',
  async (options) => {
    const beganMs = performance.now()
    const delay = { initialMs: HOUR_MS, maxMs: 100 * HOUR_MS }
    const found = await explore(
      (to: World) => linear('f', { retry: times(3, { delay }) }).add(work(to, 'a'), work(to, 'b')),
      {
        world,
        ...options,
        invariant({ state, world: { done } }) {
          equal(done.size, state === 'SUCCESS' ? 2 : 0)
        },
      },
    )
    expect(found.scheduleCount).toBeGreaterThan(30)
    expect(found.failureCount).toBeGreaterThan(10)
    expect(performance.now() - beganMs).toBeLessThan(HOUR_MS / 100)
  },
)

test('the time that is not waited for passes all the same, also over a crash', async () => {
  const clock = new FakeClock(0)
  const found = await explore(
    (to: World) => linear('f', { retry: times(2, { delay: HOUR_MS }) }).add(work(to, 'a')),
    {
      world,
      clock,
      failures: ['a'],
      invariant({ failures, flowDetail, crashes }) {
        // What is stored of the wait is over by the clock of the simulation, or there was none.
        const { retryAt } = flowDetail.find('f_retry') as { retryAt?: Date }
        equal(retryAt, undefined, `${JSON.stringify(failures)} after ${crashes} crashes`)
      },
    },
  )
  expect(found.unreachedCount).toBe(0)
  expect(clock.elapsedMs()).toBe(0)
})

test('no wait of one atom is skipped while another is at work', async () => {
  const order: string[] = []
  const slow = task('slow', {
    async execute() {
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
      order.push('slow has ended')
    },
  })
  const failing = (name: string) => {
    let calls = 0
    return task(name, {
      execute() {
        calls += 1
        order.push(`${name} ${calls}`)
        if (calls === 1) throw new Error('busy')
      },
    })
  }
  await explore(
    () =>
      unordered('f').add(
        slow,
        linear('g', { retry: times(2, { delay: HOUR_MS }) }).add(failing('a')),
      ),
    { world, engine: 'parallel', failures: false, crashes: 0 },
  )
  expect(order).toEqual(['a 1', 'slow has ended', 'a 2'])
})

test('the time limit of a task that hangs is waited for, and no longer', async () => {
  const hangs = task('hangs', {
    requires: [],
    timeoutMs: 5,
    execute: (_: object, { signal }: TaskContext) =>
      new Promise<void>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      }),
  })
  const { ends } = await explore(() => linear('f').add(hangs), {
    world,
    failures: false,
    graceMs: HOUR_MS,
  })
  expect(ends).toMatchObject({ SUCCESS: 0, FAILURE: 0 })
})
