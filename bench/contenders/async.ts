/**
 * `auto` of the package `async`: tasks by name, which say whose results they need.
 *
 * @module
 */
import { auto } from 'async'
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

type Results = Readonly<Record<string, number>>
type Tasks = Record<string, unknown>

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const { size } = order
  const { tasks, verify } = jobOf(order)
  const repetitions = repetitionsOf(size)
  return {
    run: () =>
      timed(size * repetitions, async () => {
        for (let i = 0; i < repetitions; i += 1) {
          verify((await auto(tasks as Parameters<typeof auto>[0])) as Results)
        }
      }),
    [Symbol.asyncDispose]: async () => {},
  }
}

function jobOf({ contender, kind, size }: Order): { tasks: Tasks; verify(results: Results): void } {
  const tasks: Tasks = {}
  if (kind === 'linear') {
    for (let i = 0; i < size; i += 1) {
      const before = `x${i - 1}`
      tasks[`x${i}`] =
        i === 0
          ? async () => 1
          : [before, async (results: Results) => (results[before] as number) + 1]
    }
    return { tasks, verify: (results) => check(kind, results[`x${size - 1}`], size) }
  }
  if (kind === 'wide') {
    for (let i = 0; i < size; i += 1) tasks[`x${i}`] = async () => i
    const names = Object.keys(tasks)
    tasks['total'] = [
      ...names,
      async (results: Results) => sum(names.map((name) => results[name] as number)),
    ]
    const expected = wideResult(size)
    return { tasks, verify: (results) => check(kind, results['total'], expected) }
  }
  if (kind !== 'layered') return unknownKind(contender, kind)
  for (let i = 0; i < size; i += 1) {
    const inputs = inputsOf(i, size).map((from) => `x${from}`)
    const [a, b, c] = inputs as [string, string, string]
    tasks[`x${i}`] =
      inputs.length === 0
        ? async () => i
        : [
            ...inputs,
            async (results: Results) =>
              mix(results[a] as number, results[b] as number, results[c] as number),
          ]
  }
  const last = Array.from({ length: widthOf(size) }, (_, k) => `x${size - 1 - k}`)
  const expected = layeredResult(size)
  return {
    tasks,
    verify: (results) => check(kind, sum(last.map((name) => results[name] as number)), expected),
  }
}
