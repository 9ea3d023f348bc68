/**
 * The values put into storage for all atoms and stored with the run, as TaskFlow's injector has
 * them: the results of a task that no flow has.
 *
 * @module
 */
import { TaskDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { isKeptAsText, keepCopy, keepMembers, textOfMembers } from '../persistence/kept-value.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'

type Members = Readonly<Record<string, unknown>>

const NO_VALUES: Members = {}

/** The injector's record, read by symbol. */
export class Injector {
  readonly #flowDetail: FlowDetail
  #detail: TaskDetail | undefined
  #members: Members = NO_VALUES
  /** The results that the members were read from. */
  #readFrom: unknown

  constructor(flowDetail: FlowDetail) {
    this.#flowDetail = flowDetail
    this.find()
  }

  /** Finds its record in the flow detail, which was read anew. */
  find(): void {
    const detail = this.#flowDetail.find(INJECTOR_NAME)
    this.#detail = detail instanceof TaskDetail ? detail : undefined
  }

  /** The values by symbol, each as it is kept. */
  get members(): Members {
    const kept = this.#detail?.keptResults
    if (kept !== this.#readFrom) {
      this.#readFrom = kept
      const results = (this.#detail?.results ?? NO_VALUES) as Members
      this.#members = isKeptAsText(kept) ? keepEach(results) : results
    }
    return this.#members
  }

  /**
   * Adds values, each as it is kept, and gives the record that has changed.
   *
   * @param demand may ask for the text of all values, and throws when it is too large
   */
  put(values: Members, demand: (text: () => string) => void): TaskDetail {
    const members = { ...this.members, ...values }
    const isStored = Object.values(members).some(isKeptAsText)
    demand(() => textOfMembers(members))
    if (this.#detail === undefined) {
      this.#detail = new TaskDetail(INJECTOR_NAME)
      this.#flowDetail.add(this.#detail)
    }
    this.#detail.succeed(undefined)
    this.#detail.results = isStored ? keepMembers(members) : members
    this.#members = members
    this.#readFrom = this.#detail.keptResults
    return this.#detail
  }
}

function keepEach(values: Members): Members {
  return Object.fromEntries(
    Object.entries(values).map(([symbol, value]) => [symbol, keepCopy(value)]),
  )
}
