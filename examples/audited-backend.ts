/**
 * A backend of one's own: passes everything on to another, and tells an auditor what was changed.
 *
 * For example 11. Held to the contract by test/examples/audited-backend.test.ts, as yours should be.
 *
 * @module
 */
import { type Backend, type BookFilter, type Checkpoint, ForwardingBackend } from '../src/index.ts'

/** Tells of what the other backend has accepted; what it refuses was no change. */
class AuditedBackend extends ForwardingBackend {
  readonly #write: (line: string) => void

  constructor(inner: Backend, write: (line: string) => void) {
    super(inner)
    this.#write = write
  }

  override async save(checkpoint: Checkpoint): Promise<void> {
    await super.save(checkpoint)
    const { book, flow, atoms } = checkpoint
    const changes = [
      ...(book === undefined ? [] : [`book ${book.name}`]),
      ...(flow === undefined ? [] : [`flow ${flow.name} ${flow.state}`]),
      ...atoms.map(({ name, state }) => `${name} ${state}`),
    ]
    // A checkpoint may carry a renewed lease alone, which changes no record.
    if (changes.length > 0) this.#write(`save: ${changes.join(', ')}`)
  }

  override async removeBook(uuid: string): Promise<void> {
    await super.removeBook(uuid)
    this.#write('remove: 1 book')
  }

  override async removeBooks(uuids: readonly string[], filter?: BookFilter): Promise<number> {
    const count = await super.removeBooks(uuids, filter)
    this.#write(`remove: ${count} of ${uuids.length} books`)
    return count
  }

  override async removeFlow(uuid: string): Promise<void> {
    await super.removeFlow(uuid)
    this.#write('remove: 1 flow')
  }
}

/** Makes a backend that tells `write` of each change of `inner`, after it was made. */
export function audited(inner: Backend, write: (line: string) => void): Backend {
  return new AuditedBackend(inner, write)
}
