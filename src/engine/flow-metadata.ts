/**
 * Changes what is stored with the flow of a run: what users add, and what the engine keeps.
 *
 * @module
 */
import type { NotStorableError } from '../errors.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { type EngineMeta, encodeFlowMeta, type FlowMeta } from '../persistence/flow-meta.ts'
import { readMembers } from '../persistence/kept-value.ts'
import type { Writer } from './writer.ts'

/** The metadata of one flow; what is changed is written with the next checkpoint. */
export class FlowMetadata {
  readonly #flowDetail: FlowDetail
  readonly #writer: Writer

  constructor(flowDetail: FlowDetail, writer: Writer) {
    this.#flowDetail = flowDetail
    this.#writer = writer
  }

  /**
   * Adds what a user stores.
   *
   * @throws {@link NotStorableError} when a value cannot be stored or is too large; nothing was
   * changed.
   */
  add(members: Readonly<Record<string, unknown>>): void {
    const { meta, engineMeta } = this.#flowDetail
    const added = readMembers(this.#writer.texts.keepEach(members, "the flow's metadata"))
    this.#take({ meta: { ...meta, ...added }, engineMeta })
  }

  /**
   * Keeps how to make the flow again.
   *
   * @throws as {@link FlowMetadata.add}.
   */
  keepFactory(name: string, args: readonly unknown[]): void {
    const made = { factory: { name, args, kwargs: {} } }
    const { factory } = readMembers(this.#writer.texts.keepEach(made, "the flow's metadata"))
    const { meta, engineMeta } = this.#flowDetail
    this.#take({ meta, engineMeta: { ...engineMeta, factory } })
  }

  /** Keeps what is small and known to be storable. */
  keep(change: Omit<EngineMeta, 'factory' | 'others'>): void {
    this.#flowDetail.engineMeta = { ...this.#flowDetail.engineMeta, ...change }
    this.#writer.touchFlow()
  }

  #take(changed: FlowMeta): void {
    this.#writer.texts.demandTotal(() => encodeFlowMeta(changed), 'the metadata of the flow')
    Object.assign(this.#flowDetail, changed)
    this.#writer.touchFlow()
  }
}
