/**
 * A graph flow finds its order by itself: who needs a value runs after who provides it.
 *
 * @module
 */
import { graph, linear, load, task } from '../src/index.ts'

/** A task over two amounts; `rebind` says which symbols of the flow they are. */
function amount<A extends string, B extends string, To extends string>(
  name: string,
  [a, b, provides]: readonly [A, B, To],
  compute: (a: number, b: number) => number,
) {
  return task(name, {
    rebind: { a, b },
    provides,
    execute: ({ a, b }: { a: number; b: number }) => compute(a, b),
  })
}

const plus = (a: number, b: number) => a + b
const percent = (a: number, b: number) => (a * b) / 100

// Added in no order at all; a flow inside counts as one child, which keeps its own order.
const invoice = graph('invoice').add(
  amount('sum up', ['net', 'tax', 'gross'], plus),
  linear('discounts').add(
    amount('discount', ['goods', 'discountPercent', 'discount'], percent),
    amount('subtract', ['goods', 'discount', 'reduced'], (a, b) => a - b),
  ),
  amount('add shipping', ['reduced', 'shipping', 'net'], plus),
  amount('tax', ['net', 'taxPercent', 'tax'], percent),
)

const engine = load(invoice, {
  store: { goods: 200, discountPercent: 10, shipping: 20, taxPercent: 19 },
})
engine.atomNotifier.register('SUCCESS', (_state, details) => {
  if ('taskName' in details) console.log(`${details.taskName}: ${details.result}`)
})
await engine.run()
console.log('to pay:', engine.storage.fetch('gross'))
