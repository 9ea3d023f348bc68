/**
 * All recorded cases on three engines and backends; and those with crashes once more with the
 * default granularity of transactions.
 *
 * @module
 */
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Case, EngineKind } from './case.ts'
import { caseFiles, readCases } from './cases.ts'
import { type BackendKind, type Configuration, openPlace, type Place } from './configuration.ts'
import { judge, observe } from './judge.ts'
import { Tally } from './tally.ts'

interface Setting extends Pick<Configuration, 'pace' | 'commitWithCrashes'> {
  readonly name: string
  readonly engine: EngineKind
  readonly backend: BackendKind
  /** Which cases are run. */
  readonly concerns?: (item: Case) => boolean
}

const SETTINGS: readonly Setting[] = [
  {
    name: 'serial engine, memory',
    engine: 'serial',
    backend: 'memory',
    pace: 'synchronous',
    commitWithCrashes: 'move',
  },
  {
    name: 'serial engine, SQLite',
    engine: 'serial',
    backend: 'sqlite',
    pace: 'slow',
    commitWithCrashes: 'move',
  },
  {
    name: 'parallel engine, memory',
    engine: 'parallel',
    backend: 'memory',
    pace: 'prompt',
    commitWithCrashes: 'move',
  },
  {
    name: 'serial engine, memory, crashes between ticks',
    engine: 'serial',
    backend: 'memory',
    pace: 'synchronous',
    commitWithCrashes: 'tick',
    concerns: hasCrashesInTicks,
  },
  {
    name: 'parallel engine, memory, crashes between ticks',
    engine: 'parallel',
    backend: 'memory',
    pace: 'synchronous',
    commitWithCrashes: 'tick',
    concerns: hasCrashesInTicks,
  },
]

const TIMEOUT_MS = 120_000
const SHOWN_MAX = 5

describe.each(SETTINGS)('$name', ({ name: _name, backend, concerns = () => true, ...setting }) => {
  let place: Place
  beforeAll(async () => {
    place = await openPlace(backend)
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  const files = caseFiles().map((file): [string, readonly Case[]] => [
    basename(file),
    readCases(file).filter((item) => item.engine.kinds.includes(setting.engine) && concerns(item)),
  ])
  const filled = files.filter(([, cases]) => cases.length > 0)

  test.each(filled)(
    '%s: every case ends as promised',
    { timeout: TIMEOUT_MS },
    async (_, cases) => {
      const tally = new Tally(SHOWN_MAX)
      for (const item of cases) {
        const observed = await observe(item, { ...setting, place })
        tally.add(item, setting.engine, judge(item, observed, setting))
      }
      expect(tally.failures()).toBe('')
      expect(tally.passedCount).toBe(cases.length) // none is left without a promise
    },
  )
})

/**
 * True for crashes that come in ticks too. Some wait until a flow that ended FAILURE is run again
 * and is REVERTED with nothing undone, which it is in moves only.
 */
function hasCrashesInTicks({ script, expect: { steps } }: Case): boolean {
  const hasFailed = (i: number): boolean =>
    steps.slice(0, i).some(({ flowState }) => flowState === 'FAILURE')
  const crashes = script.map((operation, i) => {
    if ('crashAfterYields' in operation) return 'in ticks'
    if (!('crashWhen' in operation)) return 'none'
    const when = operation.crashWhen as { readonly flow?: string } | undefined
    return when?.flow === 'REVERTED' && hasFailed(i) ? 'in moves' : 'in ticks'
  })
  return crashes.includes('in ticks') && !crashes.includes('in moves')
}
