/**
 * When a task fails, what was done before it is undone, last first.
 *
 * @module
 */
import { isFailure, linear, run, task } from '../src/index.ts'

const stock = new Map([['lamp', 3]])
const charges = new Map<string, number>()

const reserve = task('reserve', {
  execute({ item }: { item: string }) {
    stock.set(item, (stock.get(item) ?? 0) - 1)
    console.log(`reserve: ${stock.get(item)} left`)
  },
  revert({ item, result }: { item: string; result: unknown }) {
    // A task that failed is reverted too: then its result is the failure, and nothing was taken.
    if (!isFailure(result)) stock.set(item, (stock.get(item) ?? 0) + 1)
    console.log(`give back: ${stock.get(item)} left`)
  },
})

const charge = task('charge', {
  provides: 'chargeId',
  execute({ price }: { price: number }) {
    charges.set('c-1', price)
    console.log('charge: c-1')
    return 'c-1'
  },
  revert({ result, flowFailures }) {
    // What went wrong, and where, is told to every revert.
    if (!isFailure(result)) charges.delete(result)
    console.log(`refund: c-1, since ${Object.keys(flowFailures)} failed`)
  },
})

const ship = task('ship', {
  execute({ address }: { address: string }) {
    throw new RangeError(`no courier goes to ${address}`)
  },
})

const order = linear('order').add(reserve, charge, ship)
try {
  await run(order, { store: { item: 'lamp', price: 80, address: 'the moon' } })
} catch (error) {
  // The error itself, since it was thrown in this process.
  console.log(error instanceof RangeError ? `not ordered: ${error.message}` : error)
}
console.log(`in stock: ${stock.get('lamp')}, charges: ${charges.size}`)
