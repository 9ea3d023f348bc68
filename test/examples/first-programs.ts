/**
 * The programs with which the introductions to TaskFlow begin: tasks that are listened
 * to, a flow that fails and is undone, and seven additions in nested graphs.
 *
 * @module
 */
import { graph, linear, load, run, task } from '../../src/index.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

print('# Two tasks, and who listens to their flow')
const says = (name: string) => task(name, { execute: () => print(`execute ${name}`) })
const listened = load(linear('a-and-b').add(says('A'), says('B')))
listened.notifier.register('*', (state, { flowName, oldState }) => {
  print(`'*': ${flowName} ${oldState} -> ${state}`)
})
listened.notifier.register('SUCCESS', (state, { flowName }) => {
  print(`'SUCCESS': ${flowName} is ${state}`)
})
await listened.run()

print('# Three tasks, of which the last fails')
const A = task('A', {
  execute: ({ a }: { a: string }) => print(`A : ${a}`),
  revert: ({ a }: { a: string }) => print(`A ${a} revert`),
})
const B = task('B', {
  execute: ({ b }: { b: string }) => print(`B : ${b}`),
  revert: ({ b }: { b: string }) => print(`B ${b} revert`),
})
const C = task('C', {
  execute({ c }: { c: string }) {
    print(`C : ${c}`)
    throw new Error('C IOError')
  },
})
try {
  await run(linear('abc').add(A, B, C), { store: { a: 'a', b: 'b', c: 'c' } })
} catch (error) {
  print(`flow failed:${(error as Error).message}`)
}

print('# Seven additions in nested graphs')
/** Adds two amounts; `rebind` says which symbols of the flow they are. */
function adder<A extends string, B extends string, To extends string>(
  name: string,
  provides: To,
  a: A,
  b: B,
) {
  return task(name, {
    provides,
    rebind: { a, b },
    execute: (amounts: { a: number; b: number }) => amounts.a + amounts.b,
  })
}
const adders = graph('root').add(
  linear('nested linear').add(
    adder('add2', 'x2', 'y3', 'y4'), // 12
    adder('add1', 'x1', 'y1', 'y2'), // 4
  ),
  adder('add5', 'x5', 'x1', 'x3'), // 20
  adder('add3', 'x3', 'x1', 'x2'), // 16
  adder('add4', 'x4', 'x2', 'y5'), // 21
  adder('add6', 'x6', 'x5', 'x4'), // 41
  graph('nested graph').add(adder('add7', 'x7', 'x6', 'x6')), // 82
)
const store = { y1: 1, y2: 3, y3: 5, y4: 7, y5: 9 }
for (const kind of ['serial', 'parallel'] as const) {
  const sums = await run(adders, { store, engine: kind })
  const { x1, x2, x3, x4, x5, x6, x7 } = sums
  print(`${kind}: x1=${x1} x2=${x2} x3=${x3} x4=${x4} x5=${x5} x6=${x6} x7=${x7}`)
}
