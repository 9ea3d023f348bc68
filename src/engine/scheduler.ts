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
}

/**
 * Starts an atom in the direction in which it is meant to go. When an input has no value, the flow
 * is broken by it, and the atom stays RUNNING or REVERTING.
 */
export async function start(runtime: Runtime, node: GraphNode): Promise<Launch | undefined> {
  const { intention } = runtime.detailOf(node)
  if (intention === 'EXECUTE') return startExecute(runtime, node)
  if (intention === 'REVERT' || node.kind === 'task') return startRevert(runtime, node)
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
    const detail = runtime.detailOf(node)
    if (detail.state !== 'PENDING') {
      runtime.move(
        node,
        (record) => {
          record.state = 'PENDING'
          if (record.kind === 'task') record.progress = 0
        },
        { starts: true },
      )
      await runtime.afterMove()
    }
    runtime.intend(node, 'EXECUTE')
  }
  runtime.selector.restartAfter(retry, region)
}

async function startExecute(runtime: Runtime, node: GraphNode): Promise<Launch | undefined> {
  const isAgain = runtime.detailOf(node).state === 'RUNNING'
  runtime.move(
    node,
    (detail) => {
      detail.state = 'RUNNING'
      if (!isAgain) detail.attempt += 1
      if (node.atom?.kind === 'task') {
        detail.progress = 0
        detail.progressDetails = undefined
        node.atom.tellProgress(0)
      }
    },
    { starts: true },
  )
  await runtime.afterMove()
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  const inputs = inputsOf(runtime, node, atom.executeBindings)
  if (inputs === undefined) return undefined
  if (atom.kind === 'retry') inputs['history'] = historyOf(runtime, node)
  return callOf(runtime, node, 'execute', inputs)
}

async function startRevert(runtime: Runtime, node: GraphNode): Promise<Launch | undefined> {
  runtime.moveTo(node, 'REVERTING', { starts: true })
  await runtime.afterMove()
  const { atom } = node as { readonly atom: AtomCall['atom'] }
  const inputs = inputsOf(runtime, node, atom.revertBindings)
  if (inputs === undefined) return undefined
  inputs['flowFailures'] = Object.fromEntries(runtime.failing)
  if (atom.kind === 'retry') inputs['history'] = historyOf(runtime, node)
  else {
    const { failure, results } = runtime.detailOf(node) as TaskDetail
    inputs['result'] = failure ?? results
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
    runtime.errors.push(error)
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
  return { node, call: { atom, direction, inputs, context: runtime.contextOf(node, direction) } }
}

/** What a retry has tried so far. */
export function historyOf(runtime: Runtime, retry: GraphNode): History {
  const { results, failure } = runtime.detailOf(retry) as RetryDetail
  return new History(results, failure)
}
