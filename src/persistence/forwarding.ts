/**
 * A backend that passes everything on to another one.
 *
 * For those that change one thing of it, and extend it: what is added to the contract later is
 * passed on here, once.
 *
 * @module
 */
import type {
  Backend,
  BackendSupports,
  BookFilter,
  BookRecord,
  Checkpoint,
  FlowFilter,
  StoredFlow,
  StoredFlowRecord,
} from './backend.ts'
import type { Examination } from './examination.ts'

/** Passes every use on; what is acknowledged survives as the other backend says. */
export class ForwardingBackend implements Backend {
  /** Where everything goes. */
  protected readonly inner: Backend

  /** @param inner where everything goes; closed with this one */
  constructor(inner: Backend) {
    this.inner = inner
  }

  get supports(): BackendSupports {
    return this.inner.supports
  }

  get maxTextBytes(): number | undefined {
    return this.inner.maxTextBytes
  }

  open(): Promise<void> {
    return this.inner.open()
  }

  close(): Promise<void> {
    return this.inner.close()
  }

  get examine(): (() => Promise<Examination>) | undefined {
    return this.inner.examine?.bind(this.inner)
  }

  /** As {@link ForwardingBackend.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  save(checkpoint: Checkpoint): Promise<void> {
    return this.inner.save(checkpoint)
  }

  loadBook(uuid: string): Promise<BookRecord> {
    return this.inner.loadBook(uuid)
  }

  listBooks(filter?: BookFilter): Promise<readonly BookRecord[]> {
    return this.inner.listBooks(filter)
  }

  countBooks(filter?: BookFilter): Promise<number> {
    return this.inner.countBooks(filter)
  }

  loadFlow(uuid: string): Promise<StoredFlow> {
    return this.inner.loadFlow(uuid)
  }

  listFlows(filter?: FlowFilter): Promise<readonly StoredFlowRecord[]> {
    return this.inner.listFlows(filter)
  }

  countFlows(filter?: FlowFilter): Promise<number> {
    return this.inner.countFlows(filter)
  }

  removeBook(uuid: string): Promise<void> {
    return this.inner.removeBook(uuid)
  }

  removeBooks(uuids: readonly string[], filter?: BookFilter): Promise<number> {
    return this.inner.removeBooks(uuids, filter)
  }

  removeFlow(uuid: string): Promise<void> {
    return this.inner.removeFlow(uuid)
  }
}
