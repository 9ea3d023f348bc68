/**
 * Builds the flow of a case, with nothing but the public face.
 *
 * @module
 */
import {
  alwaysRevert,
  alwaysRevertAll,
  type ControllerOptions,
  type Decision,
  type Depth,
  type FlowItem,
  type FlowOptions,
  forEach,
  type GraphFlow,
  graph,
  linear,
  type Provides,
  parameterizedForEach,
  Retry,
  type RetryInputs,
  type RetryOptions,
  type RetryRevertInputs,
  type TaskContext,
  type TaskOptions,
  task,
  times,
  unordered,
} from '../../src/index.ts'
import type { CaseFlow, CaseItem, CaseLink, CaseProvides, CaseRetry, CaseTask } from './case.ts'
import { errorOf } from './faults.ts'
import type { Inputs, Script } from './script.ts'

/**
 * Builds a flow, or a single task.
 *
 * @throws what our public face refuses it with.
 */
export function buildFlow(item: CaseItem, script: Script): FlowItem {
  if (item.kind === 'task') return buildTask(item, script)
  const options: FlowOptions = { retry: item.retry && buildRetry(item.retry, script) }
  const children = item.children.map((child) => buildFlow(child, script))
  if (item.kind === 'linear') return linear(item.name, options).add(...children)
  if (item.kind === 'unordered') return unordered(item.name, options).add(...children)
  return buildGraph(item, graph(item.name, options), children, script)
}

function buildGraph(
  { resolveRequires = true, resolveExisting = true, addOneByOne, links, target }: CaseFlow,
  flow: GraphFlow<never, object>,
  children: readonly FlowItem[],
  script: Script,
): FlowItem {
  for (const batch of addOneByOne === true ? children.map((child) => [child]) : [children]) {
    flow.addWith({ resolveRequires, resolveExisting }, ...batch)
  }
  const find = (name: string): FlowItem =>
    children.find((child) => child.name === name) ?? stranger(name)
  for (const { from, to, ...rule } of links ?? []) {
    flow.link(find(from), find(to), linkOptions(rule, script))
  }
  return target === undefined ? flow : flow.target(find(target))
}

function linkOptions(
  { decider, depth }: Pick<CaseLink, 'decider' | 'depth'>,
  script: Script,
): object {
  return {
    ...(decider && {
      decider: ({ history }: { readonly history: Inputs }) => script.decider(decider, history),
    }),
    ...(depth !== undefined && { depth: depth as Depth }),
  }
}

/** A task that no flow has, for links to nowhere. */
function stranger(name: string): FlowItem {
  return task(name, { execute: () => null })
}

function buildTask(item: CaseTask, script: Script): FlowItem {
  const { name, execute = {}, revert = {}, provides, requires = [] } = item
  const { optional, rebind, inject, priority } = item
  const { revertRequires, revertRebind, revertOptional } = item
  const options: TaskOptions = {
    ...{ optional, rebind, inject, priority, revertRequires, revertRebind, revertOptional },
    provides: provisionOf(provides),
  }
  return task(name, {
    ...(options as object),
    requires,
    execute: (inputs: Inputs) => script.task(name, 'execute', execute, inputs),
    revert: (inputs: Inputs) => script.task(name, 'revert', revert, inputs),
  })
}

function provisionOf(provides: CaseProvides | undefined): Provides | undefined {
  if (typeof provides !== 'object' || !('set' in provides)) return provides
  return { pick: provides.set }
}

function buildRetry(item: CaseRetry, script: Script): Retry<never, object> {
  const { kind, name, requires = [], rebind, revertAll } = item
  const options: RetryOptions = { provides: provisionOf(item.provides), requires, rebind }
  const named: ControllerOptions = { ...options, ...(name === undefined ? {} : { name }) }
  const givingUp = { ...named, ...(revertAll === undefined ? {} : { revertAll }) }
  switch (kind) {
    case 'Scripted':
      return new ScriptedRetry(item, options, script)
    case 'AlwaysRevert':
      return new WatchedRetry(name, options, alwaysRevert(named), script)
    case 'AlwaysRevertAll':
      return new WatchedRetry(name, options, alwaysRevertAll(named), script)
    case 'Times':
      return new WatchedRetry(name, options, times(item.attempts ?? 1, givingUp), script)
    case 'ForEach':
      return new WatchedRetry(name, options, forEach(item.values ?? [], givingUp), script)
    case 'ParameterizedForEach':
      return new WatchedRetry(name, options, parameterizedForEach(givingUp), script, takeValues)
  }
}

/** Has no inputs of its own, as the reverts of ready-made retries: only what options name. */
function takeOthers({ ...others }: object): object {
  return others
}

/** Has the input that a parameterized retry takes, and what options name. */
function takeValues({ values, ...others }: { readonly values: unknown }): object {
  return { values, ...others }
}

/** A ready-made retry whose calls are noted; its inputs are those of the retry inside. */
class WatchedRetry extends Retry<never, object> {
  readonly #inner: Retry<object, object>
  readonly #script: Script

  constructor(
    name: string | undefined,
    options: RetryOptions,
    inner: Retry<never, object>,
    script: Script,
    execute: (inputs: never) => unknown = takeOthers,
  ) {
    super(name, options, { execute, onFailure: inner.onFailure, revert: takeOthers })
    this.#inner = inner as Retry<object, object>
    this.#script = script
  }

  override execute(inputs: RetryInputs, context: TaskContext): unknown {
    return this.#script.retry(this.name, 'execute', { ...inputs }, () =>
      this.#inner.execute(inputs, context),
    )
  }

  override onFailure(inputs: RetryInputs, context: TaskContext): Decision | Promise<Decision> {
    return this.#script.decision(
      this.name,
      { ...inputs },
      () => this.#inner.onFailure(inputs, context) as Decision,
    )
  }

  override revert(inputs: RetryRevertInputs, context: TaskContext): unknown {
    return this.#script.retry(this.name, 'revert', { ...inputs }, () =>
      this.#inner.revert?.(inputs, context),
    )
  }
}

/** A retry that does as the case says. */
class ScriptedRetry extends Retry<never, object> {
  readonly #item: CaseRetry
  readonly #script: Script

  constructor(item: CaseRetry, options: RetryOptions, script: Script) {
    super(item.name, options)
    this.#item = item
    this.#script = script
  }

  override execute(inputs: RetryInputs): unknown {
    return this.#script.retry(this.name, 'execute', { ...inputs }, this.#item.execute ?? {})
  }

  override onFailure(inputs: RetryInputs): Decision | Promise<Decision> {
    return this.#script.decision(this.name, { ...inputs }, () =>
      this.#decide(inputs.history.length),
    )
  }

  override revert(inputs: RetryRevertInputs): unknown {
    return this.#script.retry(this.name, 'revert', { ...inputs }, this.#item.revert ?? {})
  }

  #decide(attemptCount: number): Decision {
    const { decisions = [], onFailureFails } = this.#item
    const last = decisions.length - 1
    const decision = decisions[Math.min(Math.max(attemptCount - 1, 0), last)]
    if (decision === undefined) throw new TypeError(`retry '${this.name}' has no decisions`)
    if (decision !== 'RAISE') return decision
    if (onFailureFails === undefined) throw new TypeError(`'${this.name}' raises no error`)
    throw errorOf(onFailureFails)
  }
}
