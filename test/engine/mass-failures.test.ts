import { describe, expect, test } from 'vitest'
import {
  type Failure,
  type FlowItem,
  linear,
  loadFlowDetail,
  memory,
  type RevertInputs,
  retry,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { errorOf, loadLoosely } from './steps.ts'

/** A few and many, four times as many: in a square they would take sixteen times as long. */
const [FEW, MANY] = [1_000, 4_000]
/** How many times as long the many may take as the few: four, and room for noise. */
const MOST_TIMES = 9
/** What is so short is not measured, in milliseconds. */
const SHORT_MS = 40
/** So long others may have to wait for their turn, in milliseconds. */
const LONGEST_MS = 50
const ROUNDS = 3

/** Time of this thread alone where Node tells it, so that it does not matter what else runs. */
function elapsedMs(): number {
  if (!('threadCpuUsage' in process)) return performance.now()
  const usage = process.threadCpuUsage as () => { readonly user: number; readonly system: number }
  const { user, system } = usage()
  return (user + system) / 1_000
}

interface Gate {
  readonly opened: Promise<void>
  readonly enter: () => void
}

type Make = (count: number, gate: Gate) => FlowItem

function stepsOf(count: number, { opened, enter }: Gate, options: object = {}) {
  return Array.from({ length: count }, (_, i) => {
    const execute = (): Promise<void> => {
      enter()
      return opened
    }
    return task(`t${i}`, { ...options, execute })
  })
}

const again = (name: string, attempts = 1) => ({ retry: times(attempts, { name }) })

const FLOWS: Readonly<Record<string, Make>> = {
  'under a retry': (count, gate) => unordered('f', again('r')).add(...stepsOf(count, gate)),
  'under a retry that tries again': (count, gate) => {
    let entered = 0
    const once: Gate = {
      opened: gate.opened,
      enter: () => {
        entered += 1
        gate.enter()
      },
    }
    const steps = Array.from({ length: count }, (_, i) =>
      task(`t${i}`, {
        execute: () => {
          once.enter()
          return entered > count ? undefined : once.opened
        },
      }),
    )
    return unordered('f', again('r', 2)).add(...steps)
  },
  'without a retry': (count, gate) => unordered('f').add(...stepsOf(count, gate)),
  'under nested retries': (count, gate) =>
    linear('f', again('outer')).add(
      linear('g', again('middle')).add(unordered('h', again('inner')).add(...stepsOf(count, gate))),
    ),
  'each under a retry of its own, and one around all': (count, gate) =>
    unordered('f', again('outer')).add(
      ...stepsOf(count, gate).map((step, i) => linear(`f${i}`, again(`r${i}`)).add(step)),
    ),
  'that cannot be undone': (count, gate) =>
    unordered('f', again('r')).add(...stepsOf(count, gate, { irreversible: true })),
  'and are reverted one and all, each looking at the failures': (count, gate) => {
    const revert = ({ flowFailures }: RevertInputs<unknown>): unknown => flowFailures['t0']
    return unordered('f', again('r')).add(...stepsOf(count, gate, { revert }))
  },
}

/** Runs a flow whose tasks all fail at the same time; gives what that took, and the longest stretch. */
async function measure(make: Make, count: number, cancels: boolean, options: object) {
  const [failed, entered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let entries = 0
  const enter = (): void => {
    entries += 1
    if (entries === count) entered.resolve()
  }
  const flow = make(count, { opened: failed.promise, enter })
  const engine = loadLoosely(flow, { engine: 'parallel', maxWorkers: count, ...options })
  const run = errorOf(engine.run())
  await entered.promise
  let [longestMs, isOver] = [0, false]
  const startMs = elapsedMs()
  let turnMs = startMs
  const turn = (): void => {
    longestMs = Math.max(longestMs, elapsedMs() - turnMs)
    turnMs = elapsedMs()
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  if (cancels) void engine.cancel()
  failed.reject(new Error('the database is away'))
  await run
  isOver = true
  turn()
  return { ms: elapsedMs() - startMs, longestMs }
}

/** The best of several rounds: what disturbs one does not count. */
async function best(make: Make, count: number, cancels = false, options = {}) {
  const all = []
  for (let round = 0; round < ROUNDS; round += 1) {
    all.push(await measure(make, count, cancels, options))
  }
  return {
    ms: Math.min(...all.map(({ ms }) => ms)),
    longestMs: Math.min(...all.map(({ longestMs }) => longestMs)),
  }
}

async function expectCheap(make: Make, cancels = false, options = {}): Promise<void> {
  const few = await best(make, FEW, cancels, options)
  const many = await best(make, MANY, cancels, options)
  expect(many.ms).toBeLessThan(MOST_TIMES * Math.max(few.ms, SHORT_MS / MOST_TIMES))
  expect(many.longestMs).toBeLessThan(LONGEST_MS)
}

describe.each(Object.entries(FLOWS))('thousands of tasks that fail together %s', (_what, make) => {
  test('take time in proportion, and let others have their turn', async () => {
    await expectCheap(make)
  })
})

describe('thousands of tasks that fail together', () => {
  const under = FLOWS['under a retry'] as Make

  test('take time in proportion when they are stored', async () => {
    await expectCheap(under, false, { backend: memory() })
  })

  test('take time in proportion when the run is cancelled', async () => {
    await expectCheap(under, true)
  })
})

test('the history of a retry has each of the failures that came together, also when it is stored', async () => {
  const backend = memory()
  const counts: number[] = []
  const controller = retry('r', {
    execute: () => 1,
    onFailure: ({ history }) => {
      counts.push(history.outcomes().length)
      return 'REVERT'
    },
    revert: () => {
      throw new Error('stays')
    },
  })
  const steps = Array.from({ length: 50 }, (_, i) =>
    task(`t${i}`, { execute: () => Promise.reject(new Error(`no ${i}`)) }),
  )
  const flow = unordered('f', { retry: controller }).add(...steps)
  const engine = loadLoosely(flow, { engine: 'parallel', maxWorkers: 50, backend })
  await errorOf(engine.run())
  expect(counts).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
  const again = loadLoosely(flow, { flowDetail: stored })
  const outcomes = again.storage.getRetryHistory('r').outcomes()
  expect(outcomes.map(([name]) => name)).toEqual(steps.map(({ name }) => name))
  expect(outcomes.map(([, { message }]) => message)).toEqual(steps.map((_, i) => `no ${i}`))
})

test('a failed atom whose name looks like a mark of the codec is in the stored history', async () => {
  const backend = memory()
  const stubborn = retry('r', {
    execute: () => 1,
    onFailure: () => 'REVERT',
    revert: () => {
      throw new Error('stays')
    },
  })
  const named = task('$taskflow', { execute: () => Promise.reject(new Error('no')) })
  const engine = loadLoosely(linear('f', { retry: stubborn }).add(named), { backend })
  await errorOf(engine.run())
  const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
  const again = loadLoosely(linear('f'), { flowDetail: stored })
  expect(again.storage.getRetryHistory('r').outcomes()).toMatchObject([['$taskflow', {}]])
})

test('the failures that reverts are told of cannot be changed by one for the others', async () => {
  const seen: Readonly<Record<string, Failure>>[] = []
  const meddle = ({ flowFailures }: RevertInputs<unknown>): void => {
    seen.push(flowFailures)
    expect(() => Object.assign(flowFailures, { intruder: 1 })).toThrow(TypeError)
  }
  const steps = ['a', 'b'].map((name) => task(name, { execute() {}, revert: meddle }))
  const bad = task('bad', {
    execute() {
      throw new Error('bad')
    },
  })
  await errorOf(loadLoosely(linear('f').add(...steps, bad)).run())
  expect(seen.map((one) => Object.keys(one))).toEqual([['bad'], ['bad']])
})
