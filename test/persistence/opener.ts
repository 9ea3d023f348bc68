/**
 * A process that opens a backend, saves a flow in it and says so: several are started at once.
 *
 * Arguments: name of the driver, URL.
 *
 * @module
 */
import { mysql } from '../../src/persistence/sql/mysql.ts'
import { postgres } from '../../src/persistence/sql/postgres.ts'
import { saveNewFlow } from '../../src/testing/backend/clause.ts'

const [, , driver, url = ''] = process.argv
await using backend = driver === 'mysql' ? mysql(url) : postgres(url)
await saveNewFlow(backend)
process.stdout.write('saved\n')
