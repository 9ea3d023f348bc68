/**
 * The smallest flow: tasks wired by the names of what they take and give.
 *
 * @module
 */
import { linear, run, task } from '../src/index.ts'

const addUp = task('add-up', {
  provides: 'total',
  execute({ prices }: { prices: readonly number[] }) {
    return prices.reduce((sum, price) => sum + price, 0)
  },
})

const greet = task('greet', {
  provides: 'greeting',
  // `customer` is in the store, `total` comes from the task before: for this one it is the same.
  execute({ customer, total }: { customer: string; total: number }) {
    return `Hello ${customer}, that makes ${total} euros.`
  },
})

const order = linear('order').add(addUp, greet)

// Leave `customer` out, or give it a number, and this line does not compile.
const { greeting } = await run(order, { store: { customer: 'Ada', prices: [12, 30] } })
console.log(greeting)
