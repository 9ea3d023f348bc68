/**
 * Independent tasks wait together on a parallel engine, up to a limit; the flow stays the same.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { load, task, unordered } from '../src/index.ts'

const FILES = ['kernel', 'initrd', 'rootfs', 'modules', 'firmware', 'manifest']

const mirror = createServer(async ({ url = '' }, response) => {
  await setTimeout(20)
  response.end('x'.repeat(url.length * 100))
}).listen(0, '127.0.0.1')
await once(mirror, 'listening')
const origin = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`

for (const options of [
  { engine: 'serial' },
  { engine: 'parallel', maxWorkers: 2 },
  { engine: 'parallel', maxWorkers: 6 },
] as const) {
  let underWay = 0
  let most = 0
  const download = (file: string) =>
    task(`download ${file}`, {
      provides: file,
      async execute(_inputs: object, { signal }) {
        underWay += 1
        most = Math.max(most, underWay)
        // The signal is aborted when the engine cannot go on: nobody waits for the answer then.
        const response = await fetch(`${origin}/${file}`, { signal })
        const { length } = await response.text()
        underWay -= 1
        return length
      },
      requires: [],
    })

  const engine = load(unordered('image').add(...FILES.map(download)), options)
  await engine.run()
  const sizes = Object.values(engine.storage.fetchAll()) as readonly number[]
  const total = sizes.reduce((sum, size) => sum + size)
  console.log(`${JSON.stringify(options)}: ${total} bytes, at most ${most} at once`)
}

mirror.close()
