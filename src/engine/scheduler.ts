/**
 * Starts atoms: moves them to RUNNING or REVERTING and finds their inputs.
 *
 * The code of an atom is not called here but by the machine, once the move is stored and told
 * (the write-ahead rule).
 *
 * @module
 */
import type { Binding } from '../atoms/bindings.ts'
import { History } from '../atoms/history.ts'
import { Failure } from '../base/failure.ts'
import type { AtomCall } from '../executors/executor.ts'
import type { RetryDetail, TaskDetail } from '../persistence/atom-detail.ts'
import { descendantsOf, type GraphNode } from './compiler.ts'
import type { Runtime } from './runtime.ts'

/** An atom that has been moved, with the call that is to be made. */
export interface Launch {
  /** The atom's node. */
  readonly node: GraphNode
  /** The call to make. */
  readonly call: AtomCall
  /** How long the call may take, in milliseconds; undefined for no limit. */
  readonly limitMs: number | undefined
  /** Aborts the signal of this call alone; undefined when nothing can make it do so. */
  readonly abort: ((reason: unknown) => void) | undefined
}

const STARTS = { starts: true } as const

/** An atom that has been moved, at once or when the move is written. */
type Starting = Launch | undefined | Promise<Launch | undefined>

/**
 * Starts an atom in the direction in which it is meant to go. When an input has no value, the flow
 * is broken by it, and the atom stays RUNNING or REVERTING. A promise only where something is to be
 * written first, or a retry starts again: there would be several for each atom.
 */
export function start(runtime: Runtime, node: GraphNode): Starting {
  const { intention } = runtime.detailOf(node)
  if (intention === 'EXECUTE') return startExecute(runtime, node)
  if (intention === 'REVERT' || node.kind === 'task') return startRevert(runtime, node)
  return startAgain(runtime, node)
}

async function startAgain(runtime: Runtime, node: GraphNode): Promise<Launch | undefined> {
  runtime.moveTo(node, 'RETRYING', { starts: true })
  await runtime.afterMove()
  await retrySubflow(runtime, node)
  return startExecute(runtime, node)
}

/** Sends everything after a retry back to the start, and the retry itself to its next attempt. */
export async function retrySubflow(runtime: Runtime, retry: GraphNode): Promise<void> {
  const region = descendantsOf(retry)
  runtime.intend(retry, 'EXECUTE')
  for (const node of region) {
    if (node.atom === undefined) continue
    const { state, hasFailed } = runtime.detailOf(node)
    if (state !== 'PENDING' || hasFailed) {
      runtime.failing.delete(node.name)
      runtime.move(
        node,
        (record) => {
          record.startOver()
          if (record.kind === 'task') record.progress = 0
        },
        { starts: true, payload: hasFailed },
      )
      await runtime.afterMove()
    }
    runtime.intend(node, 'EXECUTE')
  }
  runtime.selector.restartAfter(retry, region)
  runtime.turned.forget()
}

function startExecute(runtime: Runtime, node: GraphNode): Starting {
  const isAgain = runtime.detailOf(node).state === 'RUNNING'
  runtime.move(
    node,
    (detail) => {
      detail.state = 'RUNNING'
      if (!isAgain) detail.attempt += 1
      runtime.setProgress(node, detail, 0)
      if (detail.kind === 'retry') (detail as RetryDetail).retryAt = undefined
      detail.version = node.atom?.version
      detail.provisions = node.atom?.provisions
    },
    STARTS,
  )
  const written = runtime.afterMove()
  return written === undefined
    ? execution(runtime, node)
    : written.then(() => execution(runtime, node))
}

function execution(runtime: Runtime, node: GraphNode): Launch | undefined {
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  const inputs = inputsOf(runtime, node, atom.executeBindings)
  if (inputs === undefined) return undefined
  if (atom.kind === 'retry') inputs['history'] = historyOf(runtime, node)
  return callOf(runtime, node, 'execute', inputs)
}

function startRevert(runtime: Runtime, node: GraphNode): Starting {
  runtime.moveTo(node, 'REVERTING', STARTS)
  const written = runtime.afterMove()
  return written === undefined ? undoing(runtime, node) : written.then(() => undoing(runtime, node))
}

function undoing(runtime: Runtime, node: GraphNode): Launch | undefined {
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  const inputs = inputsOf(runtime, node, atom.revertBindings)
  if (inputs === undefined) return undefined
  runtime.failing.putInto(inputs)
  if (atom.kind === 'retry') inputs['history'] = historyOf(runtime, node)
  else {
    const { failure, results, resultToUndo } = runtime.detailOf(node) as TaskDetail
    inputs['result'] = failure ?? results ?? resultToUndo
  }
  return callOf(runtime, node, 'revert', inputs)
}

function inputsOf(
  runtime: Runtime,
  node: GraphNode,
  bindings: readonly Binding[],
): Record<string, unknown> | undefined {
  try {
    return runtime.lookup.inputs(node, bindings)
  } catch (error) {
    runtime.errors.push(Failure.from(error))
    return undefined
  }
}

function callOf(
  runtime: Runtime,
  node: GraphNode,
  direction: AtomCall['direction'],
  inputs: Record<string, unknown>,
): Launch {
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  const limitMs = direction === 'execute' ? atom.timeoutMs : atom.revertTimeoutMs
  const own = limitMs === undefined ? undefined : new AbortController()
  const context = runtime.contextOf(node, direction, own?.signal)
  const call = { atom, direction, inputs, context }
  return { node, call, limitMs, abort: own?.abort.bind(own) }
}

/** What a retry has tried so far. */
export function historyOf(runtime: Runtime, retry: GraphNode): History {
  const { results, failure } = runtime.detailOf(retry) as RetryDetail
  return new History(results, failure)
}
