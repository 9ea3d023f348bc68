/**
 * What the pattern of a first parameter tells: tables for the reader, a law for the parser.
 *
 * The sources are evaluated, so each is a function that the language accepts; it is never called.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { readParameters } from '../../src/atoms/parameters.ts'
import { fc } from '../properties.ts'
import { destructured, evaluate, type Fn, generatedSources } from './function-sources.ts'

/** Takes the only method out of the body of an object literal. */
function methodOf(member: string): Fn {
  return evaluate(`Object.values({ ${member} })[0]`)
}

/** A function whose source is the given text: what a newer language, or a broken tool, may print. */
function printing<T>(source: string, read: (fn: Fn) => T): T {
  const original = Function.prototype.toString
  Function.prototype.toString = () => source
  try {
    return read(() => undefined)
  } finally {
    Function.prototype.toString = original
  }
}

describe('the keys of the pattern', () => {
  test.each([
    ['({}) => 0', destructured([])],
    ['({ a }) => a', destructured(['a'])],
    ['({ b, a, }) => a', destructured(['b', 'a'])],
    ['({ size: s }) => s', destructured(['size'])],
    ["({ 'odd-key': x }) => x", destructured(['odd-key'])],
    ['({ a: { b, c = 1 } }) => b', destructured(['a'])],
    ['({ a: [b, c] }) => b', destructured(['a'])],
    ["({ 1: a, 0x10: b, 2n: c, .5: d, '': e }) => a", destructured(['1', '16', '2', '0.5', ''])],
    ["({ ['a']: x }) => x", destructured(['a'])],
    ['({ \\u0061: x, ä, $, _ }) => x', destructured(['a', 'ä', '$', '_'])],
    ['({ class: c, function: f, delete: d }) => c', destructured(['class', 'function', 'delete'])],
    ['({ __proto__: p, constructor }) => p', destructured(['__proto__', 'constructor'])],
    ['({ a = 1, b, c = 2 }) => a', destructured(['b'], ['a', 'c'])],
    ['({ a: { b } = {} }) => b', destructured([], ['a'])],
    ['({ a: x = 1 }) => x', destructured([], ['a'])],
    ['({ a = undefined }) => a', destructured([], ['a'])],
    ['({ a } = {}) => a', destructured(['a'])],
    ['({ a, b = 1 } = { a: 2 }) => a', destructured(['a'], ['b'])],
    ['({ a, ...others }) => others', destructured(['a'], [], true)],
    ['({ ...others }) => others', destructured([], [], true)],
    ['({ a }, { signal }) => a', destructured(['a'])],
    ['({ a }, ...more) => a', destructured(['a'])],
    ['({ a, a: { b } }) => b', destructured(['a'])],
    ['({ a = 1, c, a: b }) => b', destructured(['a', 'c'])],
    ['({ a: b, a = 1 }) => b', destructured(['a'])],
    ['({ a: b = 1, a = 1 }) => b', destructured([], ['a'])],
  ])('are the names in %s', (source, expected) => {
    expect(readParameters(evaluate(source))).toEqual(expected)
  })
})

describe('a default value', () => {
  test.each([
    '[1, 2]',
    "{ x: 1, y: '}' }",
    "'b, c } )'",
    `\`b } \${1} )\``,
    `\`\${\`\${{ x: \`}\` }.x}, c\`}\``,
    '/[,}]/',
    '/[)]\\//g',
    '4 / 2 / 1',
    '(1) / 2 + [3][0] / 4',
    '{ class: 1, function: 2 }.class / 2',
    `\`\${{ class: 1 }.class}, }\``,
    '(1, 2)',
    '(p, q = 1) => ({ p, q })',
    'function ({ z, y = 1 }) { return { z, y } }',
    'async ({ z }) => { await z }',
    'function* ({ z }) { yield z }',
    'class { static m({ q }) { return q } }',
    '{ m({ q }) { return q } }',
    '1 /* , } ) */',
    '1 // , } )\n',
    'x?.class ?? 1',
    '1 < 2 > 3',
    'new.target',
    'globalThis.import',
    'import("node:fs")',
  ])('may be %s', (value) => {
    const expected = destructured(['z'], ['x', 'y'])
    expect(readParameters(evaluate(`({ x = ${value}, z, y: { u } = ${value} }) => 0`))).toEqual(
      expected,
    )
    expect(readParameters(methodOf(`m({ x = ${value}, z, y: { u } = ${value} }) {}`))).toEqual(
      expected,
    )
  })
})

describe('the form of the function', () => {
  test.each([
    'function ({ a, b = 1 }) {}',
    'function execute({ a, b = 1 }) {}',
    'async function ({ a, b = 1 }) { await a }',
    'function* ({ a, b = 1 }) { yield a }',
    'async function* execute({ a, b = 1 }) { yield await a }',
    '({ a, b = 1 }) => a',
    '({ a, b = 1 }) => ({ a })',
    '({ a, b = 1 }) => ({ c }) => c',
    'async ({ a, b = 1 }) => { await a }',
    'async({ a, b = 1 }) => a',
    '/* ({ x }) */ ({ a, b = 1 }) => a',
    'function /* ( */ execute /* ({ x }) */ ({ /* x, */ a, // y\n b = 1 }) {}',
    'function ({ a, b = 1 }) { return new.target }',
    '({ a, b = new.target }) => a',
  ])('may be %s', (source) => {
    expect(readParameters(evaluate(source))).toEqual(destructured(['a'], ['b']))
  })

  test.each([
    'execute({ a, b = 1 }) {}',
    'async execute({ a, b = 1 }) { await a }',
    '*execute({ a, b = 1 }) { yield a }',
    'async *execute({ a, b = 1 }) { yield await a }',
    'execute({ a, b = 1 }) { return super.toString() }',
    'execute({ a, b = super.toString() }) {}',
    "['x']({ a, b = 1 }) {}",
    "['x'.replace(/[({]/, '')]({ a, b = 1 }) {}",
    'async *[((x) => x)(1)]({ a, b = 1 }) {}',
    "'odd key('({ a, b = 1 }) {}",
    '12({ a, b = 1 }) {}',
    '2n({ a, b = 1 }) {}',
    'get({ a, b = 1 }) {}',
    'set({ a, b = 1 }) {}',
    'static({ a, b = 1 }) {}',
    'async({ a, b = 1 }) {}',
    'await({ a, b = 1 }) {}',
    'yield({ a, b = 1 }) {}',
    'function({ a, b = 1 }) {}',
    'class({ a, b = 1 }) {}',
    'class /* { */ ({ a, b = 1 }) {}',
    'classic({ a, b = 1 }) {}',
    'new({ a, b = 1 }) {}',
    'if({ a, b = 1 }) {}',
    'super({ a, b = 1 }) {}',
    'import({ a, b = 1 }) {}',
    'constructor({ a, b = 1 }) {}',
    'async constructor({ a, b = 1 }) {}',
    '__proto__({ a, b = 1 }) {}',
  ])('may be the method %s', (source) => {
    expect(readParameters(methodOf(source))).toEqual(destructured(['a'], ['b']))
  })

  test('may be a method of a class, static, private or inherited', () => {
    class Base {
      inherited({ a, b = 1 }: { a: number; b?: number }): number {
        return a + b
      }
    }
    class Derived extends Base {
      #secret = 1
      #hidden({ a, b = this.#secret }: { a: number; b?: number }): boolean {
        return #secret in this && a === b
      }
      static made({ a, b = 1 }: { a: number; b?: number }): number {
        return a + b
      }
      static async *[Symbol.asyncIterator]({
        a,
        b = 1,
      }: {
        a: number
        b?: number
      }): AsyncGenerator<number> {
        yield a + b
      }
      override inherited({ a, b = this.#secret }: { a: number; b?: number }): number {
        return super.inherited({ a, b })
      }
      arrow = ({ a, b = super.inherited({ a: this.#secret }) }: { a: number; b?: number }) => a + b
      hidden = this.#hidden
    }
    const derived = new Derived()
    const methods = [
      Base.prototype.inherited,
      Derived.prototype.inherited,
      Derived.made,
      Derived[Symbol.asyncIterator],
      derived.arrow,
      derived.hidden,
    ]
    for (const method of methods) {
      expect(readParameters(method)).toEqual(destructured(['a'], ['b']))
    }
  })

  test('may be a method whose computed name awaits or yields', async () => {
    const awaiting = evaluate('async () => ({ m: { [await 0]({ a, b = 1 }) {} }[0] })')
    const { m } = (await awaiting()) as { readonly m: Fn }
    expect(readParameters(m)).toEqual(destructured(['a'], ['b']))

    const yielding = evaluate('function* () { return { *[yield]({ a, b = 1 }) {} }[0] }')
    const steps = yielding() as Iterator<undefined, Fn, number>
    steps.next(0)
    expect(readParameters(steps.next(0).value ?? String)).toEqual(destructured(['a'], ['b']))
  })

  test('may be code that is not legal in strict mode', () => {
    expect(readParameters(evaluate('function ({ a, b = 010 }) {}'))).toEqual(
      destructured(['a'], ['b']),
    )
    expect(readParameters(evaluate('({ a, await: await, yield: yield = 1 }, c, d) => a'))).toEqual(
      destructured(['a', 'await'], ['yield']),
    )
    expect(readParameters(evaluate('function (c, c) {}'))).toEqual({ form: 'whole' })
    expect(readParameters(methodOf('[010]({ a, b = 010 }) { with (a) {} }'))).toEqual(
      destructured(['a'], ['b']),
    )
  })

  test('may be one that was made from text', () => {
    expect(readParameters(new Function('{ a, b = 1 } // )', 'return a') as Fn)).toEqual(
      destructured(['a'], ['b']),
    )
  })
})

describe('a first parameter that is not destructured', () => {
  test.each(['() => 0', 'function () {}', 'async () => ({ a: 1 })', 'function* (/* { a } */) {}'])(
    'is absent in %s',
    (source) => {
      expect(readParameters(evaluate(source))).toEqual({ form: 'none' })
    },
  )

  test.each([
    'inputs => inputs',
    'async inputs => inputs',
    'async => ({ a }) => a',
    'inputs => other(({ a }) => a)',
    '(inputs) => inputs',
    '(inputs = { a: 1 }) => inputs',
    '(inputs, { a }) => inputs',
    'function (inputs) { const { a } = inputs }',
    '(...args) => args',
    '(...{ length }) => length',
    '(...[{ a }]) => a',
  ])('says nothing in %s', (source) => {
    expect(readParameters(evaluate(source))).toEqual({ form: 'whole' })
  })

  test('says nothing in native, bound and proxied functions', () => {
    const size = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get as Fn
    const bound = (({ a }: { a: number }) => a).bind(undefined)
    const proxied = new Proxy(({ a }: { a: number }) => a, {})
    const all = [Math.max, Map as unknown as Fn, [].values, [][Symbol.iterator], size]
    for (const fn of [...all, bound, proxied]) {
      expect(readParameters(fn)).toEqual({ form: 'whole' })
    }
  })
})

describe('a source that the parser does not know', () => {
  test.each([
    '({ a, b = 1 }) => a |> b',
    'execute({ a, b = 1 }) { §§ `',
    'async ({ a, b = 1 }) => #',
  ])('still tells its inputs when only the body is strange: %s', (source) => {
    expect(printing(source, readParameters)).toEqual(destructured(['a'], ['b']))
  })

  test.each(['({ a = 1 |> 2 }) => a', '({ a, b = }) => a', '({ a', ''])(
    'says nothing when the pattern is strange: %j',
    (source) => {
      expect(printing(source, readParameters)).toEqual({ form: 'whole' })
    },
  )
})

describe('what cannot name inputs', () => {
  test.each([
    'class {}',
    'class A { constructor({ a }) {} }',
    'class extends base {}',
    'class extends (base, base) { m({ a }) {} }',
    'class/* ( */A{}',
  ])('is refused: the class %s', (source) => {
    expect(() => readParameters(evaluate(source))).toThrow(TypeError)
    expect(() => readParameters(evaluate(source))).toThrow(/not the class/)
  })

  test.each(['([a, b]) => a', 'function ([a] = []) {}', 'async ([]) => 0'])(
    'is refused: the array pattern of %s',
    (source) => {
      expect(() => readParameters(evaluate(source))).toThrow(TypeError)
      expect(() => readParameters(evaluate(source))).toThrow(/inputs have names/)
    },
  )

  test.each(['[base]: a', '[1]: a', '[`a`]: b', "['a' + 'b']: a = 1"])(
    'is refused: the computed key in { %s }',
    (property) => {
      expect(() => readParameters(evaluate(`({ ${property} }) => 0`))).toThrow(TypeError)
      expect(() => readParameters(evaluate(`({ ${property} }) => 0`))).toThrow(/must be plain/)
    },
  )

  test('is shown in the message, with the name of the function', () => {
    const execute = ([a]: number[]) => a
    expect(() => readParameters(execute)).toThrow("the inputs of 'execute' from ([a])")
  })
})

describe('reading again', () => {
  test('gives the same answer for the same function, and for closures of one source', () => {
    const make =
      (count: number) =>
      ({ a }: { a: number }) =>
        a + count
    const first = make(1)
    expect(readParameters(first)).toBe(readParameters(first))
    expect(readParameters(make(2))).toBe(readParameters(first))
  })

  test('keeps no more than a thousand sources', () => {
    const fill = (from: number, count: number): void => {
      for (let i = from; i < from + count; i++) readParameters(evaluate(`({ a${i} }) => 0`))
    }
    const source = '({ forgotten }) => 0'
    const before = readParameters(evaluate(source))
    fill(0, 500)
    fill(500, 500)
    const after = readParameters(evaluate(source))
    expect(after).toEqual(before)
    expect(after).not.toBe(before)
  })

  test('does not depend on what a function says of itself', () => {
    const fn = Object.assign(({ a }: { a: number }) => a, { toString: () => '({ b }) => b' })
    expect(readParameters(fn)).toEqual(destructured(['a']))
  })
})

test('the names that are read are those that were written, whatever the pattern and the form', () => {
  fc.assert(
    fc.property(generatedSources, ({ source, expected }) => {
      expect(readParameters(evaluate(source))).toEqual(expected)
    }),
    { numRuns: 2_000 },
  )
})
