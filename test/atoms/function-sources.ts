/**
 * Functions for the tests of parameters: how to evaluate a source, and sources drawn at random.
 *
 * The generator prints a pattern, of which it knows the names, into every form that a function
 * may have. What it prints must be legal: evaluating it is the first check of each run.
 *
 * @module
 */

import type { Parameters } from '../../src/atoms/parameters.ts'
import { fc } from '../properties.ts'

/** Any function; the tests never call one. */
export type Fn = (...args: never[]) => unknown

/** A source and what must be read from it. */
export interface KnownSource {
  readonly source: string
  readonly expected: Parameters
}

/** Evaluates an expression, outside of strict mode as most of its words are legal there. */
export function evaluate(expression: string): Fn {
  return new Function('base', `return (${expression}\n)`)(Object) as Fn
}

/** The answer for an object pattern. */
export function destructured(
  required: readonly string[],
  optional: readonly string[] = [],
  rest = false,
): Parameters {
  return { form: 'destructured', required, optional, rest }
}

interface Key {
  readonly name: string
  readonly text: string
  readonly shorthand: boolean
}

const identifiers = fc
  .stringMatching(/^[a-zäé_$][a-z0-9_$]{0,5}$/)
  .filter(isIdentifier)
  .map((name): Key => ({ name, text: name, shorthand: true }))

const keywords = fc
  .constantFrom('class', 'function', 'delete', 'if', 'await', 'yield', 'async', 'get', 'new')
  .map((name): Key => ({ name, text: name, shorthand: false }))

const numbers = fc.nat(99).map((n): Key => ({ name: `${n}`, text: `${n}`, shorthand: false }))

const quoted = fc.record({ name: fc.string({ maxLength: 5 }), computed: fc.boolean() }).map(
  ({ name, computed }): Key => ({
    name,
    text: computed ? `[${JSON.stringify(name)}]` : JSON.stringify(name),
    shorthand: false,
  }),
)

const values = fc.constantFrom(
  '1',
  '[1, 2]',
  "{ x: 1, 'y}': ')' }",
  "'a, } )'",
  '"\\", }"',
  `\`a, } \${\`b\${{ c: 1 }.c}\`} (\``,
  '/[,}(]\\/\\)/g',
  '4 / 2 / (1) / 3',
  '(p, { q } = {}) => ({ p, q })',
  'function ({ z, y = { x: 1 } }) { return { z } / 2 }',
  'async function* ({ z }) { yield await z }',
  'async z => { await z }',
  'class { static m({ q }) { return /[}]/ } }',
  '{ m({ q }) {}, get class() { return 1 } }.class / 2',
  '(1, 2)',
  'undefined',
)

/** What may stand between any two tokens of a pattern. */
const gaps = fc.constantFrom('', ' ', '\n', ' /* , } ) x = 1 */ ', ' // , } ) => {\n', '/**/')

const nested = fc.constantFrom('', '{ n1 }', '{ n1: { n2 = 1 }, ...n3 }', '[n1, , n2 = 2]', '{}')

const properties = fc.uniqueArray(
  fc.record({
    key: fc.oneof({ weight: 4, arbitrary: identifiers }, keywords, numbers, quoted),
    aliased: fc.boolean(),
    nested,
    value: fc.option(values, { nil: undefined }),
    gaps: fc.tuple(gaps, gaps, gaps, gaps),
  }),
  { selector: ({ key }) => key.name, maxLength: 6 },
)

const patterns = fc
  .record({ properties, rest: fc.boolean(), comma: fc.boolean(), whole: fc.boolean() })
  .map(({ properties, rest, comma, whole }): KnownSource => {
    const parts = properties.map(({ key, aliased, nested, value, gaps: [a, b, c, d] }, index) => {
      // Numbered, as no two properties may bind the same name.
      const bound = nested.replaceAll(/n\d/g, `$&_${index}`) || `alias_${index}`
      const target = key.shorthand && !aliased && !nested ? '' : `${b}:${c}${bound}`
      return `${a}${key.text}${target}${d}${value === undefined ? '' : `=${b}${value}${c}`}`
    })
    if (rest) parts.push('...the_rest')
    const end = comma && !rest && parts.length > 0 ? ',' : ''
    const names = (optional: boolean): readonly string[] =>
      properties.filter(({ value }) => (value !== undefined) === optional).map((p) => p.key.name)
    return {
      source: `{${parts.join(',')}${end}}${whole ? ' = {}' : ''}`,
      expected: destructured(names(false), names(true), rest),
    }
  })

/** Prints a function; a gap may not stand before an arrow, and a setter takes one parameter only. */
type Form = (list: string, gap: string, only: string) => string

const forms = fc.constantFrom<Form>(
  (list, gap) => `function${gap} ${list}${gap}{ return /[(]/ }`,
  (list, gap) => `function ${gap}execute${gap}${list} {}`,
  (list) => `async function ${list} { await 0 }`,
  (list) => `function* execute${list} { yield 0 }`,
  (list, gap) => `async function* ${gap}${list} { yield await 0 }`,
  (list) => `${list} => ({ x: 1 })`,
  (list) => `${list} => ({ x }) => x`,
  (list) => `async ${list} => { await 0 }`,
  (list, gap) => `({ execute${gap}${list}${gap}{ return super.x } }).execute`,
  (list) => `({ async execute${list} { await super.x } }).execute`,
  (list, gap) => `({ *${gap}execute${list} {} }).execute`,
  (list) => `({ async *execute${list} {} }).execute`,
  (list, gap) => `({ [${gap}'x('.slice(0, 1)]${gap}${list} {} }).x`,
  (list) => `({ 'odd ('${list} {} })['odd (']`,
  (list) => `({ 12${list} {} })[12]`,
  (list) => `({ class${list} {} }).class`,
  (list) => `({ get${list} {} }).get`,
  (list) => `({ async${list} {} }).async`,
  (_, gap, only) => `Object.getOwnPropertyDescriptor({ set ${gap}x${only} {} }, 'x').set`,
  (list) => `(class { execute${list} { return new.target } }).prototype.execute`,
  (list, gap) => `(class extends base { static ${gap}m${list} { return super.x } }).m`,
  (list) => `(class { static async *m${list} {} }).m`,
  (list) => `(class { static #run${list} {} static fn = this.#run }).fn`,
  (list, gap) => `new (class { #p = 1; fn = ${gap}${list} => this.#p })().fn`,
)

/** Sources of functions with a destructured first parameter, and the names in it. */
export const generatedSources: fc.Arbitrary<KnownSource> = fc
  .record({
    pattern: patterns,
    form: forms,
    gap: gaps,
    others: fc.constantFrom('', ', the_context', ', { the_signal = 1 }', ', ...the_others'),
  })
  .map(({ pattern: { source, expected }, form, gap, others }) => {
    const only = `(${gap}${source}${gap})`
    return { source: form(`(${gap}${source}${gap}${others})`, gap, only), expected }
  })

function isIdentifier(name: string): boolean {
  try {
    new Function(`'use strict'; let ${name}`)
    return true
  } catch {
    return false
  }
}
