/**
 * A backend of one's own, around another one: it keeps a trail of everything that is changed.
 *
 * @module
 */
import { linear, load, memory, task } from '../src/index.ts'
import { audited } from './audited-backend.ts'

const flow = linear('transfer').add(
  task('withdraw', {
    provides: 'receipt',
    execute: ({ cents }: { cents: number }) => `${cents} cents taken`,
    revert() {},
  }),
  task('deposit', {
    execute({ receipt }: { receipt: string }) {
      throw new Error(`account closed; ${receipt}`)
    },
  }),
)

// What is put into the store is kept as the record of an atom too, `_TaskFlow_INJECTOR`.
await using backend = audited(memory(), (line) => console.log(line))
const engine = load(flow, { backend, store: { cents: 500 } })
await engine.run().catch(({ message }) => console.log(message))

// Retention goes through it as well.
const books = await backend.listBooks({ states: ['REVERTED'] })
const uuids = books.map(({ uuid }) => uuid)
await backend.removeBooks(uuids, { states: ['REVERTED'] })
