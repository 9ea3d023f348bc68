/**
 * Random flows of up to 200 atoms, to be drawn: of all patterns, with retries, deciders, data, and
 * names of all lengths.
 *
 * @module
 */

import {
  type FlowItem,
  graph,
  linear,
  type Retry,
  type Task,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import { fc } from '../properties.ts'

/** What a random flow is made from. */
export interface Recipe {
  readonly seed: number
  readonly atomCount: number
}

/** Recipes, the smaller the simpler. */
export function recipes(maxAtoms: number): fc.Arbitrary<Recipe> {
  return fc.record({ seed: fc.nat(), atomCount: fc.integer({ min: 1, max: maxAtoms }) })
}

const NAMES = [
  'a',
  'copy',
  'reserve-quota',
  'Wait for <everything> & "more"',
  '北京市海淀区',
  'x'.repeat(90),
]

/** The flow of a recipe; the same recipe makes the same flow. */
export function cook({ seed, atomCount }: Recipe): FlowItem {
  const kitchen = new Kitchen(seed, atomCount)
  return kitchen.flow(0)
}

class Kitchen {
  #state: number
  #left: number
  #count = 0
  readonly #symbols: string[] = []

  constructor(seed: number, atomCount: number) {
    this.#state = (seed * 2 + 1) >>> 0
    this.#left = atomCount
  }

  flow(depth: number): FlowItem {
    const name = `${this.#oneOf(NAMES)} ${this.#count}`
    const retry = this.#roll(3) === 0 ? this.#retry() : undefined
    const options = retry === undefined ? {} : { retry }
    const children: FlowItem[] = []
    const wanted = depth === 0 ? Number.POSITIVE_INFINITY : 1 + this.#roll(12)
    while (this.#left > 0 && children.length < wanted) {
      const isFlow = depth < 4 && this.#roll(6) === 0
      children.push(isFlow ? this.flow(depth + 1) : this.#task())
    }
    const pattern = this.#roll(3)
    if (pattern === 0) return linear(name, options).add(...children)
    if (pattern === 1) return unordered(name, options).add(...children)
    const flow = graph(name, options)
    flow.addWith({ resolveRequires: false, resolveExisting: false }, ...children)
    for (let to = 1; to < children.length; to += 1) {
      for (let links = this.#roll(3); links > 0; links -= 1) {
        const from = Math.max(0, to - 1 - this.#roll(10))
        const rule = this.#roll(5) === 0 ? { decider: () => true } : {}
        flow.link(children[from] as FlowItem, children[to] as FlowItem, rule)
      }
    }
    return flow
  }

  #task(): Task<never, object> {
    this.#left -= 1
    this.#count += 1
    const own = `${this.#oneOf(['v', 'a-rather-long-symbol-name'])}${this.#roll(20)}`
    this.#symbols.push(own)
    const takes = [this.#oneOf(this.#symbols), this.#oneOf(this.#symbols)]
    return task(`${this.#oneOf(NAMES)} ${this.#count}`, {
      requires: [] as readonly string[],
      optional: [...new Set(takes)].filter((symbol) => symbol !== own),
      provides: own,
      execute: (_: object) => own,
      ...(this.#roll(2) === 0 ? { revert() {} } : {}),
    }) as Task<never, object>
  }

  #retry(): Retry<never, object> {
    this.#count += 1
    return times(2, { name: `retry ${this.#count}` }) as Retry<never, object>
  }

  #roll(sides: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * sides)
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#roll(list.length)] as T
  }
}
