/**
 * The clauses of the backend contract about records that somebody else has damaged.
 *
 * @module
 */
import { expect } from 'vitest'
import type { CorruptRecordError } from '../../errors.ts'
import { atomRecord, checkpointOf, type DeclareClause, saveNewFlow } from './clause.ts'

/** A stored record of which the state is to become a word that is no state. */
export interface Damage {
  /** What kind of record it is. */
  readonly kind: 'flow' | 'atom'
  /** Identifies it. */
  readonly uuid: string
}

/** Damages a record in the place of that name, past the backend. */
export type DamageRecord = (place: string, damage: Damage) => Promise<void>

/** Declares them. */
export function corruptionClauses(clause: DeclareClause, damage: DamageRecord): void {
  clause(
    'lists the flows beside a damaged one, and tells of that one once',
    async ({ backend, place }) => {
      const uuids: string[] = []
      for (let i = 0; i < 7; i += 1) uuids.push((await saveNewFlow(backend)).flow.uuid)
      uuids.sort()
      const damaged = [uuids[1], uuids[2], uuids[3], uuids[6]] as string[]
      for (const uuid of damaged) await damage(place, { kind: 'flow', uuid })
      await expect(backend.listFlows()).rejects.toMatchObject({ code: 'CORRUPT_RECORD' })
      for (const limit of [1, 2, 3, 7]) {
        const listed: string[] = []
        const told: string[] = []
        const onCorrupt = (error: CorruptRecordError, uuid: string): void => {
          expect(error.record).toContain(uuid)
          told.push(uuid)
        }
        for (let after = ''; ; after = listed.at(-1) ?? '') {
          const page = await backend.listFlows({ after, limit, onCorrupt })
          listed.push(...page.map(({ uuid }) => uuid))
          if (page.length < limit) break
        }
        expect(listed).toEqual(uuids.filter((uuid) => !damaged.includes(uuid)))
        expect(told).toEqual(damaged)
      }
      expect(await backend.listBooks({ limit: 100 })).toHaveLength(7)
    },
    'durable',
  )

  for (const kind of ['flow', 'atom'] as const) {
    clause(
      `refuses a damaged ${kind}, naming it, and reads the others`,
      async ({ backend, place }) => {
        const atom = atomRecord()
        const { flow } = await saveNewFlow(backend, [atom])
        const whole = await saveNewFlow(backend, [atomRecord()])
        const { uuid } = kind === 'flow' ? flow : atom
        await damage(place, { kind, uuid })
        await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject({
          code: 'CORRUPT_RECORD',
          record: expect.stringContaining(uuid),
        })
        expect((await backend.loadFlow(whole.flow.uuid)).atoms).toHaveLength(1)
      },
      'durable',
    )

    clause(
      `mends a damaged ${kind} by saving it whole, and removes it with its book`,
      async ({ backend, place }) => {
        const atom = atomRecord()
        const { book, flow } = await saveNewFlow(backend, [atom])
        const { uuid } = kind === 'flow' ? flow : atom
        await damage(place, { kind, uuid })
        await backend.save(checkpointOf(flow.uuid, { flow, atoms: [atom] }))
        expect(await backend.loadFlow(flow.uuid)).toMatchObject({ flow, atoms: [atom] })
        await damage(place, { kind, uuid })
        await backend.removeBook(book.uuid)
        await expect(backend.loadFlow(flow.uuid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      },
      'durable',
    )
  }
}
