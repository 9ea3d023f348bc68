/**
 * What {@link resumeAll} says became of a run: its stored state counts, whatever its tasks have thrown.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  type Backend,
  type Checkpoint,
  CorruptRecordError,
  defineFlow,
  FlowMismatchError,
  ForwardingBackend,
  linear,
  loadFlowDetail,
  loadFromFactory,
  memory,
  resumeAll,
  StaleWriteError,
  StorageError,
  task,
} from '../../src/index.ts'

class Ours extends Error {}

/** A run that was suspended before the task that throws. */
async function suspendedBefore(backend: Backend, thrown: unknown, undo?: unknown) {
  const undone: string[] = []
  const definition = defineFlow('parent', () =>
    linear('parent').add(
      task('before', {
        execute: () => 1,
        revert: () => {
          undone.push('before')
          if (undo !== undefined) throw undo
        },
      }),
      task('throws', { execute: () => Promise.reject(thrown) }),
    ),
  )
  const engine = loadFromFactory(definition, [], { backend })
  engine.notifier.register('RUNNING', () => void engine.suspend())
  await engine.run()
  return { flows: [definition], undone, uuid: engine.storage.flowUuid }
}

describe('resumeAll, of a run whose task threw', () => {
  test.each([
    ['a StaleWriteError of a nested run', new StaleWriteError('the nested run was claimed')],
    ['a FlowMismatchError of a nested run', new FlowMismatchError('nested', [])],
    ['a CorruptRecordError of a nested run', new CorruptRecordError('atomdetails x', 'no')],
    ['a StorageError of a nested run', new StorageError('the disk is full')],
    ['an error of a class of its own', new Ours('no')],
    ['a frozen error', Object.freeze(new Error('no'))],
    ['a text', 'no'],
    ['null', null],
  ])('%s, says that it has finished, and was reverted', async (_what, thrown) => {
    await using backend = memory()
    const { flows, undone, uuid } = await suspendedBefore(backend, thrown)
    const resumed = await resumeAll({ backend, flows })
    expect(resumed).toMatchObject([{ uuid, outcome: 'finished', state: 'REVERTED' }])
    expect(undone).toEqual(['before'])
    expect((await loadFlowDetail(backend, uuid)).state).toBe('REVERTED')
  })

  test('says that it has finished in FAILURE when its undo threw a StaleWriteError', async () => {
    await using backend = memory()
    const undo = new StaleWriteError('the nested run was claimed')
    const { flows } = await suspendedBefore(backend, new Ours('no'), undo)
    const resumed = await resumeAll({ backend, flows })
    expect(resumed).toMatchObject([{ outcome: 'finished', state: 'FAILURE' }])
  })
})

/** Refuses everything from some checkpoint on. */
class FailingBackend extends ForwardingBackend {
  #isFailing: (checkpoint: Checkpoint) => boolean = () => false

  failAt(isFailing: (checkpoint: Checkpoint) => boolean): void {
    this.#isFailing = isFailing
  }

  override save(checkpoint: Checkpoint): Promise<void> {
    if (!this.#isFailing(checkpoint)) return super.save(checkpoint)
    this.#isFailing = () => true
    return Promise.reject(new StorageError('the disk is full'))
  }
}

describe('resumeAll, of a run whose end cannot be written', () => {
  test('says that it is broken, and where it is stored', async () => {
    await using backend = new FailingBackend(memory())
    const { flows } = await suspendedBefore(backend, new StaleWriteError('nested'))
    backend.failAt(({ flow }) => flow?.state === 'REVERTED')
    const resumed = await resumeAll({ backend, flows })
    expect(resumed).toMatchObject([
      { outcome: 'broken', state: 'RUNNING', error: { code: 'STORAGE' } },
    ])
  })

  test('says that it was taken when another engine has claimed it', async () => {
    await using backend = memory()
    const { flows, uuid } = await suspendedBefore(backend, new Ours('no'))
    const resumed = await resumeAll({
      backend,
      flows,
      onEngine: (engine) => {
        engine.atomNotifier.register('SUCCESS', () => {
          const epoch = engine.storage.flowDetail.epoch + 1
          const fence = { owner: 'x', epoch, action: 'claim', leaseUntil: undefined } as const
          const nothing = { book: undefined, flow: undefined, atoms: [] }
          void backend.save({ flowUuid: uuid, ...nothing, fence })
        })
      },
    })
    expect(resumed).toMatchObject([{ uuid, outcome: 'taken', error: { code: 'STALE_WRITE' } }])
  })
})
