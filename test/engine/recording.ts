/**
 * What tests of the engine share: a backend that keeps what it is given, and a diary of moves.
 *
 * @module
 */
import type { Backend, Checkpoint, Engine } from '../../src/index.ts'
import { memory } from '../../src/index.ts'

/** A memory backend that remembers the checkpoints, and can be told to fail or to hang. */
export interface RecordingBackend extends Backend {
  /** The checkpoints, oldest first. */
  readonly checkpoints: readonly Checkpoint[]
  /** Called before each write; what it throws is what the write rejects with. */
  beforeSave: ((checkpoint: Checkpoint, count: number) => unknown) | undefined
}

/** Makes a recording backend. */
export function recording(inner: Backend = memory()): RecordingBackend {
  const checkpoints: Checkpoint[] = []
  const backend: RecordingBackend = {
    supports: inner.supports,
    checkpoints,
    beforeSave: undefined,
    open: () => inner.open(),
    close: () => inner.close(),
    async save(checkpoint) {
      await backend.beforeSave?.(checkpoint, checkpoints.length + 1)
      await inner.save(checkpoint)
      checkpoints.push(checkpoint)
    },
    loadBook: (uuid) => inner.loadBook(uuid),
    listBooks: (page) => inner.listBooks(page),
    loadFlow: (uuid) => inner.loadFlow(uuid),
    listFlows: (filter) => inner.listFlows(filter),
    removeBook: (uuid) => inner.removeBook(uuid),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  }
  return backend
}

/** Writes down every move that listeners are told of, as `"name STATE"`. */
export function diaryOf(engine: Engine<object>): string[] {
  const diary: string[] = []
  engine.notifier.register('*', (state) => diary.push(`flow ${state}`))
  engine.atomNotifier.register('*', (state, details) => {
    diary.push(`${'taskName' in details ? details.taskName : details.retryName} ${state}`)
  })
  return diary
}
