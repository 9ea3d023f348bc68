/**
 * The public face of taskflow-ts.
 *
 * Subpaths hold what needs a library or a server: `taskflow-ts/sqlite`.
 *
 * @module
 */

// Atoms: what a user writes
export { Atom, type AtomOptions, type Wired } from './atoms/atom.ts'
export type { Binding, Rebind } from './atoms/bindings.ts'
export {
  alwaysRevert,
  alwaysRevertAll,
  type ControllerOptions,
  forEach,
  type GivingUpOptions,
  parameterizedForEach,
  times,
} from './atoms/controllers.ts'
export type { DelayInputs, ExponentialDelay, RetryDelay } from './atoms/delay.ts'
export { type TaskSpec, task } from './atoms/function-task.ts'
export { type FunctorOptions, mapTask, reduceTask } from './atoms/functors.ts'
export { type Attempt, History } from './atoms/history.ts'
export type { Provides, Provision } from './atoms/provides.ts'
export {
  type Decision,
  Retry,
  type RetryFunctions,
  type RetryInputs,
  type RetryOptions,
  type RetryRevertInputs,
  type RetrySpec,
  retry,
} from './atoms/retry.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './atoms/schema.ts'
export {
  type RevertInputs,
  Task,
  type TaskContext,
  type TaskEvents,
  type TaskFunctions,
  type TaskOptions,
  type TaskProgress,
} from './atoms/task.ts'
export {
  type ThreadContext,
  ThreadTask,
  type ThreadTaskOptions,
  threadTask,
} from './atoms/thread-task.ts'
// Logging and time
export {
  type Clock,
  type FullClock,
  SYSTEM_CLOCK,
  type Timer,
  type TimerOptions,
} from './base/clock.ts'
// Failures
export type { ErrorClass } from './base/error-classes.ts'
export {
  type ErrorType,
  Failure,
  type FailureParts,
  type FailureRecord,
  isFailure,
  WrappedFailure,
} from './base/failure.ts'
export type { FailureCode } from './base/failure-record.ts'
export { type Logger, SILENT_LOGGER } from './base/logger.ts'
// Notifications
export { ANY, type Callback, Notifier, type RegisterOptions } from './base/notifier.ts'
// The command line
export type { TaskflowConfig } from './cli/config.ts'
// Engines
export type { InjectOptions } from './engine/additions.ts'
export {
  type CompareAllOptions,
  type CompareOptions,
  compare,
  compareAll,
  type RunVerdict,
  type Verdict,
} from './engine/compare.ts'
export type { Compilation, GraphNode, NodeKind, Scope } from './engine/compiler.ts'
export { Engine } from './engine/engine.ts'
export type { AtomEvents, FlowEvents, FlowMoved, RetryMoved, TaskMoved } from './engine/events.ts'
export type { Interceptor, Interceptors, RunEnd } from './engine/interceptors.ts'
export {
  type AnyStore,
  defineFlow,
  type EngineKind,
  type EngineOptions,
  type FactoryOptions,
  type FlowDefinition,
  type FlowRegistry,
  flowFromDetail,
  type LoadArguments,
  type LoadOptions,
  load,
  loadFromDetail,
  loadFromFactory,
  run,
} from './engine/load.ts'
export type { Ending } from './engine/machine.ts'
export type {
  EngineBehaviour,
  EngineParts,
  FullBehaviour,
  RevertOptions,
  RunOptions,
} from './engine/options.ts'
export type { ProgressEvents, TaskProgressed } from './engine/progress.ts'
export type { RecordView } from './engine/record-view.ts'
export { type Resumed, type ResumeOptions, resumeAll } from './engine/resuming.ts'
export type { EngineStatistics, Phase } from './engine/statistics.ts'
export type { FetchOptions, Storage } from './engine/storage.ts'
// Errors
export {
  type AcceptableDifference,
  AmbiguousDependencyError,
  BackendUnavailableError,
  CancelledError,
  CorruptRecordError,
  CycleError,
  DuplicateError,
  EngineBusyError,
  type FlowDifference,
  FlowError,
  type FlowErrorCode,
  FlowMismatchError,
  InvalidInputError,
  InvalidStateError,
  IrreversibleError,
  MissingDependenciesError,
  type MissingDependency,
  NonRetryableError,
  NotFoundError,
  NotStorableError,
  type PayloadSize,
  PutAsideError,
  StaleWriteError,
  StorageError,
  TimeoutError,
} from './errors.ts'
export { callAtom } from './executors/call.ts'
// Executors
export { type ConcurrentOptions, concurrent } from './executors/concurrent.ts'
export type {
  AtomCall,
  CallDirection,
  Executor,
  ExecutorFactory,
  ExecutorHost,
  Identified,
} from './executors/executor.ts'
export {
  answerRequest,
  type CallAnswer,
  type CallProgress,
  type CallRequest,
  type FarEnd,
  failureAnswer,
  requestOf,
  resultOf,
} from './executors/request.ts'
// Flows
export type { Decider, DeciderHistory, DeciderRule, Depth, LinkOptions } from './flows/decider.ts'
export { Flow, type FlowItem, type FlowOptions, type Link, type Pattern } from './flows/flow.ts'
export { type AddOptions, GraphFlow, graph } from './flows/graph.ts'
export { LinearFlow, linear } from './flows/linear.ts'
export { UnorderedFlow, unordered } from './flows/unordered.ts'
export type { GivesOf, NeedsOf, ResultsOf, StoreOf, StoreOption } from './flows/wiring.ts'
// Listeners
export { type Captured, CaptureListener } from './listeners/capturing.ts'
export {
  CheckingClaimListener,
  type CheckingClaimOptions,
  type ClaimLoss,
  type JobClaim,
} from './listeners/checking-claim.ts'
export type { DisclosureOptions } from './listeners/disclosure.ts'
export { DumpingListener } from './listeners/dumping.ts'
export {
  DurationListener,
  type DurationOptions,
  type Measured,
  PrintingDurationListener,
  type PrintingDurationOptions,
} from './listeners/duration.ts'
export { DynamicLoggingListener, type DynamicLoggingOptions } from './listeners/dynamic-logging.ts'
export { EventTimeListener, type EventTimeOptions } from './listeners/event-time.ts'
export { FailureFormatter, type FormatsFailures } from './listeners/failure-formatter.ts'
export {
  Listener,
  type ListenerOptions,
  type Watched,
  type WatchedStorage,
} from './listeners/listener.ts'
export { LoggingListener, type LoggingOptions, type LogLevel } from './listeners/logging.ts'
export { PrintingListener, type PrintingOptions, type Write } from './listeners/printing.ts'
export { ProgressListener } from './listeners/progress.ts'
// Persistence
export {
  type AtomDetail,
  type CommonDetail,
  type ProgressDetails,
  RetryDetail,
  TaskDetail,
} from './persistence/atom-detail.ts'
export type {
  AtomPayload,
  AtomRecord,
  Backend,
  BackendSupports,
  BookFilter,
  BookRecord,
  Checkpoint,
  Fence,
  FlowFilter,
  FlowRecord,
  PageOptions,
  StoredFlow,
  StoredFlowRecord,
} from './persistence/backend.ts'
export type { CellPlace } from './persistence/cells.ts'
export type { Examination, Setting } from './persistence/examination.ts'
export { FlowDetail, LogBook } from './persistence/flow-detail.ts'
export type { Deadline, EngineMeta, PutAside, TakeUps, Undo } from './persistence/flow-meta.ts'
export { ForwardingBackend } from './persistence/forwarding.ts'
export { type MemoryOptions, memory } from './persistence/memory.ts'
export { openBackend, registerBackend } from './persistence/open.ts'
export {
  type PayloadCodec,
  type PayloadCodecOptions,
  withPayloadCodec,
} from './persistence/payload-codec.ts'
export {
  listLogBooks,
  listUnfinished,
  listUnfinishedRecords,
  loadFlowDetail,
  loadLogBook,
  type UnfinishedFilter,
} from './persistence/reader.ts'
export { type RemovalOptions, removeFinished } from './persistence/retention.ts'
// Plans
export type { DotOptions } from './plans/dot.ts'
export type { DataOptions } from './plans/edges.ts'
export type { PlanRunOptions } from './plans/marks.ts'
export type { MermaidOptions } from './plans/mermaid.ts'
export type {
  CriticalPath,
  DecidedLink,
  InputSource,
  PlanData,
  PlannedAtom,
  PlannedDecider,
  PlannedFlow,
  PlannedGap,
  PlannedInput,
  PlannedLink,
  PlannedRetry,
  PlannedTask,
  UnusedSymbol,
} from './plans/model.ts'
export { durationsOf, Plan, type PlanOptions, plan } from './plans/plan.ts'
export type { TextOptions } from './plans/text.ts'
// States
export type { AtomState, Intention, RetryState, TaskState } from './states/atom.ts'
export { RETRY_MOVES, TASK_MOVES } from './states/atom.ts'
export { FLOW_MOVES, type FlowState } from './states/flow.ts'
export { JOB_MOVES, type JobState } from './states/job.ts'
