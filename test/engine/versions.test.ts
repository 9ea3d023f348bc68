/**
 * Two versions of a flow: what the record of one means to the other.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  type AcceptableDifference,
  compare,
  type FlowDifference,
  loadFlowDetail,
} from '../../src/index.ts'
import { runUntilCrash } from './crash.ts'
import { EARLY_PAIRS } from './early-version-pairs.ts'
import { LATE_PAIRS } from './late-version-pairs.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'
import type { End, Pair } from './version-pairs.ts'

const PAIRS: readonly Pair[] = [...EARLY_PAIRS, ...LATE_PAIRS]

const ACCEPT: readonly AcceptableDifference[] = ['inserted', 'provides', 'removed', 'version']

/** Runs the old version until it dies, and gives a way to read what is stored as often as needed. */
async function remainsOf({ old, dies: [atom, state] }: Pair) {
  const remains = await runUntilCrash(
    old(workshop()),
    {
      at: ({ flow, atoms }) =>
        atom === 'f'
          ? flow?.state === state
          : atoms.some((one) => one.name === atom && one.state === state),
      when: 'after',
    },
    { commit: 'move' },
  )
  if (remains === undefined) throw new Error(`'${atom}' was never ${state}`)
  const { backend, uuid } = remains
  return { backend, read: () => loadFlowDetail(backend, uuid) }
}

/** Goes on with the new version, in a copy of what was stored. */
async function goOn(pair: Pair, accept: readonly AcceptableDifference[] = []) {
  const { backend, read } = await remainsOf(pair)
  const w = workshop()
  const [found, flowDetail] = [await read(), await read()]
  const error = await errorOf(loadLoosely(pair.now(w), { backend, flowDetail, accept }).run())
  return { error, w, found, stored: await read() }
}

function marked({ blocking, difference, atom }: FlowDifference): string {
  return `${blocking ? '!' : ''}${difference} ${atom}`
}

async function expectEnd(result: Awaited<ReturnType<typeof goOn>>, end: End): Promise<void> {
  const { error, w, stored } = result
  expect(w.names()).toEqual(end.calls)
  expect(stored.state).toBe(end.state)
  for (const [name, inputs] of Object.entries(end.inputs ?? {})) {
    expect(w.calls.find((call) => call.name === name)?.inputs).toMatchObject(inputs)
  }
  if (end.state === 'SUCCESS') expect(error).toBeUndefined()
  else expect(error).toBeInstanceOf(Error)
  expect(error).not.toMatchObject({ code: 'FLOW_MISMATCH' })
}

describe('two versions of a flow', () => {
  test.each(PAIRS)('$what', async (pair) => {
    const { read } = await remainsOf(pair)
    const detail = await read()
    const verdict = compare(detail, pair.now(workshop()))
    expect(verdict.differences.map(marked).sort()).toEqual([...pair.found].sort())
    expect(verdict.canResume).toBe(pair.end !== undefined)
    expect(detail).toEqual(await read())
    const result = await goOn(pair)
    if (pair.end !== undefined) return expectEnd(result, pair.end)
    expect(result.error).toMatchObject({
      code: 'FLOW_MISMATCH',
      differences: verdict.differences.filter(({ blocking }) => blocking),
    })
    expect(result.w.calls).toEqual([])
    expect(result.stored).toEqual(result.found)
    if (pair.accepted !== undefined) await expectEnd(await goOn(pair, ACCEPT), pair.accepted)
    else {
      const refused = await goOn(pair, ACCEPT)
      expect(refused.error).toMatchObject({ code: 'FLOW_MISMATCH' })
      expect(refused.w.calls).toEqual([])
    }
  })
})
