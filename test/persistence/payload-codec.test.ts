/**
 * A backend with a payload codec keeps the whole contract, and stores nothing without the codec.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decode, encode } from '../../src/base/codec.ts'
import { CorruptRecordError, StorageError } from '../../src/errors.ts'
import {
  type Backend,
  type CellPlace,
  type Checkpoint,
  loadFlowDetail,
  loadLogBook,
  memory,
  type PayloadCodec,
  withPayloadCodec,
} from '../../src/index.ts'
import { codedText, isCoded } from '../../src/persistence/coded-text.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import * as sample from '../../src/testing/backend/clause.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'
import { recording } from '../engine/recording.ts'
import { errorOf } from '../engine/steps.ts'
import { aes256gcm, FULL, late, ringOf } from './aes-codec.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const CODEC = aes256gcm(ringOf('k1'))
const LATE = late({ encode: (text) => `<${text}>`, decode: (stored) => stored.slice(1, -1) })

/** A file that nobody waits for the disk to have. */
const quick = (place: string): Backend =>
  sqlite(join(folder, `${place}.db`), { synchronous: 'NORMAL' })

backendContract({
  name: 'memory with a codec that takes its time',
  open: async () => withPayloadCodec(memory(), LATE),
})
backendContract({
  name: 'sqlite with AES-256-GCM',
  open: async (place) => withPayloadCodec(quick(place), CODEC),
})
backendContract({
  name: 'sqlite with a codec that takes its time and refuses plain values',
  open: async (place) => withPayloadCodec(quick(place), LATE, { plain: 'refuse' }),
})

/** A codec that writes down what it is asked, and can be read by people. */
function transparent(): PayloadCodec & { readonly places: CellPlace[] } {
  const places: CellPlace[] = []
  return {
    places,
    encode(text, place) {
      places.push(place)
      return `<${text}>`
    },
    decode: (stored) => stored.slice(1, -1),
  }
}

/** What an inner backend is given, text by text. */
function textsOf(checkpoints: readonly Checkpoint[]): readonly string[] {
  return checkpoints.flatMap(({ book, flow, atoms }) =>
    [
      book?.meta,
      flow?.meta,
      ...atoms.flatMap(({ meta, payload }) => [meta, ...Object.values(payload ?? {})]),
    ].filter((text) => typeof text === 'string'),
  )
}

describe('what is stored', () => {
  test('went through the codec, each text with its place; what is null stays null', async () => {
    const inner = recording()
    const codec = transparent()
    const backend = withPayloadCodec(inner, codec)
    const atom = sample.atomRecord({ payload: { ...FULL, revertResults: null }, meta: '{"m":1}' })
    const { book, flow } = await sample.saveNewFlow(backend, [atom])
    const flowUuid = flow.uuid
    expect(codec.places).toEqual([
      { table: 'logbooks', uuid: book.uuid, flowUuid: undefined, column: 'meta' },
      { table: 'flowdetails', uuid: flowUuid, flowUuid, column: 'meta' },
      ...['meta', 'results', 'failure', 'revert_failure'].map((column) => {
        return { table: 'atomdetails', uuid: atom.uuid, flowUuid, column }
      }),
    ])
    expect(textsOf(inner.checkpoints)).toHaveLength(6)
    for (const text of textsOf(inner.checkpoints)) expect(isCoded(text)).toBe(true)
    expect(inner.checkpoints[0]?.atoms[0]).toMatchObject({
      uuid: atom.uuid,
      meta: '{"$taskflow":["Coded","<{\\"m\\":1}>"]}',
      payload: { results: '{"$taskflow":["Coded","<\\"r\\">"]}', revertResults: null },
    })
  })

  test('keeps its other fields, those that the codec knows nothing of among them', async () => {
    const inner = recording()
    const backend = withPayloadCodec(inner, CODEC)
    const book = sample.bookRecord()
    await backend.save(Object.assign(sample.checkpointOf('', { book }), { ownerEpoch: 7 }))
    expect(inner.checkpoints[0]).toMatchObject({ ownerEpoch: 7, book: { name: book.name } })
  })

  test('cannot be taken for a value, nor a value for it', () => {
    const stored = codedText('x')
    expect(() => decode(stored)).toThrow("'Coded'")
    expect(isCoded(stored)).toBe(true)
    const value = JSON.parse(stored) as unknown
    expect(isCoded(encode(value))).toBe(false)
    expect(decode(encode(value))).toEqual(value)
  })

  test('is found however the database spaces it', async () => {
    const inner = memory()
    const backend = withPayloadCodec(inner, transparent())
    const book = sample.bookRecord({ meta: '\n{ "$taskflow" : [ "Coded" , "<{}>" ] }' })
    await sample.saveBooks(inner, [book])
    expect(await backend.loadBook(book.uuid)).toEqual({ ...book, meta: '{}' })
  })

  test('is refused without the codec, naming record and column', async () => {
    const inner = memory()
    const atom = sample.atomRecord({ payload: FULL })
    const { flow, book } = await sample.saveNewFlow(withPayloadCodec(inner, CODEC), [atom])
    expect(await errorOf(loadFlowDetail(inner, flow.uuid))).toMatchObject({
      code: 'CORRUPT_RECORD',
      record: `flowdetails ${flow.uuid} meta`,
      message: expect.stringContaining('payload codec'),
    })
    expect(await errorOf(loadLogBook(inner, book.uuid))).toBeInstanceOf(CorruptRecordError)
  })
})

describe('what was stored without the codec', () => {
  test('is read, and written with the codec when it changes', async () => {
    const inner = recording()
    const atom = sample.atomRecord({ payload: FULL })
    const { flow, book } = await sample.saveNewFlow(inner, [atom])
    const backend = withPayloadCodec(inner, CODEC)
    expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms: [atom] })
    expect(await backend.listBooks()).toEqual([book])
    await backend.save(sample.checkpointOf(flow.uuid, { atoms: [atom] }))
    expect(textsOf(inner.checkpoints.slice(1)).every(isCoded)).toBe(true)
    expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms: [atom] })
  })

  test('keeps what was stored with it from nobody where it is refused', async () => {
    const inner = memory()
    const coded = withPayloadCodec(inner, CODEC, { plain: 'refuse' })
    const plain = await Promise.all(Array.from({ length: 3 }, () => sample.saveNewFlow(inner)))
    const whole = await Promise.all(Array.from({ length: 3 }, () => sample.saveNewFlow(coded)))
    const heard: string[] = []
    const onCorrupt = (_: unknown, uuid: string): number => heard.push(uuid)
    const listed: string[] = []
    for (let after = ''; ; after = listed.at(-1) ?? '') {
      const page = await coded.listFlows({ limit: 2, after, onCorrupt })
      if (page.length === 0) break
      listed.push(...page.map(({ uuid }) => uuid))
    }
    const sorted = (flows: typeof plain) => flows.map(({ flow }) => flow.uuid).sort()
    expect(listed).toEqual(sorted(whole))
    expect([...new Set(heard)].sort()).toEqual(sorted(plain))
    const books = await coded.listBooks({ onCorrupt: () => {} })
    expect(books.map(({ uuid }) => uuid)).toEqual(whole.map(({ book }) => book.uuid).sort())
  })

  test('is refused on demand', async () => {
    const inner = memory()
    const { flow, book } = await sample.saveNewFlow(inner)
    const backend = withPayloadCodec(inner, CODEC, { plain: 'refuse' })
    for (const [read, record] of [
      [backend.loadFlow(flow.uuid), `flowdetails ${flow.uuid} meta`],
      [backend.listFlows(), `flowdetails ${flow.uuid} meta`],
      [backend.loadBook(book.uuid), `logbooks ${book.uuid} meta`],
    ] as const) {
      const error = await errorOf(read)
      expect(error).toBeInstanceOf(CorruptRecordError)
      expect(error).toHaveProperty('record', record)
    }
  })
})

describe('a codec that fails', () => {
  const refusing = (part: Partial<PayloadCodec>): PayloadCodec => ({ ...transparent(), ...part })
  const gone = new Error('the key server is gone')

  test.each([
    {
      how: 'throws',
      encode: () => {
        throw gone
      },
      cause: gone,
    },
    { how: 'rejects', encode: () => Promise.reject(gone), cause: gone },
    {
      how: 'gives no string',
      encode: () => undefined as unknown as string,
      cause: expect.any(TypeError),
    },
    {
      how: 'gives a promise of null',
      encode: async () => null as unknown as string,
      cause: expect.any(TypeError),
    },
  ])('when it $how, the save is rejected and nothing is written', async ({ encode, cause }) => {
    const inner = recording()
    const codec = refusing({
      encode: (text, place) => (place.column === 'failure' ? encode() : Promise.resolve(text)),
    })
    const backend = withPayloadCodec(inner, codec)
    const atom = sample.atomRecord({ payload: FULL })
    const error = await errorOf(sample.saveNewFlow(backend, [sample.atomRecord(), atom]))
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining(`atomdetails ${atom.uuid} failure`),
      cause,
    })
    expect(inner.checkpoints).toEqual([])
    await sample.saveNewFlow(backend) // and the next one is not kept up
    expect(inner.checkpoints).toHaveLength(1)
  })

  test.each([
    {
      how: 'throws',
      decode: () => {
        throw gone
      },
      says: 'key server',
    },
    { how: 'rejects', decode: () => Promise.reject(gone), says: 'key server' },
    { how: 'gives no string', decode: () => 7 as unknown as string, says: 'number' },
  ])('when it $how on the way back, the record and column are named', async ({ decode, says }) => {
    const codec = refusing({
      decode: (stored, place) =>
        place.column === 'revert_failure' ? decode() : Promise.resolve(stored.slice(1, -1)),
    })
    const backend = withPayloadCodec(memory(), codec)
    const atom = sample.atomRecord({ payload: FULL })
    const { flow } = await sample.saveNewFlow(backend, [atom])
    const error = await errorOf(backend.loadFlow(flow.uuid))
    expect(error).toBeInstanceOf(CorruptRecordError)
    expect(error).toHaveProperty('record', `atomdetails ${atom.uuid} revert_failure`)
    expect(String(error)).toContain(says)
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  test.each([
    '{"$taskflow":["Coded",7]}',
    '{"$taskflow":["Coded","a","b"]}',
    '{"$taskflow":["Coded","a"',
  ])('is not asked about %s, which is damaged', async (meta) => {
    const inner = memory()
    const book = sample.bookRecord({ meta })
    await sample.saveBooks(inner, [book])
    const error = await errorOf(withPayloadCodec(inner, CODEC).loadBook(book.uuid))
    expect(error).toMatchObject({
      code: 'CORRUPT_RECORD',
      message: expect.stringContaining('damaged'),
    })
  })

  test('is refused when it lacks a method, and so is an unknown option', () => {
    expect(() =>
      withPayloadCodec(memory(), {
        encode: (t: string) => t,
      } as Partial<PayloadCodec> as PayloadCodec),
    ).toThrow(TypeError)
    expect(() => withPayloadCodec(memory(), CODEC, { plain: 'no' as 'read' })).toThrow(RangeError)
  })
})

describe('saves with a codec that takes its time', () => {
  /** A codec whose encoding of a text waits until it is let go. */
  function held() {
    const letGo = new Map<string, () => void>()
    const codec: PayloadCodec = {
      encode: (text) => {
        if (!text.includes('wait')) return text
        return new Promise((resolve) => letGo.set(text, () => resolve(text)))
      },
      decode: (stored) => stored,
    }
    return { codec, letGo }
  }

  test('do not overtake each other where they are of one flow', async () => {
    const inner = recording()
    const { codec, letGo } = held()
    const backend = withPayloadCodec(inner, codec)
    const { flow } = await sample.saveNewFlow(backend)
    const atom = sample.atomRecord()
    const steps = ['"wait 1"', '"wait 2"', '"quick"', '"wait 3"']
    const saves = steps.map((results) =>
      backend.save(
        sample.checkpointOf(flow.uuid, { atoms: [{ ...atom, payload: { ...FULL, results } }] }),
      ),
    )
    const other = await sample.saveNewFlow(backend) // another flow does not wait
    letGo.get('"wait 3"')?.()
    letGo.get('"wait 2"')?.()
    await backend.loadFlow(other.flow.uuid)
    expect(inner.checkpoints).toHaveLength(2)
    letGo.get('"wait 1"')?.()
    await Promise.all(saves)
    const { atoms } = await backend.loadFlow(flow.uuid)
    expect(atoms[0]?.payload.results).toBe('"wait 3"')
    const order = inner.checkpoints.slice(2).map(({ atoms: [one] }) => one?.payload?.results)
    expect(order).toEqual(steps.map((text) => codedText(text)))
  })

  test('keep their order when the one before them fails', async () => {
    const inner = recording()
    const { codec, letGo } = held()
    const failing: PayloadCodec = {
      ...codec,
      encode: (text, place) =>
        text === '"bad"' ? Promise.reject(new Error('no')) : codec.encode(text, place),
    }
    const backend = withPayloadCodec(inner, failing)
    const { flow } = await sample.saveNewFlow(backend)
    const atom = sample.atomRecord()
    const [first, bad, last] = ['"wait 1"', '"bad"', '"quick"'].map((results) =>
      backend.save(
        sample.checkpointOf(flow.uuid, { atoms: [{ ...atom, payload: { ...FULL, results } }] }),
      ),
    )
    const refused = errorOf(bad as Promise<void>)
    await new Promise(setImmediate)
    expect(inner.checkpoints).toHaveLength(1)
    letGo.get('"wait 1"')?.()
    await Promise.all([first, last])
    expect(await refused).toBeInstanceOf(StorageError)
    const order = inner.checkpoints.slice(1).map(({ atoms: [one] }) => one?.payload?.results)
    expect(order).toEqual([codedText('"wait 1"'), codedText('"quick"')])
  })

  test('come before the flows that are put into the same book after it', async () => {
    const { codec, letGo } = held()
    const backend = withPayloadCodec(memory(), codec)
    const book = sample.bookRecord({ meta: '{"wait":1}' })
    const flow = sample.flowRecord(book.uuid)
    const saves = [
      backend.save(sample.checkpointOf('', { book })),
      backend.save(sample.checkpointOf(flow.uuid, { flow })),
    ]
    letGo.get('{"wait":1}')?.()
    await Promise.all(saves)
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  test('are kept when it is closed, and nothing is taken after that', async () => {
    const inner = recording(sqlite(join(folder, 'flows.db')))
    const { codec, letGo } = held()
    const backend = withPayloadCodec(inner, codec)
    const book = sample.bookRecord({ meta: '{"wait":1}' })
    const saved = backend.save(sample.checkpointOf('', { book }))
    const closed = backend.close()
    await expect(backend.listBooks()).rejects.toMatchObject({ code: 'STORAGE' })
    letGo.get('{"wait":1}')?.()
    await Promise.all([saved, closed])
    expect(inner.checkpoints).toHaveLength(1)
    await expect(inner.listBooks()).rejects.toMatchObject({ code: 'STORAGE' })
  })
})
