/**
 * A process that saves checkpoints into a folder and says so: for the tests that kill it, and for
 * those that read or write beside it.
 *
 * Arguments: folder, uuid of the flow, how many checkpoints, what its atoms are called after. Each
 * checkpoint has two new atoms, changes two old ones, and counts in the flow's meta. With `remove`
 * behind, it removes the flow's book at the end.
 *
 * @module
 */
import { directory } from '../../src/persistence/directory.ts'
import { atomRecord, checkpointOf } from '../../src/testing/backend/clause.ts'

const [, , folder = '', flowUuid = '', count = '', name = '', last] = process.argv
await using backend = directory(folder, { busyTimeoutMs: 20_000 })
const { flow, atoms: olds } = await backend.loadFlow(flowUuid)
const started = Number(JSON.parse(flow.meta).checkpoints ?? 0)
for (let i = started + 1; i <= started + Number(count); i += 1) {
  const meta = `{"checkpoints":${i}}`
  const changed = olds.slice(0, 2).map((atom) => ({ ...atom, meta, payload: undefined }))
  const atoms = [atomRecord({ name: `${name} ${i} a` }), atomRecord({ name: `${name} ${i} b` })]
  const isCounted = !name.startsWith('beside')
  await backend.save(
    checkpointOf(flowUuid, {
      ...(isCounted && { flow: { ...flow, meta } }),
      atoms: isCounted ? [...changed, ...atoms] : atoms,
    }),
  )
  process.stdout.write(`${name} ${i}\n`)
}
if (last === 'remove') {
  await backend.removeBook(flow.bookUuid)
  process.stdout.write('removed\n')
}
