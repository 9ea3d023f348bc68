import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { SharedFaultError } from '../../src/database/session.ts'
import { BackendUnavailableError, StorageError } from '../../src/errors.ts'
import type { Checkpoint } from '../../src/persistence/backend.ts'
import { CommitQueue } from '../../src/persistence/commit-queue.ts'
import { atomRecord, checkpointOf } from '../../src/testing/backend/clause.ts'

const OPTIONS = { maxCommits: 1, maxCheckpoints: 10, maxCharacters: 1_000 }

/** A queue, what was written, and how many transactions were under way at once. */
function queueOf(write: (flows: string) => unknown, options = OPTIONS) {
  const written: string[] = []
  const queue = new CommitQueue(async (checkpoints: readonly Checkpoint[]) => {
    const flows = checkpoints.map(({ flowUuid }) => flowUuid).join('')
    written.push(flows)
    await write(flows)
  }, options)
  const save = (flows: string): Promise<PromiseSettledResult<void>[]> =>
    Promise.allSettled([...flows].map((flow) => queue.save(checkpointOf(flow))))
  return { written, save, queue }
}

const statuses = (settled: readonly PromiseSettledResult<void>[]): string =>
  settled.map(({ status }) => (status === 'fulfilled' ? 'y' : 'n')).join('')

describe('a commit queue', () => {
  test('gathers what comes in one turn, each flow once in a transaction', async () => {
    const { written, save } = queueOf(() => {})
    expect(statuses(await save('abcab'))).toBe('yyyyy')
    expect(written).toEqual(['abc', 'ab'])
  })

  test('takes no more than it may', async () => {
    const { written, save } = queueOf(() => {}, { ...OPTIONS, maxCheckpoints: 2 })
    await save('abcde')
    expect(written).toEqual(['ab', 'cd', 'e'])
  })

  test('rejects only those that fail alone', async () => {
    const { written, save } = queueOf((flows) => {
      if (flows.includes('b')) throw new StorageError('b is too large')
    })
    expect(statuses(await save('abc'))).toBe('yny')
    expect(written).toEqual(['abc', 'a', 'b', 'c'])
  })

  test.each([
    new SharedFaultError('locked'),
    new BackendUnavailableError('away'),
    new TypeError('a mistake of ours'),
  ])('rejects all for what all would meet: %s', async (error) => {
    const { written, save } = queueOf(() => {
      throw error
    })
    expect(statuses(await save('abc'))).toBe('nnn')
    expect(written).toEqual(['abc'])
  })

  test('divides what has become too long for a string', async () => {
    const { written, save } = queueOf((flows) => {
      if (flows.includes('b')) throw new RangeError('Invalid string length')
    })
    expect(statuses(await save('abc'))).toBe('yny')
    expect(written).toEqual(['abc', 'a', 'b', 'c'])
  })

  test('puts nothing beside a checkpoint that is too large by itself', async () => {
    const { written, queue } = queueOf(() => {}, { ...OPTIONS, maxCharacters: 100 })
    const large = {
      results: 'x'.repeat(101),
      failure: null,
      revertResults: null,
      revertFailure: null,
    }
    const flows = [...'abLcdL'].map((flow, i) => {
      const atoms = flow === 'L' ? [atomRecord({ payload: large })] : []
      return queue.save(checkpointOf(`${flow}${i}`, { atoms }))
    })
    await Promise.all(flows)
    expect(written).toEqual(['a0b1', 'L2', 'c3d4', 'L5'])
  })

  test.each(['revertResults', 'revertFailure', 'results', 'failure'])(
    'counts the %s of atoms',
    async (column) => {
      const { written, queue } = queueOf(() => {}, { ...OPTIONS, maxCharacters: 100 })
      const none = { results: null, failure: null, revertResults: null, revertFailure: null }
      const payload = { ...none, [column]: 'x'.repeat(60) }
      await Promise.all(
        [...'abc'].map((flow) =>
          queue.save(checkpointOf(flow, { atoms: [atomRecord({ payload })] })),
        ),
      )
      expect(written).toEqual(['a', 'b', 'c'])
    },
  )

  test('lets the others go on while one of them waits for itself', async () => {
    let release = (): void => {}
    const whenReleased = new Promise<void>((resolve) => {
      release = resolve
    })
    const { written, save } = queueOf(async (flows) => {
      if (flows === 'ab') throw new StorageError('a is locked')
      if (flows === 'a') await whenReleased
    })
    const first = save('ab')
    await setImmediate()
    await setImmediate()
    expect(statuses(await save('bc'))).toBe('yy')
    const later = save('a') // behind the one that waits
    await setImmediate()
    expect(written).toEqual(['ab', 'a', 'b', 'bc'])
    release()
    expect(statuses([...(await first), ...(await later)])).toBe('yyy')
    expect(written.at(-1)).toBe('a')
  })
})
