import { describe, expect, test } from 'vitest'
import { type Engine, type EngineOptions, linear, StorageError } from '../../src/index.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, workshop } from './steps.ts'

const MODES: readonly EngineOptions[] = [
  {},
  { commit: 'move' },
  { engine: 'parallel' },
  { engine: 'parallel', commit: 'move' },
]

type Writes = (engine: Engine) => void

const WRITERS: readonly { readonly who: string; readonly writes: Writes }[] = [
  {
    who: 'storage.save()',
    writes: (engine) => {
      engine.storage.updateFlowMetadata({ audited: true })
      engine.storage.save().catch(() => {})
    },
  },
  { who: 'suspend()', writes: (engine) => void engine.suspend() },
  { who: 'cancel()', writes: (engine) => void engine.cancel('enough') },
]

const CASES = WRITERS.flatMap((one) => MODES.map((options) => ({ ...one, options })))

/** Runs two tasks; while something else is being written, the first one ends. */
function prepare(options: EngineOptions, writes: Writes) {
  const backend = recording()
  const { step } = workshop()
  const isWriting = Promise.withResolvers<void>()
  const flow = linear('f').add(
    step('a', {
      does: async () => {
        writes(engine)
        await isWriting.promise
      },
    }),
    step('b'),
  )
  const engine = loadLoosely(flow, { ...options, backend })
  const stored = (): boolean =>
    backend.checkpoints.some(({ atoms }) =>
      atoms.some(({ name, state }) => name === 'a' && state === 'SUCCESS'),
    )
  const told: boolean[] = []
  engine.atomNotifier.register('SUCCESS', (_, moved) => {
    if ('taskName' in moved && moved.taskName === 'a') told.push(stored())
  })
  return { backend, engine, isWriting, told }
}

describe('a write of others that is under way when an atom ends', () => {
  test.each(CASES)('does not tell its outcome: $who, $options', async ({ writes, options }) => {
    const { backend, engine, isWriting, told } = prepare(options, writes)
    let isFirst = true
    backend.beforeSave = async (_, count) => {
      if (count < 2 || !isFirst) return
      isFirst = false
      isWriting.resolve()
      for (let i = 0; i < 50; i += 1) await null // the atom ends meanwhile
    }
    // Whoever writes nothing of its own lets the atom end all the same.
    setImmediate(isWriting.resolve)
    await errorOf(engine.run())
    expect(told).toEqual([true])
  })

  test.each(CASES)(
    'tells nobody when the outcome cannot be written: $who, $options',
    async (one) => {
      const { backend, engine, isWriting, told } = prepare(one.options, one.writes)
      backend.beforeSave = async ({ atoms }) => {
        // A cancel has it reverted in the same checkpoint.
        const state = atoms.find(({ name }) => name === 'a')?.state
        if (state === 'SUCCESS' || state === 'REVERTING') {
          throw new StorageError('the disk is full')
        }
        isWriting.resolve()
        for (let i = 0; i < 50; i += 1) await null // the atom ends meanwhile
      }
      expect(await errorOf(engine.run())).toMatchObject({ code: 'STORAGE' })
      expect(told).toEqual([])
    },
  )
})

describe('a wish in a listener', () => {
  test('is stored when its promise resolves', async () => {
    const backend = recording()
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a'), step('b')), { backend })
    const states: unknown[] = []
    const note = (): void => {
      states.push(backend.checkpoints.findLast(({ flow }) => flow !== undefined)?.flow?.state)
    }
    engine.atomNotifier.register('SUCCESS', () => void engine.suspend().then(note))
    await engine.run()
    expect(states).not.toContain('RUNNING')
    expect(states).toHaveLength(1)
  })
})

describe('a wish that nobody waits for', () => {
  test.each([
    { wish: 'cancel() of a run that has ended', ask: (engine: Engine) => engine.cancel() },
    {
      wish: 'suspend() of an engine that is not compiled',
      ask: (_: Engine) => loadLoosely(linear('g')).suspend(),
    },
  ])('does not end the process, and rejects for whoever waits: $wish', async ({ ask }) => {
    const { step } = workshop()
    const engine = loadLoosely(linear('f').add(step('a')))
    await engine.run()
    const stray: unknown[] = []
    const onStray = (error: unknown): void => void stray.push(error)
    process.on('unhandledRejection', onStray)
    void ask(engine)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', onStray)
    expect(stray).toEqual([])
    expect(await errorOf(ask(engine))).toMatchObject({ code: 'INVALID_STATE' })
  })
})
