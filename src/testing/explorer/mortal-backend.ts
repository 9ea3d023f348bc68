/**
 * A backend as a process sees it that may die at any write.
 *
 * Everything is handed on to the backend behind it as it is, also what is not known here, except
 * that a dead process is never answered. What writes needs a branch of its own, to be a place at
 * which the process may die.
 *
 * @module
 */
import type { Backend, Checkpoint } from '../../persistence/backend.ts'
import { type Life, never } from './life.ts'

/** Told of the writes of a process. May let it die. */
export interface WriteWatcher {
  /** A write is on its way; returns its number. */
  beforeWrite(): number
  /** A write is stored, and the process has not been told yet. */
  afterWrite(write: number, checkpoint: Checkpoint): void
}

/** Told when the backend is asked, and when it has answered. */
export interface Activity {
  begin(): void
  end(): void
}

/** The view that a process has of a backend. */
export function mortalBackend(
  inner: Backend,
  life: Life,
  watcher: WriteWatcher,
  activity: Activity,
): Backend {
  const save = async (checkpoint: Checkpoint): Promise<void> => {
    if (life.isDead) return never()
    const write = watcher.beforeWrite()
    if (life.isDead) return never()
    activity.begin()
    try {
      await inner.save(checkpoint)
    } finally {
      activity.end()
    }
    watcher.afterWrite(write, checkpoint)
    if (life.isDead) return never()
  }
  return new Proxy(inner, {
    get(target, name) {
      if (name === 'save') return save
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => (life.isDead ? never() : value.apply(target, args))
    },
  })
}
