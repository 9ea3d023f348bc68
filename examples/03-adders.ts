/**
 * A graph that orders itself by data: who needs x3 runs after who provides it, in whatever order
 * they were added. Runs on both engines, without and with a backend, with the same results.
 *
 * @module
 */
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { graph, linear, load, memory, task } from '../src/index.ts'
import { sqlite } from '../src/persistence/sql/sqlite.ts'

/** A task that adds two numbers; takes them from the symbols `x` and `y`, gives the sum a name. */
function adder<X extends string, Y extends string, Sum extends string>(x: X, y: Y, sum: Sum) {
  return task(`${sum} = ${x} + ${y}`, {
    rebind: { x, y },
    provides: sum,
    execute({ x, y }: { x: number; y: number }) {
      return x + y
    },
  })
}

function sums() {
  const first = linear('first').add(adder('y3', 'y4', 'x2'), adder('y1', 'y2', 'x1'))
  return graph('sums').add(
    first,
    adder('x1', 'x3', 'x5'),
    adder('x1', 'x2', 'x3'),
    adder('x2', 'y5', 'x4'),
    adder('x5', 'x4', 'x6'),
    adder('x6', 'x6', 'x7'),
  )
}

const store = { y1: 1, y2: 3, y3: 5, y4: 7, y5: 9 }

using folder = mkdtempDisposableSync(join(tmpdir(), 'adders-'))
await using inMemory = memory()
await using onDisk = sqlite(join(folder.path, 'logbook.db'))

for (const kind of ['serial', 'parallel'] as const) {
  for (const [place, backend] of Object.entries({ memory: inMemory, sqlite: onDisk })) {
    const engine = load(sums(), { engine: kind, store, backend })
    await engine.run()
    const { x1, x2, x3, x4, x5, x6, x7 } = engine.storage.fetchAll()
    console.log(`${kind}, ${place}:`, { x1, x2, x3, x4, x5, x6, x7 })
  }
}
