/**
 * The package `p-graph`: functions and the edges between them; results are passed by hand.
 *
 * @module
 */
import { type DependencyList, PGraph, type PGraphNodeMap } from 'p-graph'
import {
  type Contender,
  check,
  inputsOf,
  layeredResult,
  mix,
  type Order,
  repetitionsOf,
  sum,
  timed,
  unknownKind,
  wideResult,
  widthOf,
} from '../work.ts'

interface Job {
  readonly nodes: PGraphNodeMap
  readonly edges: DependencyList
  verify(): void
}

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const { size } = order
  const { nodes, edges, verify } = jobOf(order)
  const repetitions = repetitionsOf(size)
  return {
    run: () =>
      timed(size * repetitions, async () => {
        for (let i = 0; i < repetitions; i += 1) {
          await new PGraph(nodes, edges).run()
          verify()
        }
      }),
    [Symbol.asyncDispose]: async () => {},
  }
}

function jobOf({ contender, kind, size }: Order): Job {
  const results: number[] = Array.from({ length: size }, () => 0)
  const nodes: PGraphNodeMap = new Map()
  const edges: DependencyList = []
  const add = (i: number, run: () => Promise<number>): void => {
    nodes.set(`t${i}`, {
      async run() {
        results[i] = await run()
      },
    })
  }
  if (kind === 'linear') {
    for (let i = 0; i < size; i += 1) {
      add(i, async () => (i === 0 ? 0 : (results[i - 1] as number)) + 1)
      if (i > 0) edges.push([`t${i - 1}`, `t${i}`])
    }
    return { nodes, edges, verify: () => check(kind, results[size - 1], size) }
  }
  if (kind === 'wide') {
    let total = 0
    for (let i = 0; i < size; i += 1) {
      add(i, async () => i)
      edges.push([`t${i}`, 'join'])
    }
    nodes.set('join', {
      async run() {
        total = sum(results)
      },
    })
    const expected = wideResult(size)
    return { nodes, edges, verify: () => check(kind, total, expected) }
  }
  if (kind !== 'layered') return unknownKind(contender, kind)
  for (let i = 0; i < size; i += 1) {
    const inputs = inputsOf(i, size)
    const [a = -1, b = -1, c = -1] = inputs
    add(i, async () =>
      a < 0 ? i : mix(results[a] as number, results[b] as number, results[c] as number),
    )
    for (const from of inputs) edges.push([`t${from}`, `t${i}`])
  }
  const expected = layeredResult(size)
  return {
    nodes,
    edges,
    verify: () => check(kind, sum(results.slice(-widthOf(size))), expected),
  }
}
