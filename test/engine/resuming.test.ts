import { describe, expect, test } from 'vitest'
import {
  type Backend,
  type EngineOptions,
  type FlowDetail,
  loadFlowDetail,
  memory,
} from '../../src/index.ts'
import { runUntilCrash } from './crash.ts'
import { endOf } from './ending.ts'
import { SCENARIOS, scenariosFor } from './scenarios.ts'
import { type Call, errorOf, loadLoosely, workshop } from './steps.ts'

const CONFIGURATIONS: readonly EngineOptions[] = [
  { engine: 'serial', commit: 'tick' },
  { engine: 'serial', commit: 'move' },
  { engine: 'parallel', commit: 'tick' },
  { engine: 'parallel', commit: 'move' },
]

const HAS_OUTCOME = ['SUCCESS', 'REVERTED', 'FAILURE']

/** A flow that ran in one process after another. */
interface Story {
  /** The calls of each process. */
  readonly lives: readonly (readonly Call[])[]
  /** The record at each crash. */
  readonly crashes: readonly FlowDetail[]
  /** The record at the end, as it is stored. */
  readonly end: FlowDetail
  /** What is fetched at the end. */
  readonly results: unknown
}

type Make = (typeof SCENARIOS)[string]

/**
 * Runs a flow, each process dying at the given write; the last one, which makes fewer writes, or
 * the one behind the last crash, ends it. Undefined when no process died.
 */
async function story(
  make: Make,
  options: EngineOptions,
  crash: { readonly at: number; readonly when: 'before' | 'after'; readonly most: number },
): Promise<Story | undefined> {
  const backend = memory()
  const lives: Call[][] = []
  const crashes: FlowDetail[] = []
  let uuid: string | undefined
  while (lives.length < crash.most) {
    const { calls, ...rest } = workshop()
    const flow = make({ calls, ...rest })
    const flowDetail = uuid === undefined ? undefined : await loadFlowDetail(backend, uuid)
    if (HAS_OUTCOME.includes(flowDetail?.state ?? '')) break
    const remains = await runUntilCrash(flow, crash, {
      ...options,
      backend,
      ...(flowDetail === undefined ? {} : { flowDetail }),
    })
    lives.push(calls)
    if (remains === undefined) {
      if (uuid === undefined) return undefined
      break
    }
    if (remains.detail === undefined) continue
    uuid = remains.uuid
    crashes.push(remains.detail)
  }
  return finish(make, options, { backend, uuid, lives, crashes })
}

async function finish(
  make: Make,
  options: EngineOptions,
  so: {
    readonly backend: Backend
    readonly uuid: string | undefined
    readonly lives: readonly (readonly Call[])[]
    readonly crashes: readonly FlowDetail[]
  },
): Promise<Story> {
  const { backend, uuid, lives, crashes } = so
  const { calls, ...rest } = workshop()
  const flowDetail = uuid === undefined ? undefined : await loadFlowDetail(backend, uuid)
  const engine = loadLoosely(make({ calls, ...rest }), {
    ...options,
    backend,
    ...(flowDetail === undefined ? {} : { flowDetail }),
  })
  if (!HAS_OUTCOME.includes(engine.storage.getFlowState())) await errorOf(engine.run())
  else engine.compile()
  const end = await loadFlowDetail(backend, engine.storage.flowUuid)
  const results = resultsOf(make, end)
  return { lives: [...lives, calls], crashes, end, results }
}

/** What can be fetched, when only the record is left. */
function resultsOf(make: Make, end: FlowDetail): unknown {
  const engine = loadLoosely(make(workshop()), { flowDetail: end })
  engine.compile()
  engine.storage.attach(engine.compilation as NonNullable<typeof engine.compilation>)
  return engine.storage.fetchAll()
}

function nameOf({ name, attempt }: Call): string {
  return `${name} ${attempt}`
}

/** Each attempt of each method that was called, once. */
function attemptsIn(calls: readonly Call[]): readonly string[] {
  return [...new Set(calls.map(nameOf))].sort()
}

function* crashPoints() {
  for (let at = 1; at < 200; at += 1) {
    for (const when of ['before', 'after'] as const) yield { at, when, most: 1 }
  }
}

describe.each(CONFIGURATIONS)('$engine engine, a transaction per $commit:', (options) => {
  describe.each(scenariosFor(options))('%s', (_, make) => {
    const uninterrupted = finish(make, options, {
      backend: memory(),
      uuid: undefined,
      lives: [],
      crashes: [],
    })

    test('ends the same, whichever write the process dies at', async () => {
      const { end, results } = await uninterrupted
      for (const crash of crashPoints()) {
        const told = await story(make, options, crash)
        if (told === undefined) break
        expect(endOf(told.end), JSON.stringify(crash)).toEqual(endOf(end))
        expect(told.results, JSON.stringify(crash)).toEqual(results)
      }
    })

    test('calls again only what was cut short, with the same key and attempt', async () => {
      const { lives } = await uninterrupted
      const expected = attemptsIn(lives.flat())
      for (const crash of crashPoints()) {
        const told = await story(make, options, crash)
        if (told === undefined) break
        const [before = [], after = []] = told.lives
        const [detail] = told.crashes
        expect(attemptsIn(told.lives.flat()), JSON.stringify(crash)).toEqual(expected)
        if (detail === undefined) continue
        expectOnlyUnfinishedAgain(detail, before, after)
        expectKeysToFollowAttempts(told.lives.flat())
      }
    })

    test('ends the same, though the process dies again and again', async () => {
      const { end, lives } = await uninterrupted
      const at = options.commit === 'tick' ? 4 : 7
      const told = await story(make, options, { at, when: 'after', most: 100 })
      if (told === undefined) return
      expect(endOf(told.end)).toEqual(endOf(end))
      expect(attemptsIn(told.lives.flat())).toEqual(attemptsIn(lives.flat()))
      expect(told.lives.length).toBeLessThan(100)
    })
  })
})

/** Of what was called before the crash, only that is called again which the record says is under way. */
function expectOnlyUnfinishedAgain(
  crash: FlowDetail,
  before: readonly Call[],
  after: readonly Call[],
): void {
  const underWay = [...crash].flatMap(({ name, state, attempt }) => {
    if (state === 'RUNNING') return [`${name} ${attempt}`]
    return state === 'REVERTING' ? [`${name} revert ${attempt}`] : []
  })
  const called = new Set(before.map(nameOf))
  const again = after.map(nameOf).filter((name) => called.has(name))
  expect(again.filter((name) => !underWay.includes(name))).toEqual([])
}

/** One key for each attempt of each method of each atom, and never the same for two. */
function expectKeysToFollowAttempts(calls: readonly Call[]): void {
  const keys = new Map<string, string>()
  for (const call of calls) {
    const known = keys.get(nameOf(call))
    if (known === undefined) keys.set(nameOf(call), call.idempotencyKey)
    else expect(call.idempotencyKey).toBe(known)
  }
  expect(new Set(keys.values()).size).toBe(keys.size)
}

describe('a flow that was reverting', () => {
  test.each(CONFIGURATIONS)('goes on reverting: $engine, $commit', async (options) => {
    const make = SCENARIOS['a flow that reverts'] as Make
    for (const crash of crashPoints()) {
      const told = await story(make, options, crash)
      if (told === undefined) break
      const [detail] = told.crashes
      if (![...(detail ?? [])].some(({ intention }) => intention === 'REVERT')) continue
      const executed = told.lives.at(-1)?.filter(({ name }) => !name.endsWith(' revert'))
      expect(executed, JSON.stringify(crash)).toEqual([])
    }
  })
})
