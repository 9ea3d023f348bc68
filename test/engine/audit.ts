/**
 * Holds what an engine tells and does against the order that its flow demands.
 *
 * @module
 */
import {
  type AtomState,
  type Checkpoint,
  type Engine,
  type FlowDetail,
  RETRY_MOVES,
  RetryDetail,
  TASK_MOVES,
  type TaskDetail,
} from '../../src/index.ts'
import type { Planned } from './planned-flow.ts'

const DONE: readonly unknown[] = ['SUCCESS', 'IGNORE']
const UNDONE: readonly unknown[] = ['PENDING', 'REVERTED', 'IGNORE']

/** Lists the moves that an engine tells of and must not make; it is filled while the engine runs. */
export function auditOf(engine: Engine<object>, { before }: Planned): readonly string[] {
  const found: string[] = []
  const states = new Map<string, AtomState>()
  /** What was cut short by a crash is run or reverted again, whichever the flow now wants. */
  const cutShort = new Set<string>()
  for (const { name, state } of engine.storage.flowDetail) {
    states.set(name, state)
    if (state === 'RUNNING' || state === 'REVERTING') cutShort.add(name)
  }
  const after = inverse(before)
  const stateOf = (name: string): AtomState => states.get(name) ?? 'PENDING'
  const demand = (move: string, names: ReadonlySet<string>, allowed: readonly unknown[]): void => {
    for (const name of names) {
      if (!allowed.includes(stateOf(name))) found.push(`${move} while ${name} ${stateOf(name)}`)
    }
  }
  engine.atomNotifier.register('*', (to, details) => {
    const isTask = 'taskName' in details
    const name = isTask ? details.taskName : details.retryName
    const moves: Readonly<Record<string, readonly string[]>> = isTask ? TASK_MOVES : RETRY_MOVES
    const from = stateOf(name)
    const move = `${name} ${from} -> ${to}`
    const isAgain = cutShort.delete(name) && (to === from || to === 'REVERTING')
    if (details.oldState !== from) found.push(`${move}, said to come from ${details.oldState}`)
    if (!isAgain && !moves[from]?.includes(to)) found.push(move)
    if (to === 'RUNNING') demand(move, before.get(name) ?? new Set(), DONE)
    if (to === 'REVERTING' || to === 'RETRYING') demand(move, after.get(name) ?? new Set(), UNDONE)
    states.set(name, to)
  })
  return found
}

function inverse(
  before: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const after = new Map([...before.keys()].map((name) => [name, new Set<string>()]))
  for (const [name, earlier] of before) for (const one of earlier) after.get(one)?.add(name)
  return after
}

/** What a store would show somebody else: the states of atoms by name, as far as written. */
export function statesIn(checkpoints: readonly Checkpoint[]): ReadonlyMap<string, AtomState> {
  return new Map(checkpoints.flatMap(({ atoms }) => atoms.map(({ name, state }) => [name, state])))
}

/**
 * What two runs of one flow have in common when they came to the same end, though their atoms ran
 * in another order: whether an atom was undone or never done depends on that order.
 */
export function gistOf(detail: FlowDetail): unknown {
  const atoms: Record<string, unknown> = {}
  for (const atom of detail) {
    const { name, state } = atom
    if (detail.state !== 'SUCCESS' && UNDONE.includes(state)) atoms[name] = 'undone'
    else if (atom instanceof RetryDetail)
      atoms[name] = [state, atom.results.map(([value]) => value)]
    else if (state !== 'SUCCESS')
      atoms[name] = [state] // what is left of earlier rounds is no result
    else atoms[name] = [state, (atom as TaskDetail).results]
  }
  return { flow: detail.state, atoms }
}
