/**
 * What holds for flows of every pattern: names, retries, children, and what is provided.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { times } from '../../src/atoms/controllers.ts'
import { type Retry, retry } from '../../src/atoms/retry.ts'
import type { Flow, FlowItem, FlowOptions } from '../../src/flows/flow.ts'
import { graph } from '../../src/flows/graph.ts'
import { linear } from '../../src/flows/linear.ts'
import { unordered } from '../../src/flows/unordered.ts'
import { namesOf, pictureOf, step } from './steps.ts'

/** A flow whose children are of no known types. */
interface AnyFlow extends Flow<never, object> {
  add(...items: readonly FlowItem[]): unknown
}

const PATTERNS: readonly {
  pattern: string
  make(name: string, options?: FlowOptions): AnyFlow
}[] = [
  { pattern: 'linear', make: linear },
  { pattern: 'unordered', make: unordered },
  { pattern: 'graph', make: graph },
]

/** A retry with an input and an output. */
function patient(name = 'patient'): Retry<never, object> {
  return retry(name, {
    provides: 'attempt',
    requires: ['limit'],
    execute: (inputs: object) => inputs,
    onFailure: () => 'RETRY',
  })
}

describe.each(PATTERNS)('a $pattern flow', ({ pattern, make }) => {
  test('without children is empty', () => {
    const flow = make('deploy')
    expect(pictureOf(flow)).toEqual({
      children: [],
      links: [],
      length: 0,
      requires: [],
      provides: [],
    })
    expect([flow.name, flow.pattern, flow.retry]).toEqual(['deploy', pattern, undefined])
  })

  test('is printed with its pattern, name and length', () => {
    const flow = make('deploy')
    flow.add(step('a'), step('b'))
    expect(String(flow)).toBe(`"${pattern}: deploy(len=2)"`)
  })

  test('gives itself back, so that calls can be chained', () => {
    const flow = make('deploy')
    expect(flow.add(step('a'))).toBe(flow)
    expect(flow.add()).toBe(flow)
  })

  test('takes tasks and flows, each once, and keeps their order', () => {
    const flow = make('deploy')
    const [a, b, inner] = [step('a'), step('b'), make('inner')]
    flow.add(b, inner, b)
    flow.add(inner, a)
    expect([...flow]).toEqual([b, inner, a])
    expect(flow.length).toBe(3)
  })

  test('takes different children of one name, which the compiler judges', () => {
    const flow = make('deploy')
    flow.add(step('a'), step('a'))
    expect(namesOf(flow)).toEqual(['a', 'a'])
  })

  test('provides what its retry and any child provides, at any depth', () => {
    const inner = make('inner')
    inner.add(step('a', [], ['x', 'y']))
    const flow = make('deploy', { retry: patient() })
    flow.add(inner, step('b', [], ['z']))
    expect(flow.provides).toEqual(new Set(['attempt', 'x', 'y', 'z']))
  })

  test('requires what its retry and what the flows inside require', () => {
    const inner = make('inner')
    inner.add(step('a', ['x']))
    const flow = make('deploy', { retry: patient() })
    flow.add(inner)
    expect(flow.requires).toEqual(new Set(['limit', 'x']))
  })

  test('does not require what its retry provides, but what the retry itself requires', () => {
    const flow = make('deploy', { retry: patient() })
    flow.add(step('a', ['attempt', 'limit', 'x']), step('b', ['attempt']))
    expect(flow.requires).toEqual(new Set(['limit', 'x']))
  })

  test('requires what its own retry needs, be it provided by a child', () => {
    const flow = make('deploy', { retry: patient() })
    flow.add(step('a', [], ['limit']))
    expect(flow.requires).toEqual(new Set(['limit']))
    expect([...flow.links()]).toEqual([])
  })

  test('does not count its retry as a child', () => {
    const flow = make('deploy', { retry: patient() })
    expect([flow.length, [...flow]]).toEqual([0, []])
  })

  test('gives its name to a retry that has none', () => {
    const controller = times(3)
    expect(make('deploy', { retry: controller }).retry).toBe(controller)
    expect(controller.name).toBe('deploy_retry')
    expect(make('other', { retry: patient('own') }).retry?.name).toBe('own')
  })

  test.each([
    ['an empty name', '', "not be empty, got ''"],
    ['no name', undefined, 'be a string, got undefined'],
    ['a name that is no text', 5, 'be a string, got 5'],
  ])('with %s is refused', (_what, name, what) => {
    expect(() => make(name as string)).toThrow(new TypeError(`the name of a flow must ${what}`))
  })

  test.each([
    ['a task', step('a')],
    ['null', null],
    ['a number of attempts', 3],
    ['a flow', linear('inner')],
  ])('with %s for a retry is refused, with what to write', (_what, wrong) => {
    expect(() => make('deploy', { retry: wrong as never })).toThrow(
      /^the retry of flow 'deploy' must be a Retry, as times\(3\), forEach\(…\) or retry\(…\) make it, got/,
    )
  })

  test.each([
    ['a function', () => 0, '() => 0'],
    ['nothing', undefined, 'undefined'],
    ['a list of tasks', [1, 2], '1,2'],
  ])('refuses %s as a child, and adds nothing of that call', (_what, wrong, shown) => {
    const flow = make('deploy')
    flow.add(step('a'))
    const before = pictureOf(flow)
    expect(() => flow.add(step('b'), wrong as never)).toThrow(
      new TypeError(`flow 'deploy' cannot take ${shown} as a child: add tasks and flows`),
    )
    expect(pictureOf(flow)).toEqual(before)
  })

  test('refuses a retry as a child, and says where it goes', () => {
    expect(() => make('deploy').add(patient() as never)).toThrow(
      new TypeError(
        "flow 'deploy' cannot take the retry 'patient' as a child: add tasks and flows; a retry goes into the options of a flow, { retry }",
      ),
    )
  })
})
