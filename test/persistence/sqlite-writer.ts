/**
 * A process that saves checkpoints of two atoms into a flow, counts them in the flow's meta, and
 * says so: for the tests that kill it, and for those that read or write beside it.
 *
 * Arguments: file, uuid of the flow, how many checkpoints.
 *
 * @module
 */
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { atomRecord, checkpointOf } from '../../src/testing/backend/clause.ts'

const [, , file = '', flowUuid = '', count = ''] = process.argv
await using backend = sqlite(file)
const { flow } = await backend.loadFlow(flowUuid)
for (let i = 0; i < Number(count); i += 1) {
  const atoms = [atomRecord({ name: `${process.pid} ${i} a` }), atomRecord({ payload: undefined })]
  const counted = { ...flow, meta: `{"checkpoints":${i + 1}}` }
  await backend.save(checkpointOf(flowUuid, { flow: counted, atoms }))
  process.stdout.write(`${process.pid} ${i} a\n`)
}
