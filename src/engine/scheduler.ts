/**
 * Starts atoms: moves them to RUNNING or REVERTING and finds their inputs.
 *
 * The code of an atom is not called here but by the machine, once the move is stored and told
 * (the write-ahead rule).
 *
 * @module
 */
import { History } from '../atoms/history.ts'
import type { AtomCall } from '../executors/executor.ts'
import type { AtomDetail } from '../persistence/atom-detail.ts'
import { descendantsOf, type GraphNode } from './compiler.ts'
import type { Runtime } from './runtime.ts'
import type { Start } from './start.ts'

/** What starting atoms needs of a run. */
export type StartingParts = Pick<
  Runtime,
  | 'contexts'
  | 'failing'
  | 'flowDetail'
  | 'lookup'
  | 'moves'
  | 'options'
  | 'progress'
  | 'reversal'
  | 'selector'
>

/** An atom that has been moved, and whose code is not called yet. */
interface Moved {
  /** The atom's node. */
  readonly node: GraphNode
  /** The move, which can be withdrawn. */
  readonly start: Start
  /** What a retry that starts again has moved before, oldest first. */
  readonly restart: readonly Start[] | undefined
}

/** An atom that has been moved, with the call that is to be made. */
export interface Launch extends Moved {
  /** The call to make; its deadline is set when it is made. */
  readonly call: AtomCall & { deadline: Date | undefined }
  /** How long the call may take, in milliseconds; undefined for no limit. */
  readonly limitMs: number | undefined
  /** Aborts the signal of this call alone; undefined when nothing can make it do so. */
  readonly abort: ((reason: unknown) => void) | undefined
}

/** An atom that has been moved and cannot be called, since an input has no value. */
export interface Breakdown extends Moved {
  readonly call: undefined
  /** What breaks the flow, unless the start is withdrawn. */
  readonly error: unknown
}

/** What comes of starting an atom, at once or when its move is written. */
type Starting = Launch | Breakdown | Promise<Launch | Breakdown>

/**
 * Starts an atom in the direction in which it is meant to go. When an input has no value, the flow
 * is broken by it, and the atom stays RUNNING or REVERTING. A promise only where something is to be
 * written first: there would be several for each atom.
 */
export function start(run: StartingParts, node: GraphNode): Starting {
  const { intention } = run.moves.detailOf(node)
  if (intention === 'EXECUTE') return startExecute(run, node, undefined)
  if (intention === 'REVERT' || node.kind === 'task') return startRevert(run, node)
  return startAgain(run, node)
}

/** Without a pause, so that nobody who writes meanwhile stores half of it. */
function startAgain(run: StartingParts, node: GraphNode): Starting {
  if (run.options.commit === 'move') return startAgainMoveByMove(run, node)
  const retrying = run.moves.startIn(node, 'RETRYING')
  return startExecute(run, node, [retrying, ...retrySubflow(run, node)])
}

async function startAgainMoveByMove(
  run: StartingParts,
  node: GraphNode,
): Promise<Launch | Breakdown> {
  const retrying = run.moves.startIn(node, 'RETRYING')
  await run.moves.afterMove()
  const sent = await retrySubflowMoveByMove(run, node)
  return startExecute(run, node, [retrying, ...sent])
}

/** Sends everything after a retry back to the start, and the retry itself to its next attempt. */
export function retrySubflow(run: StartingParts, retry: GraphNode): readonly Start[] {
  const region = descendantsOf(retry)
  run.moves.intend(retry, 'EXECUTE')
  const sent = region.flatMap((node) => sendBack(run, node) ?? [])
  run.selector.restartAfter(retry, region)
  run.reversal.turned.forget()
  return sent
}

/** The same with a transaction for each move. */
export async function retrySubflowMoveByMove(
  run: StartingParts,
  retry: GraphNode,
): Promise<readonly Start[]> {
  const region = descendantsOf(retry)
  const sent: Start[] = []
  run.moves.intend(retry, 'EXECUTE')
  for (const node of region) {
    const start = sendBack(run, node)
    if (start === undefined) continue
    sent.push(start)
    await run.moves.afterMove()
  }
  run.selector.restartAfter(retry, region)
  run.reversal.turned.forget()
  return sent
}

/** Sends an atom back to the start; nothing when it is there. */
function sendBack(run: StartingParts, node: GraphNode): Start | undefined {
  if (node.atom === undefined) return undefined
  const { state, hasFailed } = run.moves.detailOf(node)
  run.failing.delete(node.name)
  const isThere = state === 'PENDING' && !hasFailed
  const start = isThere
    ? undefined
    : run.moves.start(node, toPending, hasFailed ? 'payload' : 'state')
  run.moves.intend(node, 'EXECUTE')
  return start
}

function toPending(record: AtomDetail): void {
  record.startOver()
  if (record.kind === 'task') record.progress = 0
}

function startExecute(
  run: StartingParts,
  node: GraphNode,
  restart: readonly Start[] | undefined,
): Starting {
  const isAgain = run.moves.detailOf(node).state === 'RUNNING'
  const start = run.moves.start(node, (detail) => {
    detail.state = 'RUNNING'
    if (!isAgain) detail.attempt += 1
    run.progress.set(node, detail, 0)
    if (detail.kind === 'retry') detail.retryAt = undefined
    detail.version = node.atom?.version
    detail.provisions = node.atom?.provisions
  })
  const written = run.moves.afterMove()
  return written === undefined
    ? execution(run, node, start, restart)
    : written.then(() => execution(run, node, start, restart))
}

function execution(
  run: StartingParts,
  node: GraphNode,
  start: Start,
  restart: readonly Start[] | undefined,
): Launch | Breakdown {
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  let inputs: Record<string, unknown>
  try {
    inputs = run.lookup.inputs(node, atom.executeBindings)
  } catch (error) {
    return { node, start, restart, call: undefined, error }
  }
  if (atom.kind === 'retry') inputs['history'] = historyOf(run, node)
  return launchOf(run, node, 'execute', inputs, start, restart)
}

function startRevert(run: StartingParts, node: GraphNode): Starting {
  const start = run.moves.startIn(node, 'REVERTING')
  const written = run.moves.afterMove()
  return written === undefined
    ? undoing(run, node, start)
    : written.then(() => undoing(run, node, start))
}

function undoing(run: StartingParts, node: GraphNode, start: Start): Launch | Breakdown {
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  let inputs: Record<string, unknown>
  try {
    inputs = run.lookup.inputs(node, atom.revertBindings)
  } catch (error) {
    return { node, start, restart: undefined, call: undefined, error }
  }
  run.failing.putInto(inputs)
  if (atom.kind === 'retry') inputs['history'] = historyOf(run, node)
  else {
    const { failure, results, resultToUndo } = run.moves.taskDetailOf(node)
    inputs['result'] = failure ?? results ?? resultToUndo
  }
  return launchOf(run, node, 'revert', inputs, start, undefined)
}

function launchOf(
  run: StartingParts,
  node: GraphNode,
  direction: AtomCall['direction'],
  inputs: Record<string, unknown>,
  start: Start,
  restart: readonly Start[] | undefined,
): Launch {
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  const limitMs = direction === 'execute' ? atom.timeoutMs : atom.revertTimeoutMs
  const own = limitMs === undefined ? undefined : new AbortController()
  const context = run.contexts.of(node, direction, own?.signal)
  const record = run.moves.detailOf(node)
  const deadline = undefined
  const call = { atom, direction, inputs, context, run: run.flowDetail, record, deadline }
  return { node, start, restart, call, limitMs, abort: own?.abort.bind(own) }
}

/** What a retry has tried so far. */
export function historyOf(run: Pick<Runtime, 'moves'>, retry: GraphNode): History {
  const { results, failure } = run.moves.retryDetailOf(retry)
  return new History(results, failure)
}
