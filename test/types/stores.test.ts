import { describe, expectTypeOf, test } from 'vitest'
import {
  type Flow,
  graph,
  linear,
  type ResultsOf,
  type StoreOf,
  type StoreOption,
  task,
  unordered,
} from '../../src/index.ts'

declare function load<F extends Flow>(flow: F, options: StoreOption<F>): ResultsOf<F>

interface Needs {
  size: number
  kind?: string
}

const reserve = task('reserve', {
  provides: 'reservation',
  execute: ({ size, kind = 'ssd' }: Needs) => ({ id: `${size}${kind}` }),
})
const taking = linear('taking').add(reserve)
const free = unordered('free').add(task('now', { provides: 'now', execute: () => new Date() }))
const unknown: Flow = taking

/** Read by the compiler only. */
function never(_uses: () => unknown): void {}

describe('the store of a flow', () => {
  test('holds what is required, perhaps what is optional, and anything else', () => {
    never(() => load(taking, { store: { size: 1 } }))
    never(() => load(taking, { store: { size: 1, kind: 'hdd', other: true } }))
    const kept: Needs = { size: 1 }
    never(() => load(taking, { store: kept }))
    // @ts-expect-error no store
    never(() => load(taking, {}))
    // @ts-expect-error size is missing
    never(() => load(taking, { store: { kind: 'hdd' } }))
    // @ts-expect-error size is a number
    never(() => load(taking, { store: { size: '1' } }))
    // @ts-expect-error kind is a string
    never(() => load(taking, { store: { size: 1, kind: 2 } }))
    expectTypeOf<Needs>().toExtend<StoreOf<typeof taking>>()
  })

  test('may be left out where nothing is required, or nothing is known', () => {
    never(() => load(free, {}))
    never(() => load(free, { store: undefined }))
    never(() => load(free, { store: { size: 1 } }))
    never(() => load(unknown, {}))
    never(() => load(unknown, { store: { size: 1 } }))
    const optional = graph('optional').add(
      task('t', { execute: ({ at = 1 }: { at?: number }) => at }),
    )
    never(() => load(optional, {}))
    never(() => load(optional, { store: { at: 1 } }))
    // @ts-expect-error at is a number
    never(() => load(optional, { store: { at: '1' } }))
  })
})

describe('the results of a flow', () => {
  test('are what it gives, and what was stored for it', () => {
    expectTypeOf<ResultsOf<typeof taking>>().toEqualTypeOf<{
      size: number
      kind?: string
      reservation: { id: string }
    }>()
    expectTypeOf<ResultsOf<typeof free>>().toEqualTypeOf<{ now: Date }>()
    expectTypeOf<ResultsOf<typeof unknown>['anything']>().toBeUnknown()
    const both = linear('both').add(
      task('next', { provides: 'size', execute: ({ size }: { size: number }) => `${size}` }),
    )
    expectTypeOf<ResultsOf<typeof both>>().toEqualTypeOf<{ size: number | string }>()
  })
})
