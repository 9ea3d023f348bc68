/**
 * What a backend holds of one run, as far as the laws of durability speak of it.
 *
 * @module
 */
import type { AtomCall } from '../../executors/executor.ts'
import type { AtomDetail } from '../../persistence/atom-detail.ts'
import type { AtomPayload, Checkpoint, FlowRecord } from '../../persistence/backend.ts'
import { INJECTOR_NAME, readFlow } from '../../persistence/records.ts'

/** What must hold whatever goes wrong. */
export type Law =
  | 'the flow ends'
  | 'a start is stored before the code of the atom is called'
  | 'what is stored as done is not done again'
  | 'the end fits the records'

const EMPTY: AtomPayload = {
  results: null,
  failure: null,
  revertResults: null,
  revertFailure: null,
}

/** What only the backend knows of a flow detail. */
const UNCLAIMED = {
  createdAt: undefined,
  updatedAt: undefined,
  epoch: 0,
  owner: undefined,
  leaseUntil: undefined,
}

const OUTCOMES: Readonly<Record<string, AtomCall['direction']>> = {
  SUCCESS: 'execute',
  FAILURE: 'execute',
  REVERTED: 'revert',
  REVERT_FAILURE: 'revert',
}

/** Follows the checkpoints of one run. */
export class StoredRecords {
  #flow: FlowRecord | undefined
  readonly #atoms = new Map<string, AtomDetail>()
  /** Calls whose outcome is stored. */
  readonly #settled = new Set<string>()

  /** Takes a checkpoint that was stored, and gives the moves in it, as `a RUNNING`. */
  take({ flow, atoms }: Checkpoint): readonly string[] {
    const moves: string[] = []
    if (flow !== undefined && flow.state !== this.#flow?.state) moves.push(`flow ${flow.state}`)
    this.#flow = flow ?? this.#flow
    if (this.#flow === undefined) return moves
    const stored = atoms.map((atom) => ({ ...atom, payload: atom.payload ?? EMPTY }))
    for (const detail of readFlow({ flow: { ...this.#flow, ...UNCLAIMED }, atoms: stored })) {
      const { name, state, attempt, uuid } = detail
      if (name === INJECTOR_NAME) continue
      const before = this.#atoms.get(name)
      const isNew = before === undefined && state === 'PENDING'
      if (before?.state !== state && !isNew) moves.push(`${name} ${state}`)
      this.#atoms.set(name, detail)
      const direction = OUTCOMES[state]
      if (direction !== undefined) this.#settled.add(keyOf(direction, `${uuid}:${attempt}`))
    }
    return moves
  }

  /** The law that a call breaks; undefined when it may be made. */
  lawBrokenBy({ atom, direction, context }: AtomCall): Law | undefined {
    if (this.#settled.has(keyOf(direction, context.executeKey))) {
      return 'what is stored as done is not done again'
    }
    const stored = this.#atoms.get(atom.name)
    const isStarted =
      stored?.state === (direction === 'execute' ? 'RUNNING' : 'REVERTING') &&
      stored.attempt === context.attempt
    return isStarted ? undefined : 'a start is stored before the code of the atom is called'
  }
}

function keyOf(direction: AtomCall['direction'], executeKey: string): string {
  return `${direction} ${executeKey}`
}
