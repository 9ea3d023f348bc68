/**
 * A process that has asked a server, and leaves when it is told to, by when the server is silent.
 *
 * Arguments: name of the driver, URL, and `asked` when it asks once more before it leaves.
 *
 * @module
 */
import { once } from 'node:events'
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'

const [, , driver, url = '', how] = process.argv
const options = { queryTimeoutMs: 300, retry: { attempts: 1 } }
const backend = driver === 'mysql' ? mysql(url, options) : postgres(url, options)
await backend.listBooks()
process.send?.('ready')
await once(process, 'message')
if (how === 'asked') await backend.listBooks().catch(() => {})
await backend.close()
process.disconnect()
