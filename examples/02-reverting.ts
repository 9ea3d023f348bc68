/**
 * What was done is undone, last first, when a later task fails.
 *
 * @module
 */
import { linear, run, task } from '../src/index.ts'

const a = task('A', {
  execute({ a }: { a: string }) {
    console.log(`A : ${a}`)
  },
  revert({ a }: { a: string }) {
    console.log(`A ${a} revert`)
  },
})

const b = task('B', {
  execute({ b }: { b: string }) {
    console.log(`B : ${b}`)
  },
  revert({ b }: { b: string }) {
    console.log(`B ${b} revert`)
  },
})

const c = task('C', {
  execute({ c }: { c: string }) {
    console.log(`C : ${c}`)
    throw new Error('C IOError')
  },
})

try {
  await run(linear('reverting').add(a, b, c), { store: { a: 'a', b: 'b', c: 'c' } })
} catch (error) {
  console.log(`flow failed:${(error as Error).message}`)
}
