/**
 * The smallest flow: two tasks, and listeners that hear of the flow's states.
 *
 * @module
 */
import { linear, load, task } from '../src/index.ts'

const a = task('A', {
  execute({ a }: { a: string }) {
    console.log(`A : ${a}`)
  },
})

const b = task('B', {
  execute({ b }: { b: string }) {
    console.log(`B : ${b}`)
  },
})

const engine = load(linear('hello').add(a, b), { store: { a: 'a', b: 'b' } })

engine.notifier.register('*', (state) => console.log(`Flow State:${state}`))
engine.notifier.register('SUCCESS', (_state, { flowName }) => console.log(`${flowName} is done`))

await engine.run()
