/**
 * The clauses of the backend contract about opening, closing, surviving and sharing.
 *
 * @module
 */
import { expect } from 'vitest'
import type { Backend } from '../../persistence/backend.ts'
import {
  atomRecord,
  bookRecord,
  checkpointOf,
  type DeclareClause,
  flowRecord,
  saveNewFlow,
} from './clause.ts'

/** Every way to use a backend, by name. */
const USES: Readonly<Record<string, (backend: Backend) => Promise<unknown>>> = {
  open: (backend) => backend.open(),
  save: (backend) => backend.save(checkpointOf('', { book: bookRecord() })),
  'save of nothing': (backend) => backend.save(checkpointOf('')),
  loadBook: (backend) => backend.loadBook('nowhere'),
  listBooks: (backend) => backend.listBooks(),
  countBooks: (backend) => backend.countBooks(),
  loadFlow: (backend) => backend.loadFlow('nowhere'),
  listFlows: (backend) => backend.listFlows(),
  'listFlows of no state': (backend) => backend.listFlows({ states: [] }),
  countFlows: (backend) => backend.countFlows(),
  'countFlows of no state': (backend) => backend.countFlows({ states: [] }),
  removeBook: (backend) => backend.removeBook('nowhere'),
  removeBooks: (backend) => backend.removeBooks(['nowhere']),
  'removeBooks of nothing': (backend) => backend.removeBooks([]),
  removeFlow: (backend) => backend.removeFlow('nowhere'),
}

/** Declares them. */
export function lifeClauses(clause: DeclareClause): void {
  clause('says what it can do before it is open', async ({ backend }) => {
    expect(backend.supports).toEqual({
      durable: expect.any(Boolean),
      processes: expect.any(Boolean),
    })
  })

  clause('opens itself for the first save', async ({ backend }) => {
    const { flow } = await saveNewFlow(backend)
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  clause('opens itself for the first question', async ({ backend }) => {
    await expect(backend.loadFlow('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  clause('opens once for many uses at once', async ({ backend }) => {
    const saves = Array.from({ length: 5 }, () => saveNewFlow(backend))
    await Promise.all([backend.open(), ...saves, backend.open(), backend.listFlows()])
    expect(await backend.listFlows()).toHaveLength(5)
  })

  clause('keeps everything when it is opened once more', async ({ backend }) => {
    await backend.open()
    const { flow } = await saveNewFlow(backend)
    await backend.open()
    expect(await backend.listFlows()).toMatchObject([flow])
  })

  for (const [name, use] of Object.entries(USES)) {
    clause(`rejects ${name} when it is closed`, async ({ backend }) => {
      await backend.open()
      await backend.close()
      await expect(use(backend)).rejects.toMatchObject({ code: 'STORAGE' })
    })
  }

  clause('rejects every use when it was closed before it was opened', async ({ backend }) => {
    await backend.close()
    await expect(backend.open()).rejects.toMatchObject({ code: 'STORAGE' })
    await expect(backend.listBooks()).rejects.toMatchObject({ code: 'STORAGE' })
  })

  clause('may be closed twice, and twice at once', async ({ backend }) => {
    await saveNewFlow(backend)
    await Promise.all([backend.close(), backend.close()])
    await backend.close()
  })

  clause('closes at the end of an `await using` block', async ({ backend }) => {
    {
      await using used = backend
      await used.open()
    }
    await expect(backend.open()).rejects.toMatchObject({ code: 'STORAGE' })
  })

  clause('ends the uses under way before it closes', async ({ backend }) => {
    const uses = Promise.allSettled([saveNewFlow(backend), backend.listBooks()])
    await backend.close()
    expect((await uses).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  })

  clause(
    'keeps what it acknowledged when it is opened again',
    async ({ backend, place, open }) => {
      const atoms = [atomRecord({ state: 'SUCCESS' }), atomRecord({ state: 'RUNNING' })]
      const { book, flow } = await saveNewFlow(backend, atoms)
      await backend.close()
      await using again = await open(place)
      expect(await again.loadBook(book.uuid)).toEqual(book)
      expect(await again.loadFlow(flow.uuid)).toMatchObject({ flow, atoms })
    },
    'durable',
  )

  clause(
    'keeps a save that was under way when it was closed',
    async ({ backend, place, open }) => {
      const book = bookRecord()
      const saved = Promise.allSettled([backend.save(checkpointOf('', { book }))])
      await backend.close()
      expect(await saved).toMatchObject([{ status: 'fulfilled' }])
      await using again = await open(place)
      expect(await again.loadBook(book.uuid)).toEqual(book)
    },
    'durable',
  )

  clause('does not mix two places', async ({ backend, open, place }) => {
    await using other = await open(`${place}-other`)
    await saveNewFlow(other)
    expect(await backend.listBooks()).toEqual([])
  })

  clause(
    'opens one new place from two sides at once',
    async ({ backend, place, open }) => {
      await using other = await open(place)
      await Promise.all([backend.open(), other.open()])
      const { flow } = await saveNewFlow(backend)
      expect(await other.listFlows()).toMatchObject([flow])
    },
    'processes',
  )

  clause(
    'shows each side what the other has saved',
    async ({ backend, place, open }) => {
      await using other = await open(place)
      const { book, flow } = await saveNewFlow(backend)
      const atom = atomRecord()
      await other.save(checkpointOf(flow.uuid, { atoms: [atom] }))
      await backend.save(checkpointOf(flow.uuid, { atoms: [{ ...atom, state: 'RUNNING' }] }))
      expect((await other.loadFlow(flow.uuid)).atoms).toEqual([{ ...atom, state: 'RUNNING' }])
      expect((await backend.loadFlow(flow.uuid)).atoms).toHaveLength(1)
      await other.removeBook(book.uuid)
      await expect(backend.save(checkpointOf(flow.uuid, { atoms: [atom] }))).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
    },
    'processes',
  )

  clause(
    'keeps what two sides save at once',
    async ({ backend, place, open }) => {
      await using other = await open(place)
      const { book } = await saveNewFlow(backend)
      const flows = Array.from({ length: 40 }, () => flowRecord(book.uuid))
      await Promise.all(
        flows.map((flow, i) =>
          (i % 2 === 0 ? backend : other).save(
            checkpointOf(flow.uuid, { flow, atoms: [atomRecord(), atomRecord()] }),
          ),
        ),
      )
      expect(await backend.listFlows()).toHaveLength(41)
      expect(await other.listFlows()).toEqual(await backend.listFlows())
    },
    'processes',
  )
}
