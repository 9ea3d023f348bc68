/**
 * A process of a user who may write next to nothing: looks at the runs of a file each time it is
 * asked to, and tries to write at last.
 *
 * Arguments: the file.
 *
 * @module
 */
import { sqlite } from '../../src/persistence/sql/sqlite.ts'

const [, , file = ''] = process.argv
if (process.getuid?.() === 0) {
  process.setgid?.(65_534)
  process.setuid?.(65_534)
}
const backend = sqlite(file)
process.on('message', async (message) => {
  if (message === 'count') process.send?.(await backend.countFlows())
  else {
    const book = { uuid: 'x', name: 'x', meta: '{}', createdAt: new Date(0), updatedAt: undefined }
    const said = await backend
      .save({ flowUuid: '', atoms: [], flow: undefined, book })
      .catch((error: Error) => error.message)
    process.send?.(said)
    await backend.close()
    process.disconnect()
  }
})
process.send?.('ready')
