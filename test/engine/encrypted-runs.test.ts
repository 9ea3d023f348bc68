/**
 * A run over an encrypted database: it fails, retries, crashes and goes on, and nothing that it
 * knows can be read in the files.
 *
 * @module
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Backend,
  type Checkpoint,
  defineFlow,
  type Engine,
  type FlowItem,
  ForwardingBackend,
  LogBook,
  linear,
  listUnfinished,
  loadFromDetail,
  loadFromFactory,
  loadLogBook,
  type PayloadCodec,
  retry,
  type Task,
  task,
  withPayloadCodec,
} from '../../src/index.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { aes256gcm, late, ringOf } from '../persistence/aes-codec.ts'
import { errorOf } from './steps.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What nobody may read, by where it comes from. */
const SECRETS = {
  argument: 'secret-of-the-factory',
  store: 'secret-of-the-store',
  storeSymbol: 'secretSymbol',
  injected: 'secret-of-inject',
  bookMeta: 'secret-of-the-book',
  flowMeta: 'secret-of-the-flow',
  atomMeta: 'secret-of-the-atom',
  result: 'secret-of-a-result',
  attempt: 'secret-of-an-attempt',
  progress: 'secret-of-progress',
  message: 'secret-of-an-exception',
  errorClass: 'SecretError',
  cause: 'secret-of-a-cause',
  reverted: 'secret-of-a-revert',
  brokenUndo: 'secret-of-a-broken-undo',
} as const

class SecretError extends Error {}

/** What the tasks were given, in order. */
let given: unknown[] = []

/**
 * The first attempt fails and is reverted, the second is where the process dies; `isBroken` makes
 * the last task fail for good, and the undo of the one before it.
 */
function makeFlow(seed: string, isBroken: boolean): FlowItem {
  const controller = retry('r', {
    execute: ({ history }) => `${SECRETS.attempt} ${[...history].length}`,
    onFailure: ({ history }) => ([...history].length < 2 ? 'RETRY' : 'REVERT'),
    provides: 'attempt',
  })
  const first = task('first', {
    requires: ['secretSymbol', 'attempt'],
    provides: 'made',
    execute({ secretSymbol, attempt }: { secretSymbol: string; attempt: string }) {
      given.push([seed, secretSymbol, attempt])
      return `${SECRETS.result} ${attempt}`
    },
    revert() {
      return SECRETS.reverted
    },
  }) as Task
  const second = task('second', {
    requires: ['made', 'extra'],
    inject: { extra: SECRETS.injected },
    provides: 'done',
    execute({ made, extra }: { made: string; extra: string }) {
      given.push([made, extra])
      if (isBroken || made.endsWith('0')) {
        throw new SecretError(SECRETS.message, { cause: new Error(SECRETS.cause) })
      }
      return { made }
    },
    revert(_inputs, { progress }) {
      progress(0.5, { note: SECRETS.progress })
      if (isBroken) throw new Error(SECRETS.brokenUndo)
    },
  }) as Task
  return linear('visible-flow', { retry: controller }).add(first, second)
}

const whole = defineFlow('whole', (seed: string) => makeFlow(seed, false))
const broken = defineFlow('broken', (seed: string) => makeFlow(seed, true))
const flows = [whole, broken]

/** Everything in the database's files, as bytes. */
function bytesOnDisk(): Buffer {
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
}

/** A backend whose process dies at the save of that number: it never comes back. */
function dyingAt(inner: Backend, number: number): { backend: Backend; death: Promise<void> } {
  const { promise: death, resolve } = Promise.withResolvers<void>()
  let count = 0
  const backend = new (class extends ForwardingBackend {
    override async save(checkpoint: Checkpoint): Promise<void> {
      count += 1
      if (count < number) return inner.save(checkpoint)
      resolve()
      return new Promise<never>(() => {})
    }
  })(inner)
  return { backend, death }
}

function start(definition: typeof whole, backend: Backend): Engine<object> {
  const book = new LogBook('visible-book')
  book.meta = { note: SECRETS.bookMeta }
  const engine = loadFromFactory(definition, [SECRETS.argument], {
    backend,
    book,
    injectTransient: false,
    store: { secretSymbol: SECRETS.store },
  } as never) as Engine<object>
  engine.storage.updateFlowMetadata({ note: SECRETS.flowMeta })
  return engine
}

/** What two runs left. */
interface Remains {
  /** The book of the first one. */
  readonly book: LogBook
  /** The files as long as the database was open, its log of writes among them. */
  readonly open: Buffer
}

/** Runs, dies, is resumed by another process, and runs a second flow that stays broken. */
async function live(codec: PayloadCodec | undefined, dieAt: number): Promise<Remains> {
  const open = (): Backend => {
    const plain = sqlite(join(folder, 'runs.db'))
    return codec === undefined ? plain : withPayloadCodec(plain, codec, { plain: 'refuse' })
  }
  given = []
  const files: Buffer[] = []
  {
    await using opened = open()
    const { backend, death } = dyingAt(opened, dieAt)
    const engine = start(whole, backend)
    await Promise.race([death, engine.run()])
    files.push(bytesOnDisk())
  }
  await using backend = open()
  for await (const detail of listUnfinished(backend)) {
    const engine = loadFromDetail(detail, { backend, flows, injectTransient: false })
    await engine.run()
    engine.storage.updateAtomMetadata('first', { note: SECRETS.atomMeta })
    await engine.storage.save()
    expect(engine.storage.fetch('done')).toEqual({
      made: `${SECRETS.result} ${SECRETS.attempt} 1`,
    })
    const engine2 = start(broken, backend)
    expect(await errorOf(engine2.run())).toHaveProperty('message', SECRETS.brokenUndo)
    files.push(bytesOnDisk())
    const book = await loadLogBook(backend, detail.bookUuid ?? '')
    return { book, open: Buffer.concat(files) }
  }
  throw new Error('nothing was left to resume')
}

/** The first ticks: both tasks fail and are reverted once, then run again. */
const DEATHS = [3, 5, 7, 8, 9]

describe('a run that fails, retries, dies and is resumed', () => {
  test.each(DEATHS)('can be read in a plain database (write %i)', async (dieAt) => {
    const { open } = await live(undefined, dieAt)
    const bytes = Buffer.concat([bytesOnDisk(), open])
    const found = Object.entries(SECRETS).filter(([, secret]) => bytes.includes(secret))
    expect(found).toEqual(Object.entries(SECRETS)) // else the next test would prove nothing
  })

  test.each(
    DEATHS.flatMap((dieAt) => [
      { dieAt, how: 'at once', codec: aes256gcm(ringOf('k1')) },
      { dieAt, how: 'late', codec: late(aes256gcm(ringOf('k1'))) },
    ]),
  )(
    'is the same in an encrypted one, and cannot be read (write $dieAt, $how)',
    async ({ codec, dieAt }) => {
      const { book, open } = await live(codec, dieAt)
      const bytes = Buffer.concat([bytesOnDisk(), open])
      expect(Object.values(SECRETS).filter((secret) => bytes.includes(secret))).toEqual([])
      for (const visible of ['visible-flow', 'visible-book', 'first', 'SUCCESS', 'k1:']) {
        expect(bytes.includes(visible)).toBe(true)
      }
      expect(book.meta).toEqual({ note: SECRETS.bookMeta })
      const [detail] = book
      expect(detail?.meta['note']).toBe(SECRETS.flowMeta)
      expect(detail?.find('first')).toMatchObject({
        state: 'SUCCESS',
        results: `${SECRETS.result} ${SECRETS.attempt} 1`,
        meta: { note: SECRETS.atomMeta },
      })
      const calls = structuredClone(given)
      rmSync(folder, { recursive: true })
      folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
      await live(undefined, dieAt)
      expect(calls).toEqual(given)
    },
  )
})
