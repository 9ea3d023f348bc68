/**
 * A process is killed in the middle of a task; another one goes on where it was.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import {
  defineFlow,
  linear,
  listUnfinished,
  loadFromDetail,
  loadFromFactory,
  task,
} from '../src/index.ts'
import { sqlite } from '../src/persistence/sql/sqlite.ts'

/** The folder, in the process that is killed. */
const [, program = '', begun] = process.argv

const createVolume = defineFlow('create-volume', (folder: string) =>
  linear('create-volume').add(
    task('reserve', {
      provides: 'reservation',
      execute() {
        console.log('reserve')
        return 'r-1'
      },
    }),
    task('allocate', {
      provides: 'path',
      async execute({ reservation }: { reservation: string }, { idempotencyKey, attempt }) {
        // The key is the same when this attempt is run again, so its file is found again.
        const path = join(folder, `volume-${idempotencyKey}`)
        const isThere = existsSync(path)
        writeFileSync(path, '')
        console.log(`allocate for ${reservation}, attempt ${attempt}, is there: ${isThere}`)
        if (begun !== undefined) await setTimeout(60_000) // until it is killed
        return path
      },
    }),
    task('announce', {
      execute: ({ path }: { path: string }) => console.log('announce', existsSync(path)),
    }),
  ),
)

/** What the process does that is killed. */
async function begin(folder: string): Promise<void> {
  await using backend = sqlite(join(folder, 'runs.db'))
  await loadFromFactory(createVolume, [folder], { backend }).run()
}

/** What the next one does: it knows the file and the definitions, and nothing else. */
async function goOn(folder: string): Promise<void> {
  await using backend = sqlite(join(folder, 'runs.db'))
  for await (const detail of listUnfinished(backend)) {
    console.log(`found ${detail.name}: ${detail.state}`)
    const engine = loadFromDetail(detail, { backend, flows: [createVolume] })
    await engine.run()
    console.log(`${detail.name}: ${engine.storage.getFlowState()}`)
  }
}

if (begun !== undefined) {
  await begin(begun)
} else {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'resume-'))
  const child = spawn(process.execPath, [program, folder.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  createInterface(child.stdout).on('line', (line) => {
    console.log(`child: ${line}`)
    if (line.startsWith('allocate')) child.kill('SIGKILL')
  })
  const [, signal] = await ended
  console.log(`child: ${signal}`)
  await goOn(folder.path)
}
