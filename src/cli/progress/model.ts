/**
 * Where a run is: the tree of its flows and atoms, kept up to date by what the engine tells.
 *
 * For the views beside this file, which turn it into text.
 *
 * @module
 */

import type { Clock } from '../../base/clock.ts'
import { type Failure, isFailure } from '../../base/failure.ts'
import { awaitable, withEnd } from '../../base/thenable.ts'
import type { GraphNode } from '../../engine/compiler.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Interceptor } from '../../engine/interceptors.ts'
import type { AtomCall } from '../../executors/executor.ts'
import type { AtomState } from '../../states/atom.ts'
import type { FlowState } from '../../states/flow.ts'

/** A flow or an atom in the tree. */
export interface Row {
  /** What it is. */
  readonly kind: 'flow' | 'retry' | 'task'
  /** Its name. */
  readonly name: string
  /** How many flows are around it. */
  readonly depth: number
  /** Position of the flow around it; undefined for the outermost. */
  readonly parent: number | undefined
  /** Where an atom is; undefined for flows. */
  state: AtomState | undefined
  /** When the atom was started last, in milliseconds of the clock. */
  startedMs: number | undefined
  /** When its code had ended, which is told later where atoms run one at a time. */
  endedMs: number | undefined
  /** How long it took. */
  tookMs: number | undefined
  /** How often it was started afresh. */
  attempt: number
  /** What the task says of how far it is; undefined when it says nothing. */
  progress: number | undefined
  /** Why it failed. */
  failure: Failure | undefined
  /** Of a flow: how many atoms are in it, however deep. */
  atoms: number
  /** Of a flow: how many of them need not be executed any more. */
  done: number
}

/** A move that has just been made. */
export type Move =
  | { readonly kind: 'flow'; readonly state: FlowState; readonly from: FlowState }
  | { readonly kind: 'atom'; readonly row: Row; readonly from: AtomState }
  | { readonly kind: 'progress'; readonly row: Row; readonly details: unknown }

const MOVING: readonly (AtomState | undefined)[] = ['RUNNING', 'REVERTING', 'RETRYING']
const DONE: readonly (AtomState | undefined)[] = ['SUCCESS', 'IGNORE']

/** True while an atom's code runs. */
export function isMoving({ state }: Row): boolean {
  return MOVING.includes(state)
}

/** The tree of one run. */
export class RunModel implements Disposable {
  /** Flows and atoms, a flow before what is in it. */
  readonly rows: readonly Row[]
  /** Where the flow is. */
  state: FlowState
  /** When the run began, in milliseconds of the clock. */
  readonly beganMs: number
  readonly #clock: Clock
  readonly #engine: Engine
  readonly #byName = new Map<string, Row>()
  readonly #registrations = new DisposableStack()

  /** @throws DuplicateError when the flow cannot be compiled. */
  constructor(engine: Engine, clock: Clock, onMove: (move: Move) => void = () => {}) {
    engine.compile()
    this.#engine = engine
    this.#clock = clock
    this.beganMs = clock.elapsedMs()
    this.state = engine.storage.getFlowState()
    this.rows = this.#makeRows(engine)
    this.#listen(engine, onMove)
  }

  /** How long the run has gone on, in milliseconds. */
  get elapsedMs(): number {
    return this.#clock.elapsedMs() - this.beganMs
  }

  /** How long an atom has been under way, or took, in milliseconds; undefined when it never was. */
  tookMs(row: Row): number | undefined {
    if (row.startedMs === undefined || !isMoving(row)) return row.tookMs
    return (row.endedMs ?? this.#clock.elapsedMs()) - row.startedMs
  }

  [Symbol.dispose](): void {
    this.#registrations.dispose()
  }

  #makeRows({ compilation, storage }: Engine): Row[] {
    const rows: Row[] = []
    const flowRows = new Map<unknown, number>()
    for (const node of compilation?.nodes ?? []) {
      if (node.kind === 'flow_end') continue
      const { kind, name, scope } = node
      const around = kind === 'flow' ? scope?.parent : scope
      const parent = around === undefined ? undefined : flowRows.get(around)
      const row: Row = { ...emptyRow(kind, name), parent, depth: around ? around.depth + 1 : 0 }
      if (kind === 'flow') flowRows.set(scope, rows.length)
      else this.#take(row, node, storage)
      rows.push(row)
      if (kind !== 'flow') count(rows, row, 'atoms', 1)
      if (DONE.includes(row.state)) count(rows, row, 'done', 1)
    }
    return rows
  }

  #take(row: Row, { name }: GraphNode, storage: Engine['storage']): void {
    this.#byName.set(name, row)
    const stored = storage.flowDetail.find(name)
    row.state = stored?.state ?? 'PENDING'
    row.attempt = stored?.attempt ?? 0
    row.failure = stored?.revertFailure ?? stored?.failure
  }

  /** Measures a call itself: of several that run one at a time, all are told when the last is done. */
  #measure({ atom }: AtomCall, next: () => unknown): unknown {
    const row = this.#byName.get(atom.name)
    if (row !== undefined) row.startedMs = this.#clock.elapsedMs()
    const end = (): void => {
      if (row !== undefined) row.endedMs = this.#clock.elapsedMs()
    }
    let pending: Promise<unknown> | undefined
    try {
      const called = next()
      pending = awaitable(called)
      return pending === undefined ? called : withEnd(pending, end)
    } finally {
      if (pending === undefined) end()
    }
  }

  #listen(engine: Engine, onMove: (move: Move) => void): void {
    const { notifier, atomNotifier, progressNotifier, interceptors } = engine
    const registrations = this.#registrations
    const aroundCall: Interceptor['aroundCall'] = (call, next) => this.#measure(call, next)
    registrations.use(interceptors.register({ aroundCall }))
    registrations.use(
      notifier.register('*', (state, { oldState }) => {
        this.state = state
        onMove({ kind: 'flow', state, from: oldState })
      }),
    )
    registrations.use(
      atomNotifier.register('*', (state, moved) => {
        const row = this.#byName.get('taskName' in moved ? moved.taskName : moved.retryName)
        if (row === undefined) return
        this.#moveTo(row, state, moved.result)
        onMove({ kind: 'atom', row, from: moved.oldState })
      }),
    )
    registrations.use(
      progressNotifier.register('update_progress', (_event, { taskName, progress, details }) => {
        const row = this.#byName.get(taskName)
        // What the engine says for the task, at its start and at its end, is no bar.
        if (row === undefined || (row.progress === undefined && (progress === 0 || progress === 1)))
          return
        row.progress = progress
        if (isMoving(row)) onMove({ kind: 'progress', row, details })
      }),
    )
  }

  #moveTo(row: Row, state: AtomState, result: unknown): void {
    if (DONE.includes(row.state)) count(this.rows, row, 'done', -1)
    if (DONE.includes(state)) count(this.rows, row, 'done', 1)
    if (state === 'RUNNING' || state === 'REVERTING') {
      row.startedMs = this.#clock.elapsedMs()
      row.endedMs = undefined
      row.tookMs = undefined
      row.progress = undefined
    } else if (isMoving(row)) row.tookMs = this.tookMs(row)
    row.state = state
    row.attempt = this.#engine.storage.flowDetail.find(row.name)?.attempt ?? row.attempt
    if (isFailure(result)) row.failure = result
    else if (state === 'SUCCESS' || state === 'PENDING') row.failure = undefined
  }
}

function emptyRow(kind: Row['kind'], name: string): Row {
  return {
    kind,
    name,
    depth: 0,
    parent: undefined,
    state: undefined,
    startedMs: undefined,
    endedMs: undefined,
    tookMs: undefined,
    attempt: 0,
    progress: undefined,
    failure: undefined,
    atoms: 0,
    done: 0,
  }
}

/** Counts an atom in all flows around it. */
function count(rows: readonly Row[], row: Row, what: 'atoms' | 'done', by: number): void {
  for (let at = row.parent; at !== undefined; at = rows[at]?.parent) {
    const flow = rows[at]
    if (flow !== undefined) flow[what] += by
  }
}
