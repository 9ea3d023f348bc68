import { AssertionError } from 'node:assert'
import { describe, expect, test } from 'vitest'
import { linear, load, task, times } from '../../src/index.ts'
import { expectTransitions, transitionsOf } from '../../src/testing/index.ts'
import { diffLines } from '../../src/testing/line-diff.ts'
import { errorOf, thrownBy } from '../engine/steps.ts'
import { fc } from '../properties.ts'

function flaky() {
  let count = 0
  return task('flaky', {
    execute() {
      count += 1
      if (count === 1) throw new Error('not yet')
    },
  })
}

describe('a recorder', () => {
  test('writes down the moves of flow, tasks and retries', async () => {
    const engine = load(linear('f', { retry: times(2) }).add(flaky()))
    using recorder = transitionsOf(engine)
    await engine.run()
    expect(recorder.toString()).toMatchInlineSnapshot(`
      "f (flow): PENDING → RUNNING
      f_retry: PENDING → RUNNING
      f_retry: RUNNING → SUCCESS
      flaky: PENDING → RUNNING
      flaky: RUNNING → FAILURE
      flaky: FAILURE → REVERTING
      flaky: REVERTING → REVERTED
      f_retry: SUCCESS → RETRYING
      flaky: REVERTED → PENDING
      f_retry: RETRYING → RUNNING
      f_retry: RUNNING → SUCCESS
      flaky: PENDING → RUNNING
      flaky: RUNNING → SUCCESS
      f (flow): RUNNING → SUCCESS"
    `)
    expect(recorder.toString().split('\n')).toEqual(recorder.transitions)
  })

  test('is told which moves', async () => {
    const engine = load(linear('f', { retry: times(2) }).add(flaky()))
    using recorder = transitionsOf(engine, {
      flowStates: [],
      retryStates: [],
      taskStates: ['FAILURE'],
    })
    await engine.run()
    expect(recorder.transitions).toEqual(['flaky: RUNNING → FAILURE'])
  })

  test('stops when it is disposed of', async () => {
    const engine = load(linear('f').add(flaky()))
    const recorder = transitionsOf(engine)
    recorder[Symbol.dispose]()
    await errorOf(engine.run())
    expect(recorder.transitions).toEqual([])
  })
})

describe('an expectation', () => {
  const recorded = {
    transitions: ['a: PENDING → RUNNING', 'a: RUNNING → SUCCESS', 'b: PENDING → RUNNING'],
  }

  test('is met whatever the indentation and the arrow', () => {
    expectTransitions(
      recorded,
      `
        a: PENDING → RUNNING
      a: RUNNING->SUCCESS

        b: PENDING -> RUNNING
    `,
    )
    expectTransitions({ transitions: [] }, '')
  })

  test('may pass over atoms', () => {
    expectTransitions(recorded, 'b: PENDING → RUNNING', { of: ['b'] })
    expectTransitions(
      { transitions: ['a: b: PENDING → RUNNING', 'a: x'] },
      'a: b: PENDING → RUNNING',
      {
        of: ['a: b'],
      },
    )
  })

  test('shows by a diff in what it is not met', () => {
    const error = thrownBy(() =>
      expectTransitions(
        recorded,
        `a: PENDING → RUNNING
         a: RUNNING → FAILURE
         b: PENDING → RUNNING
         c: PENDING → RUNNING`,
      ),
    ) as AssertionError
    expect(error).toBeInstanceOf(AssertionError)
    expect(error.message).toMatchInlineSnapshot(`
      "the transitions are not those expected (- expected, + happened):
        a: PENDING → RUNNING
      - a: RUNNING → FAILURE
      + a: RUNNING → SUCCESS
        b: PENDING → RUNNING
      - c: PENDING → RUNNING"
    `)
    expect(error.actual).toBe(recorded.transitions.join('\n'))
    expect(error.expected).toContain('RUNNING → FAILURE')
  })

  test.each([
    '',
    'a: PENDING → RUNNING',
    'b: PENDING → RUNNING\na: PENDING → RUNNING\na: RUNNING → SUCCESS',
  ])('is not met by fewer moves, or by another order: %j', (expected) => {
    expect(() => expectTransitions(recorded, expected)).toThrow(AssertionError)
  })
})

describe('a diff', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
  const side = (lines: readonly string[], mark: string) =>
    lines.filter((line) => line[0] === ' ' || line[0] === mark).map((line) => line.slice(2))

  test('holds both texts whole', () => {
    fc.assert(
      fc.property(texts, texts, (expected, actual) => {
        const lines = diffLines(expected, actual)
        expect(side(lines, '-')).toEqual(expected)
        expect(side(lines, '+')).toEqual(actual)
      }),
    )
  })

  test('says of equal texts that nothing differs, and marks no more than it must', () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, at) => {
        expect(diffLines(text, text)).toEqual(text.map((line) => `  ${line}`))
        const longer = (text as string[]).toSpliced(at % (text.length + 1), 0, 'new')
        expect(diffLines(text, longer).filter((line) => line[0] !== ' ')).toEqual(['+ new'])
      }),
    )
  })
})
