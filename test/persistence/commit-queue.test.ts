import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { BackendUnavailableError, StorageError } from '../../src/errors.ts'
import type { Checkpoint } from '../../src/persistence/backend.ts'
import { CommitQueue, SharedFaultError } from '../../src/persistence/commit-queue.ts'
import { checkpointOf } from '../../src/testing/backend/clause.ts'

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
  return { written, save }
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
