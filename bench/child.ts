/**
 * A process that does the work of one contender: waits for `run`, answers with a figure.
 *
 * One process for each, so that none runs with the garbage, the compiled code or the timers of
 * another. No collection is forced before a run: it would forget the shapes of all objects that
 * are gone by then, and with them the compiled code, as no collection in a program's life does.
 *
 * @module
 */
import { CONTENDERS } from './contenders.ts'
import type { Order } from './work.ts'

/** What a child answers; the first answer says that it is ready. */
export type Answer = { readonly value: number } | { readonly error: string }

process.on('disconnect', () => process.exit(1)) // whoever asks is gone

const order = JSON.parse(process.argv[2] ?? '') as Order
const entry = CONTENDERS[order.contender]
if (entry === undefined) throw new TypeError(`no contender is called ${order.contender}`)

try {
  const contender = await entry.open(order)
  answer({ value: 0 })
  process.on('message', (message) => {
    if (message === 'run') {
      contender.run().then((value) => answer({ value }), fail)
    } else {
      contender[Symbol.asyncDispose]().then(() => process.exit(0), fail)
    }
  })
} catch (error) {
  fail(error)
}

function answer(text: Answer): void {
  process.send?.(text)
}

function fail(error: unknown): void {
  answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}
