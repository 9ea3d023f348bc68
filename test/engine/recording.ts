/**
 * What tests of the engine share: a backend that keeps what it is given, and a diary of moves.
 *
 * @module
 */
import type { Backend, Checkpoint, Engine } from '../../src/index.ts'
import { ForwardingBackend, memory } from '../../src/index.ts'

/** A memory backend that remembers the checkpoints, and can be told to fail or to hang. */
export interface RecordingBackend extends Backend {
  /** The checkpoints, oldest first. */
  readonly checkpoints: readonly Checkpoint[]
  /** Called before each write; what it throws is what the write rejects with. */
  beforeSave: ((checkpoint: Checkpoint, count: number) => unknown) | undefined
}

/** Makes a recording backend. */
export function recording(inner: Backend = memory()): RecordingBackend {
  return new Recording(inner)
}

class Recording extends ForwardingBackend implements RecordingBackend {
  readonly checkpoints: Checkpoint[] = []
  beforeSave: RecordingBackend['beforeSave']

  override async save(checkpoint: Checkpoint): Promise<void> {
    await this.beforeSave?.(checkpoint, this.checkpoints.length + 1)
    await this.inner.save(checkpoint)
    this.checkpoints.push(checkpoint)
  }
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
