/**
 * The names of an atom's inputs, read from the pattern of a function's first parameter.
 *
 * For `task` and `retry`, which must know what an atom needs before it runs: `({ size, format = 1 })`
 * says it once, as the fixtures of Playwright and Vitest do. Reads source text and never calls the
 * function; knows nothing of atoms, symbols or defaults' values.
 *
 * @module
 */

import {
  type ArrowFunctionExpression,
  type AssignmentProperty,
  type FunctionDeclaration,
  type FunctionExpression,
  type Identifier,
  type Node,
  type Options,
  type Pattern,
  parseExpressionAt,
  type Token,
  type TokenType,
  tokenizer,
  tokTypes,
} from 'acorn'

/** What the first parameter of a function says about its inputs. */
export type Parameters =
  /** The function takes no first parameter. */
  | { readonly form: 'none' }
  /**
   * One name, a rest parameter, or a source that cannot be read (native and bound functions,
   * syntax that the parser does not know): says nothing about inputs.
   */
  | { readonly form: 'whole' }
  /** An object pattern: its keys are the inputs, each named once, in the order of the pattern. */
  | {
      readonly form: 'destructured'
      /** Keys without a default value of their own. */
      readonly required: readonly string[]
      /** Keys with a default value. */
      readonly optional: readonly string[]
      /** The pattern ends in `...rest`, so it takes whatever else there is. */
      readonly rest: boolean
    }

type AnyFunction = ArrowFunctionExpression | FunctionDeclaration | FunctionExpression

/** A way to read a source: what stands before it, so that it is an expression or a member. */
interface Reading {
  readonly sourceType: 'module' | 'script'
  readonly prefix: string
}

/**
 * Tried in turn, as a source doesn't tell whether it was a member, nor whether it was strict.
 *
 * The functions around it make `new.target` legal, and `await` and `yield` in computed names.
 */
const READINGS: readonly Reading[] = [
  { sourceType: 'module', prefix: '(function () { (' },
  { sourceType: 'module', prefix: '(async function* () { (class extends Object { ' },
  { sourceType: 'script', prefix: '(function () { (' },
  { sourceType: 'script', prefix: '(async function* () { ({ ' },
]

const OPENING: ReadonlySet<TokenType> = new Set([
  tokTypes.parenL,
  tokTypes.bracketL,
  tokTypes.braceL,
  tokTypes.dollarBraceL,
])

const CLOSING: ReadonlySet<TokenType> = new Set([
  tokTypes.parenR,
  tokTypes.bracketR,
  tokTypes.braceR,
])

/** Stands for the parameters of `name => …`: which name it is makes no difference. */
const ONE_NAME = '(name)'

/** Thrown to leave the parser where the parameters end; made once, as a stack trace is dear. */
const HEAD_IS_READ = new Error('the head is read')

/** How every function begins that has no source. */
const NO_SOURCE = '{ [native code] }'

/**
 * The most sources to remember. A program has far fewer; one that generates its functions would
 * fill the memory with their texts, and hits none of them again.
 */
const MAX_SOURCE_COUNT = 1_000

/** What is known of a source. */
interface Known {
  readonly source: string
  readonly parameters: Parameters
  /** Found out when somebody asks. */
  hidesInputs: boolean | undefined
}

/** All instances of a class share one method; looking up its text costs more as it grows. */
const byFunction = new WeakMap<object, Known>()

/** Closures made in a loop are different functions with one source, so they are parsed once. */
const bySource = new Map<string, Known>()

/**
 * Tells the names of a function's inputs from the pattern of its first parameter.
 *
 * A name is a key of the pattern, whatever it is bound to; with a default value it is optional. A
 * key that stands there twice counts once, and is required where one of the two has no default.
 * A default value of the whole pattern changes nothing.
 *
 * @throws TypeError when the function is a class, when its first parameter is an array pattern, or
 * when a key is computed from anything but a string literal.
 */
export function readParameters(fn: (...args: never[]) => unknown): Parameters {
  return knownOf(fn).parameters
}

/**
 * Whether a function takes inputs of which no name can be read: through a parameter that is not
 * destructured, or through `arguments`, as compilers do it that lower patterns and async functions
 * for old engines. A parameter that the function never mentions takes none.
 */
export function hidesInputs(fn: (...args: never[]) => unknown): boolean {
  const known = knownOf(fn)
  const isWhole = known.parameters.form === 'whole'
  known.hidesInputs ??=
    (isWhole || known.source.includes('arguments')) && looksBeyondNames(known.source, isWhole)
  return known.hidesInputs
}

function knownOf(fn: (...args: never[]) => unknown): Known {
  const known = byFunction.get(fn)
  if (known) return known
  const source = Function.prototype.toString.call(fn)
  let found = bySource.get(source)
  if (!found) {
    found = { source, parameters: parseParameters(source, fn.name), hidesInputs: undefined }
    if (bySource.size >= MAX_SOURCE_COUNT) bySource.clear()
    bySource.set(source, found)
  }
  byFunction.set(fn, found)
  return found
}

function looksBeyondNames(source: string, isWhole: boolean): boolean {
  for (const { sourceType, prefix } of READINGS) {
    const closing = prefix.endsWith('(') ? ') })' : ' }) })'
    let found: AnyFunction | undefined
    try {
      const text = `${prefix}${source}${closing}`
      found = functionAt(parseExpressionAt(text, 0, optionsFor(sourceType)), prefix.length)
    } catch {
      continue // not legal in this reading
    }
    if (found !== undefined) return mentionsInputs(found, isWhole)
  }
  // A source that the parser does not know is taken by its words.
  return isWhole || /\barguments\b/.test(source)
}

function mentionsInputs(fn: AnyFunction, isWhole: boolean): boolean {
  const [first, ...others] = fn.params
  const rest = [...others, fn.body]
  const isArrow = fn.type === 'ArrowFunctionExpression'
  const parts = first === undefined ? rest : [first, ...rest]
  if (!isArrow && parts.some((part) => mentions(part, 'arguments'))) return true
  if (!isWhole) return false
  const plain = first?.type === 'AssignmentPattern' ? first.left : first
  const name = plain?.type === 'Identifier' ? plain.name : undefined
  return name === undefined || rest.some((part) => mentions(part, name) || mentions(part, 'eval'))
}

/** The outermost function that begins in the source, and not before it; a member's begins behind its name. */
function functionAt(node: Node, start: number): AnyFunction | undefined {
  if (isFunction(node) && node.start >= start) return node
  for (const child of childrenOf(node)) {
    const found = functionAt(child, start)
    if (found !== undefined) return found
  }
  return undefined
}

function isFunction(node: Node): node is AnyFunction {
  return /^(?:ArrowFunction|Function)/.test(node.type)
}

/** Functions inside have `arguments` of their own, unless they are arrows. */
function mentions(node: Node, name: string): boolean {
  if (node.type === 'Identifier') return (node as Identifier).name === name
  const isOpaque = name === 'arguments' && node.type.startsWith('Function')
  return !isOpaque && childrenOf(node).some((child) => mentions(child, name))
}

/** Names that only look like a variable are left out: keys, and members after a dot. */
function childrenOf(node: Node): readonly Node[] {
  return Object.entries(node).flatMap(([field, value]: [string, unknown]) => {
    const isName =
      (field === 'key' || field === 'property') && Reflect.get(node, 'computed') !== true
    return isName ? [] : [value].flat().filter(isNode)
  })
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string'
  )
}

function parseParameters(source: string, name: string): Parameters {
  if (source.endsWith(NO_SOURCE)) return { form: 'whole' }
  if (isClass(source)) {
    throw new TypeError(
      `cannot read the inputs of class '${name}': hand in a function or a method, not the class`,
    )
  }
  for (const { sourceType, prefix } of READINGS) {
    const head = readHead(prefix, source, sourceType)
    const params = head && parseHead(head, sourceType)
    if (params) return describeFirst(params, head, name)
  }
  return { form: 'whole' }
}

/** `class` may also be the name of a method, which a parenthesis follows. */
function isClass(source: string): boolean {
  if (!source.startsWith('class')) return false
  const tokens = tokenizer(source, { ecmaVersion: 'latest' })
  return tokens.getToken().type === tokTypes._class && tokens.getToken().type !== tokTypes.parenL
}

/**
 * Cuts the parameter list out of a source, parentheses included; empty when this reading fails.
 *
 * Runs the parser and not only its tokenizer, which cannot tell a regex from a division in every
 * place. It never reaches the body, so that costs nothing and may hold syntax of any year.
 */
function readHead(prefix: string, source: string, sourceType: Reading['sourceType']): string {
  const text = prefix + source
  let head = ''
  let depth = 0
  let start = 0
  const onToken = (token: Token): void => {
    if (token.start < prefix.length) return
    if (OPENING.has(token.type)) {
      if (depth === 0) start = token.start
      depth++
    } else if (CLOSING.has(token.type)) {
      depth--
      if (depth === 0 && token.type === tokTypes.parenR) head = text.slice(start, token.end)
    } else if (depth === 0 && token.type === tokTypes.arrow) {
      head = ONE_NAME
    }
    if (head) throw HEAD_IS_READ
  }
  try {
    parseExpressionAt(text, 0, { ...optionsFor(sourceType), onToken })
  } catch {
    // Either we left on purpose, or the text isn't legal in this reading; the head says which.
  }
  return head
}

/**
 * Parses a parameter list; undefined when it isn't legal in this reading.
 *
 * All kinds of function share one grammar here, as `await` and `yield` are forbidden in it. A text
 * that is a whole list on its own is also the list that the source begins with.
 */
function parseHead(
  head: string,
  sourceType: Reading['sourceType'],
): readonly Pattern[] | undefined {
  try {
    const node = parseExpressionAt(`function ${head} {}`, 0, optionsFor(sourceType))
    return (node as FunctionExpression).params
  } catch {
    return undefined
  }
}

/** What the class or the function around a source would have allowed is allowed here. */
function optionsFor(sourceType: Reading['sourceType']): Options {
  return {
    ecmaVersion: 'latest',
    sourceType,
    allowSuperOutsideMethod: true,
    checkPrivateFields: false,
  }
}

function describeFirst(params: readonly Pattern[], head: string, name: string): Parameters {
  const [first] = params
  if (!first) return { form: 'none' }
  const pattern = first.type === 'AssignmentPattern' ? first.left : first
  if (pattern.type === 'ArrayPattern') {
    throw new TypeError(
      `cannot read the inputs of '${name}' from ${head}: inputs have names; take them as ({ a, b })`,
    )
  }
  if (pattern.type !== 'ObjectPattern') return { form: 'whole' }

  let rest = false
  const isRequired = new Map<string, boolean>()
  for (const property of pattern.properties) {
    if (property.type === 'RestElement') {
      rest = true
      continue
    }
    const key = keyOf(property, head, name)
    const required = property.value.type !== 'AssignmentPattern'
    isRequired.set(key, required || isRequired.get(key) === true)
  }
  const keys = [...isRequired.keys()]
  return {
    form: 'destructured',
    required: keys.filter((key) => isRequired.get(key)),
    optional: keys.filter((key) => !isRequired.get(key)),
    rest,
  }
}

function keyOf({ key, computed }: AssignmentProperty, head: string, name: string): string {
  if (key.type === 'Identifier' && !computed) return key.name
  if (key.type === 'Literal' && (!computed || typeof key.value === 'string')) {
    return String(key.value)
  }
  throw new TypeError(
    `cannot read the inputs of '${name}' from ${head}: a computed key must be plain; write { name: alias }`,
  )
}
