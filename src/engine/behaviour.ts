/**
 * Reads the options of engines and runs: all of them, once, before anything happens.
 *
 * For whatever loads or runs a flow. The tables say what each option must be; those of several
 * kinds that come in one object are told apart by them.
 *
 * @module
 */
import {
  BOOLEAN,
  type Check,
  type Checks,
  CLOCK,
  DURATION,
  FUNCTION,
  isObject,
  kindOf,
  LIMIT,
  LIST,
  LOGGER,
  listOf,
  methods,
  number,
  oneOf,
  readOptions,
  SIGNAL,
  shown,
  VALUES,
} from '../base/checks.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { SILENT_LOGGER } from '../base/logger.ts'
import { DEFAULT_MAX_PAYLOAD_BYTES, LEAST_MAX_PAYLOAD_BYTES } from '../base/payload-limit.ts'
import { ACCEPTABLE_DIFFERENCES } from '../errors.ts'
import type { Executor } from '../executors/executor.ts'
import { LEASE_MS } from '../holding/lease.ts'
import { MAX_TAKE_UPS } from '../holding/poison.ts'
import type { Backend } from '../persistence/backend.ts'
import type {
  AnyStore,
  EngineBehaviour,
  EngineOptions,
  FactoryOptions,
  FlowDefinition,
  FlowRegistry,
  FullBehaviour,
  LoadOptions,
  RevertOptions,
  RunOptions,
} from './options.ts'

/** The names of what a contract must be able to do. */
type MethodsOf<Contract> = {
  [Name in keyof Contract & string]: Contract[Name] extends (...args: never[]) => unknown
    ? Name
    : never
}[keyof Contract & string]

type Methods<Contract> = Readonly<Record<MethodsOf<Contract>, true>>

const BACKEND_METHODS: Methods<Backend> = {
  open: true,
  close: true,
  save: true,
  loadBook: true,
  listBooks: true,
  countBooks: true,
  loadFlow: true,
  listFlows: true,
  countFlows: true,
  removeBook: true,
  removeBooks: true,
  removeFlow: true,
}

/** A place that remembers flows. */
export const BACKEND: Check = methods('a Backend', Object.keys(BACKEND_METHODS))

const MAX_WORKERS = number({ least: 1, whole: true })

const CAPACITY = number({ least: 0, whole: true })

const EXECUTOR: Check = (name, value) => {
  methods('an Executor', ['call'])(name, value)
  CAPACITY(`capacity of ${name}`, Reflect.get(value as object, 'capacity'))
  for (const method of ['giveUp', 'start', 'stop', 'onMoreCapacity'] as const) {
    const found: unknown = Reflect.get(value as object, method)
    if (found !== undefined) FUNCTION(`${method} of ${name}`, found)
  }
}

/** Kinds by name, as a command line gives them; a function is a kind of one's own. */
const ENGINE_KIND: Check = (name, value) => {
  if (typeof value === 'function') return
  const Problem = typeof value === 'string' ? RangeError : TypeError
  if (value === 'serial' || value === 'parallel') return
  throw new Problem(
    `${name} must be 'serial', 'parallel' or a function that makes an Executor, got ${shown(value)}`,
  )
}

const FLOW = kindOf('a flow or a task', (value) => isNamed(value))
const DEFINITION = kindOf(
  'a definition made by defineFlow',
  (value) => isNamed(value) && typeof Reflect.get(value, 'factory') === 'function',
)
const FLOW_DETAIL = kindOf('a FlowDetail', (value) => isRecordWith(value, 'find'))
const BOOK = kindOf('a LogBook', (value) => isRecordWith(value, 'add'))

const BEHAVIOUR: Checks<EngineBehaviour> = {
  neverResolve: BOOLEAN,
  deferReverts: BOOLEAN,
  injectTransient: BOOLEAN,
  gatherStatistics: BOOLEAN,
  commit: oneOf('tick', 'move'),
  progressDelayMs: DURATION,
  graceMs: DURATION,
  accept: listOf(oneOf(...ACCEPTABLE_DIFFERENCES)),
  leaseMs: LIMIT,
  maxTakeUps: number({ least: 1, whole: true }),
  clock: CLOCK,
  maxPayloadBytes: number({ least: LEAST_MAX_PAYLOAD_BYTES, whole: true }),
  logger: LOGGER,
}

/** How an engine behaves that was given these options, which were checked: with every default. */
export function readBehaviour(given: EngineBehaviour): FullBehaviour {
  return {
    neverResolve: given.neverResolve ?? false,
    deferReverts: given.deferReverts ?? false,
    injectTransient: given.injectTransient ?? true,
    gatherStatistics: given.gatherStatistics ?? true,
    commit: given.commit ?? 'tick',
    progressDelayMs: given.progressDelayMs ?? 200,
    graceMs: given.graceMs ?? 10_000,
    accept: given.accept ?? [],
    leaseMs: given.leaseMs ?? LEASE_MS,
    maxTakeUps: given.maxTakeUps ?? MAX_TAKE_UPS,
    clock: given.clock ?? SYSTEM_CLOCK,
    maxPayloadBytes: given.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES,
    logger: given.logger ?? SILENT_LOGGER,
  }
}

/** The options of an engine. */
export const ENGINE_CHECKS: Checks<EngineOptions> = {
  ...BEHAVIOUR,
  engine: ENGINE_KIND,
  maxWorkers: MAX_WORKERS,
  executor: EXECUTOR,
  backend: BACKEND,
}

/** The options of one run. */
export const RUN_CHECKS: Checks<RunOptions> = {
  signal: SIGNAL,
  onAbort: oneOf('suspend', 'revert'),
  deadlineMs: LIMIT,
}

const REVERT_CHECKS: Checks<RevertOptions> = {
  downTo: kindOf('the name of a task, or a list of names', isNameOrNames),
  signal: SIGNAL,
}

const STORE_CHECKS: Checks<AnyStore> = { store: VALUES }

/** The options of {@link load}. */
export const LOAD_CHECKS: Checks<LoadOptions & AnyStore> = {
  ...ENGINE_CHECKS,
  ...STORE_CHECKS,
  flowDetail: FLOW_DETAIL,
  book: BOOK,
}

/** The options of {@link loadFromFactory}. */
export const FACTORY_CHECKS: Checks<FactoryOptions & AnyStore> = {
  ...ENGINE_CHECKS,
  ...STORE_CHECKS,
  book: BOOK,
}

/** The options of {@link loadFromDetail}. */
export const DETAIL_CHECKS: Checks<FactoryOptions & AnyStore & { readonly flows: FlowRegistry }> = {
  ...FACTORY_CHECKS,
  flows: LIST,
}

/** @throws TypeError or RangeError for an invalid option of {@link Engine.run}. */
export function checkRunOptions(options: RunOptions): void {
  readOptions('run()', options, RUN_CHECKS)
}

/** @throws TypeError or RangeError for an invalid option of {@link Engine.revert}. */
export function checkRevertOptions(options: RevertOptions): void {
  readOptions('revert()', options, REVERT_CHECKS)
}

function isNamed(value: unknown): value is object {
  return isObject(value) && typeof Reflect.get(value, 'name') === 'string'
}

function isRecordWith(value: unknown, method: string): boolean {
  return (
    isNamed(value) &&
    typeof Reflect.get(value, 'uuid') === 'string' &&
    typeof Reflect.get(value, method) === 'function'
  )
}

function isNameOrNames(value: unknown): boolean {
  const names = Array.isArray(value) ? value : [value]
  return names.every((name) => typeof name === 'string')
}

/** @throws TypeError or RangeError for what is no executor. */
export function demandExecutor(what: string, made: unknown): asserts made is Executor {
  EXECUTOR(what, made)
}

/** @throws TypeError for what cannot be run. */
export function demandFlow(flow: unknown, what = 'the flow'): void {
  FLOW(what, flow)
}

/** @throws TypeError for what {@link defineFlow} does not give. */
export function demandDefinition(flow: unknown): asserts flow is FlowDefinition {
  DEFINITION('each of the flows', flow)
}
