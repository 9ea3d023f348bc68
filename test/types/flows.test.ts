import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type Flow,
  type FlowItem,
  forEach,
  type GivesOf,
  graph,
  LinearFlow,
  linear,
  type NeedsOf,
  parameterizedForEach,
  type RetryInputs,
  retry,
  type Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'

type Nothing = Record<never, never>
type Wiring<T> = [needs: NeedsOf<T>, gives: GivesOf<T>]

const number = () => task('number', { provides: 'size', execute: () => 1 })
const text = () => task('text', { provides: 'size', execute: () => 'x' })
const wantsNumber = () =>
  task('wants-number', {
    provides: 'checked',
    execute({ size }: { size: number }) {
      return size > 1
    },
  })
const wantsText = () => task('wants-text', { execute: ({ size }: { size: string }) => size.length })
const likesNumber = () =>
  task('likes-number', { execute: ({ size = 1 }: { size?: number }) => size > 1 })
const likesText = () =>
  task('likes-text', { execute: ({ size = '' }: { size?: string }) => size.length })
const resize = () =>
  task('resize', { provides: 'size', execute: ({ size }: { size: number }) => `${size}` })

describe('linear flows', () => {
  test('needs are what no earlier child gives, over any number of calls', () => {
    const flow = linear('f')
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<[Nothing, Nothing]>()
    const inside = flow.add(number(), wantsNumber(), likesNumber())
    expectTypeOf<Wiring<typeof inside>>().toEqualTypeOf<
      [Nothing, { size: number; checked: boolean }]
    >()
    expect(inside).toBe(flow)
    const outside = linear('f').add(wantsNumber()).add(number()).add(wantsNumber()).add()
    expectTypeOf<Wiring<typeof outside>>().toEqualTypeOf<
      [{ size: number }, { size: number; checked: boolean }]
    >()
  })

  test('the nearest provider counts', () => {
    const flow = linear('f').add(number(), wantsNumber(), resize(), wantsText())
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<
      [Nothing, { size: string; checked: boolean }]
    >()
    // @ts-expect-error the second provider gives a string
    linear('f').add(number(), text(), wantsNumber())
    // @ts-expect-error also when it was added before
    linear('f').add(number()).add(text()).add(wantsNumber())
    // @ts-expect-error a child does not see what it gives itself
    linear('f').add(text(), resize())
  })

  test('optional inputs need no provider, but must fit the one there is', () => {
    const flow = linear('f').add(likesNumber())
    expectTypeOf<NeedsOf<typeof flow>>().toEqualTypeOf<{ size?: number }>()
    const required = linear('f').add(likesNumber(), wantsNumber()).add(likesNumber())
    expectTypeOf<NeedsOf<typeof required>>().toEqualTypeOf<{ size: number }>()
    // @ts-expect-error a string is given
    linear('f').add(text(), likesNumber())
  })

  test('needs from outside that exclude each other do not compile, unless both are optional', () => {
    // @ts-expect-error the store cannot hold a number that is a string
    linear('f').add(wantsNumber(), wantsText())
    // @ts-expect-error also when one of them is optional
    linear('f').add(likesText()).add(wantsNumber())
    const never = linear('f').add(likesNumber(), likesText())
    expectTypeOf<NeedsOf<typeof never>>().toEqualTypeOf<{ size?: never }>()
    const narrow = linear('f').add(
      task('a', { execute: ({ mode }: { mode: 'r' | 'w' }) => mode }),
      task('b', { execute: ({ mode }: { mode: 'w' | 'x' }) => mode }),
    )
    expectTypeOf<NeedsOf<typeof narrow>>().toEqualTypeOf<{ mode: 'w' }>()
  })
})

describe('unordered flows', () => {
  test('siblings do not see each other', () => {
    const flow = unordered('f').add(number(), wantsText()).add(likesText())
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<[{ size: string }, { size: number }]>()
  })

  test('all see the retry', () => {
    const retried = unordered('f', { retry: times(3, { provides: 'size' }) })
    const flow = retried.add(wantsNumber()).add(likesNumber())
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<
      [Nothing, { size: number; checked: boolean }]
    >()
    // @ts-expect-error the retry gives a number
    retried.add(wantsText())
    // @ts-expect-error also to optional inputs
    retried.add(likesText())
  })
})

describe('graph flows', () => {
  test('the order of addition does not matter', () => {
    type Both = [Nothing, { size: number; checked: boolean }]
    const one = graph('f').add(number(), wantsNumber())
    const two = graph('f').add(wantsNumber(), number())
    const three = graph('f').add(wantsNumber()).addWith({}, number())
    expectTypeOf<Wiring<typeof one>>().toEqualTypeOf<Both>()
    expectTypeOf<Wiring<typeof two>>().toEqualTypeOf<Both>()
    expectTypeOf<Wiring<typeof three>>().toEqualTypeOf<Both>()
  })

  test('what does not fit is an error where it is added last', () => {
    // @ts-expect-error at the requirer
    graph('f').add(text(), wantsNumber())
    // @ts-expect-error at the provider
    graph('f').add(wantsNumber(), text())
    // @ts-expect-error at the provider
    graph('f').add(likesNumber()).add(text())
    // @ts-expect-error at the provider
    graph('f').add(wantsNumber()).addWith({ resolveExisting: false }, text())
  })

  test('a child is not its own provider', () => {
    const flow = graph('f').add(resize())
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<[{ size: number }, { size: string }]>()
  })

  test('the children of a long row may stand in any order', () => {
    const step = <const N extends string, const P extends string>(need: N, give: P) =>
      task(give, {
        requires: [need],
        provides: give,
        execute: (_inputs: { [K in N]: number }) => 1,
      })
    const flow = graph('f').add(
      step('d', 'e'),
      step('c', 'd'),
      step('b', 'c'),
      step('a', 'b'),
      step('e', 'f'),
    )
    expectTypeOf<NeedsOf<typeof flow>>().toEqualTypeOf<{ a: number }>()
  })
})

describe('flows in flows, and retries', () => {
  test('inner flows need and give like tasks', () => {
    const flow = linear('f').add(
      unordered('u').add(number(), task('db', { provides: 'db', execute: () => new Date() })),
      graph('g').add(wantsNumber(), task('uses', { execute: ({ db }: { db: Date }) => db })),
      linear('l').add(
        likesNumber(),
        task('t', { execute: ({ token }: { token: string }) => token }),
      ),
    )
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<
      [{ token: string }, { size: number; db: Date; checked: boolean }]
    >()
    // @ts-expect-error the inner flow needs a number
    linear('f').add(text(), linear('inner').add(wantsNumber()))
  })

  test('ready-made retries give their values', () => {
    const regions = forEach(['eu', 'us'], { provides: 'region' })
    expectTypeOf<GivesOf<typeof regions>>().toEqualTypeOf<{ region: 'eu' | 'us' }>()
    const pairs = forEach(
      [
        ['eu', 1],
        ['us', 2],
      ],
      { provides: ['region', 'weight'] },
    )
    expectTypeOf<GivesOf<typeof pairs>>().toEqualTypeOf<{ region: string; weight: number }>()
    const lists = forEach([{ hosts: ['a'] }, { hosts: ['b', 'c'] }], { provides: 'group' })
    expectTypeOf<GivesOf<typeof lists>>().toEqualTypeOf<{ group: { hosts: string[] } }>()
    const named = parameterizedForEach({ rebind: { values: 'regions' }, provides: 'region' })
    expectTypeOf<Wiring<typeof named>>().toEqualTypeOf<
      [{ regions: Iterable<unknown> }, { region: unknown }]
    >()
    const typed = parameterizedForEach<string, 'region'>({ provides: 'region' })
    expectTypeOf<Wiring<typeof typed>>().toEqualTypeOf<
      [{ values: Iterable<string> }, { region: string }]
    >()
  })

  test('retries made of functions', () => {
    const counting = retry('counting', {
      provides: 'attempt',
      execute: ({ history }) => history.length + 1,
      onFailure: ({ history }) => {
        expectTypeOf(history.provided()).toEqualTypeOf<readonly number[]>()
        return 'RETRY'
      },
    })
    expectTypeOf<GivesOf<typeof counting>>().toEqualTypeOf<{ attempt: number }>()
    const taking = retry('taking', {
      async execute({ history, limit }: RetryInputs & { limit: number }, { signal }) {
        signal.throwIfAborted()
        return `${history.length}${limit}`
      },
      onFailure({ history, limit }) {
        expectTypeOf(history.at(0)?.[0]).toEqualTypeOf<string | undefined>()
        return history.length < limit ? 'RETRY' : 'REVERT_ALL'
      },
      revert({ history, flowFailures }) {
        expectTypeOf(history.provided()).toEqualTypeOf<readonly string[]>()
        return flowFailures
      },
      provides: 'label',
    })
    const flow = linear('f', { retry: taking }).add(
      task('t', { execute: ({ label }: { label: string }) => label }),
    )
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<[{ limit: number }, { label: string }]>()
    // @ts-expect-error not a decision
    retry('wrong', { execute() {}, onFailure: () => 'AGAIN' })
  })
})

describe('what is not known', () => {
  const tasks: Task[] = [wantsNumber(), wantsText()]
  const items: FlowItem[] = [...tasks, linear('l').add(likesNumber())]

  test('children from a loop widen the flow, and make no errors', () => {
    const all = linear('f').add(...tasks)
    expectTypeOf<Wiring<typeof all>>().toEqualTypeOf<[object, object]>()
    const then = all.add(wantsNumber()).add(likesText())
    expectTypeOf<Wiring<typeof then>>().toEqualTypeOf<[object, object]>()
    const first = linear('f')
      .add(wantsNumber(), ...items)
      .add(wantsText())
    expectTypeOf<Wiring<typeof first>>().toEqualTypeOf<[{ size: number }, object]>()
    const apart = unordered('f').add(...tasks)
    expectTypeOf<Wiring<typeof apart>>().toEqualTypeOf<[object, object]>()
    const mixed = unordered('f')
      .add(wantsNumber())
      .add(...items)
    expectTypeOf<Wiring<typeof mixed>>().toEqualTypeOf<[{ size: number }, object]>()
    const linked = graph('f')
      .add(wantsNumber())
      .add(...tasks)
    expectTypeOf<Wiring<typeof linked>>().toEqualTypeOf<[object, object]>()
  })

  test('a flow may be typed as any flow, and added to in a loop', () => {
    let flow: LinearFlow = linear('f')
    for (const item of items) flow = flow.add(item)
    flow = flow.add(number(), wantsNumber())
    const flows: Flow[] = [flow, graph('g').add(wantsNumber()), unordered('u')]
    expect(linear('f').add(...flows)).toHaveLength(3)
  })

  test('known children between unknown ones are checked as far as they are known', () => {
    const unknown: Task = wantsNumber()
    linear('f').add(text(), unknown, wantsNumber())
    // @ts-expect-error nothing stands between the provider and the requirer
    linear('f').add(unknown, text(), wantsNumber())
  })

  test('a class of flow may add to itself', () => {
    class Sized extends LinearFlow<{ size: number }, { checked: boolean }> {
      constructor() {
        super('sized')
        this.add(wantsNumber())
      }
    }
    const flow = linear('f').add(new Sized())
    expectTypeOf<Wiring<typeof flow>>().toEqualTypeOf<[{ size: number }, { checked: boolean }]>()
  })
})

describe('what does not compile', () => {
  test('anything else than tasks and flows', () => {
    // @ts-expect-error a number
    expect(() => linear('f').add(number(), 5)).toThrow(TypeError)
    // @ts-expect-error a retry goes into the options
    expect(() => linear('f').add(times(3))).toThrow(TypeError)
    // @ts-expect-error a task is no retry
    expect(() => linear('f', { retry: number() })).toThrow(TypeError)
  })

  test('a flow in place of one that needs less', () => {
    const flow: Flow<{ size: number }, { checked: boolean }> = linear('f').add(wantsNumber())
    const more: Flow<{ size: number; at: Date }, Nothing> = flow
    // @ts-expect-error it needs a size
    const less: Flow<Nothing, { checked: boolean }> = flow
    expect([flow, more, less]).toHaveLength(3)
  })

  test('the error stands at the child, and names the input and both types', () => {
    linear('f').add(
      number(),
      wantsNumber(),
      // @ts-expect-error this child, and no other
      wantsText(),
      likesNumber(),
    )
    type Shown = Parameters<typeof wrong>
    const wrong = linear('f').add<[ReturnType<typeof text>, ReturnType<typeof wantsNumber>]>
    expectTypeOf<Shown[1]>().toEqualTypeOf<
      [error: "input 'size' does not fit", types: { provided: string; required: number }]
    >()
  })
})
