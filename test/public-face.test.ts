/**
 * The names that each entry of the package exports: changing this file is changing the API.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'

interface Manifest {
  readonly exports: Readonly<Record<string, string>>
  readonly files: readonly string[]
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const build = JSON.parse(readFileSync('tsconfig.build.json', 'utf8')) as {
  readonly compilerOptions: { readonly rootDir: string; readonly outDir: string }
}

/** The source that the build makes an entry of. */
function sourceOf(entry: string): string {
  const { rootDir, outDir } = build.compilerOptions
  const path = manifest.exports[entry] ?? ''
  return path.replace(`./${outDir}/`, `./${rootDir}/`).replace(/\.js$/, '.ts')
}

/** Values by asking the module, types by reading it, since they are gone at run time. */
async function namesOf(entry: string): Promise<string> {
  const source = sourceOf(entry)
  const text = readFileSync(source, 'utf8')
  const values = Object.keys((await import(pathToFileURL(source).href)) as object)
  const types = new Set<string>()
  for (const [, kind, list = ''] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const [, isType, name = ''] of list.matchAll(/(type )?(\w+)(?= *(?:,|$))/gm)) {
      if ((kind ?? isType) !== undefined) types.add(name)
    }
  }
  for (const [, name = ''] of text.matchAll(/^export (?:interface|type) (\w+)/gm)) types.add(name)
  return [...values.sort(), ...[...types].sort().map((name) => `type ${name}`)].join('\n')
}

describe('entries', () => {
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')

  test('are the ones below', () => {
    expect(entries).toEqual([
      '.',
      './sqlite',
      './directory',
      './postgres',
      './mysql',
      './svg',
      './threads',
      './telemetry',
      './testing',
      './testing/contract',
    ])
  })

  test.each(entries)('%s is made by the build from a source that is there', (entry) => {
    const { outDir } = build.compilerOptions
    expect(manifest.exports[entry]).toMatch(new RegExp(`^\\./${outDir}/.+\\.js$`))
    expect(existsSync(sourceOf(entry))).toBe(true)
    expect(manifest.files).toContain(outDir)
  })

  test('taskflow-ts', async () => {
    expect(await namesOf('.')).toMatchInlineSnapshot(`
      "ANY
      AmbiguousDependencyError
      Atom
      BackendUnavailableError
      CancelledError
      CaptureListener
      CheckingClaimListener
      CorruptRecordError
      CycleError
      DumpingListener
      DuplicateError
      DurationListener
      DynamicLoggingListener
      Engine
      EngineBusyError
      EventTimeListener
      FLOW_MOVES
      Failure
      FailureFormatter
      Flow
      FlowDetail
      FlowError
      FlowMismatchError
      ForwardingBackend
      GraphFlow
      History
      InvalidInputError
      InvalidStateError
      IrreversibleError
      JOB_MOVES
      LinearFlow
      Listener
      LogBook
      LoggingListener
      MissingDependenciesError
      NonRetryableError
      NotFoundError
      NotStorableError
      Notifier
      Plan
      PrintingDurationListener
      PrintingListener
      ProgressListener
      PutAsideError
      RETRY_MOVES
      Retry
      RetryDetail
      SILENT_LOGGER
      SYSTEM_CLOCK
      StaleWriteError
      StorageError
      TASK_MOVES
      Task
      TaskDetail
      ThreadTask
      TimeoutError
      UnorderedFlow
      WrappedFailure
      alwaysRevert
      alwaysRevertAll
      answerRequest
      callAtom
      compare
      compareAll
      concurrent
      defineFlow
      durationsOf
      failureAnswer
      flowFromDetail
      forEach
      graph
      isFailure
      linear
      listLogBooks
      listUnfinished
      listUnfinishedRecords
      load
      loadFlowDetail
      loadFromDetail
      loadFromFactory
      loadLogBook
      mapTask
      memory
      openBackend
      parameterizedForEach
      plan
      reduceTask
      registerBackend
      removeFinished
      requestOf
      resultOf
      resumeAll
      retry
      run
      task
      threadTask
      times
      unordered
      withPayloadCodec
      type AcceptableDifference
      type AddOptions
      type AnyStore
      type AtomCall
      type AtomDetail
      type AtomEvents
      type AtomOptions
      type AtomPayload
      type AtomRecord
      type AtomState
      type Attempt
      type Backend
      type BackendSupports
      type Binding
      type BookFilter
      type BookRecord
      type CallAnswer
      type CallDirection
      type CallProgress
      type CallRequest
      type Callback
      type Captured
      type CellPlace
      type CheckingClaimOptions
      type Checkpoint
      type ClaimLoss
      type Clock
      type CommonDetail
      type CompareAllOptions
      type CompareOptions
      type Compilation
      type ConcurrentOptions
      type ControllerOptions
      type CriticalPath
      type DataOptions
      type Deadline
      type DecidedLink
      type Decider
      type DeciderHistory
      type DeciderRule
      type Decision
      type DelayInputs
      type Depth
      type DisclosureOptions
      type DotOptions
      type DurationOptions
      type DynamicLoggingOptions
      type Ending
      type EngineBehaviour
      type EngineKind
      type EngineMeta
      type EngineOptions
      type EngineParts
      type EngineStatistics
      type ErrorClass
      type ErrorType
      type EventTimeOptions
      type Examination
      type Executor
      type ExecutorFactory
      type ExecutorHost
      type ExponentialDelay
      type FactoryOptions
      type FailureCode
      type FailureParts
      type FailureRecord
      type FarEnd
      type Fence
      type FetchOptions
      type FlowDefinition
      type FlowDifference
      type FlowErrorCode
      type FlowEvents
      type FlowFilter
      type FlowItem
      type FlowMoved
      type FlowOptions
      type FlowRecord
      type FlowRegistry
      type FlowState
      type FormatsFailures
      type FullBehaviour
      type FullClock
      type FunctorOptions
      type GivesOf
      type GivingUpOptions
      type GraphNode
      type Identified
      type InjectOptions
      type InputSource
      type Intention
      type Interceptor
      type Interceptors
      type JobClaim
      type JobState
      type Link
      type LinkOptions
      type ListenerOptions
      type LoadArguments
      type LoadOptions
      type LogLevel
      type Logger
      type LoggingOptions
      type Measured
      type MemoryOptions
      type MermaidOptions
      type MissingDependency
      type NeedsOf
      type NodeKind
      type PageOptions
      type Pattern
      type PayloadCodec
      type PayloadCodecOptions
      type PayloadSize
      type Phase
      type PlanData
      type PlanOptions
      type PlanRunOptions
      type PlannedAtom
      type PlannedDecider
      type PlannedFlow
      type PlannedGap
      type PlannedInput
      type PlannedLink
      type PlannedRetry
      type PlannedTask
      type PrintingDurationOptions
      type PrintingOptions
      type ProgressDetails
      type ProgressEvents
      type Provides
      type Provision
      type PutAside
      type Rebind
      type RecordView
      type RegisterOptions
      type RemovalOptions
      type ResultsOf
      type ResumeOptions
      type Resumed
      type RetryDelay
      type RetryFunctions
      type RetryInputs
      type RetryMoved
      type RetryOptions
      type RetryRevertInputs
      type RetrySpec
      type RetryState
      type RevertInputs
      type RevertOptions
      type RunEnd
      type RunOptions
      type RunVerdict
      type SchemaIssue
      type SchemaResult
      type Scope
      type Setting
      type StandardSchema
      type Storage
      type StoreOf
      type StoreOption
      type StoredFlow
      type StoredFlowRecord
      type TakeUps
      type TaskContext
      type TaskEvents
      type TaskFunctions
      type TaskMoved
      type TaskOptions
      type TaskProgress
      type TaskProgressed
      type TaskSpec
      type TaskState
      type TaskflowConfig
      type TextOptions
      type ThreadContext
      type ThreadTaskOptions
      type Timer
      type TimerOptions
      type Undo
      type UnfinishedFilter
      type UnusedSymbol
      type Verdict
      type Watched
      type WatchedStorage
      type Wired
      type Write"
    `)
  })

  test('taskflow-ts/postgres', async () => {
    expect(await namesOf('./postgres')).toMatchInlineSnapshot(`
      "postgres
      type PostgresAnswer
      type PostgresClient
      type PostgresOptions
      type PostgresPool
      type PostgresQuery
      type RetryBounds"
    `)
  })

  test('taskflow-ts/mysql', async () => {
    expect(await namesOf('./mysql')).toMatchInlineSnapshot(`
      "mysql
      type MysqlConnection
      type MysqlOptions
      type MysqlPool
      type MysqlQuery
      type MysqlValue
      type RetryBounds
      type SelfWritten"
    `)
  })

  test('taskflow-ts/sqlite', async () => {
    expect(await namesOf('./sqlite')).toMatchInlineSnapshot(`
      "sqlite
      type SqliteOptions"
    `)
  })

  test('taskflow-ts/directory', async () => {
    expect(await namesOf('./directory')).toMatchInlineSnapshot(`
      "directory
      type DirectoryOptions"
    `)
  })

  test('taskflow-ts/telemetry', async () => {
    expect(await namesOf('./telemetry')).toMatchInlineSnapshot(`
      "TelemetryListener
      observed
      type ObservedOptions
      type TelemetryOptions"
    `)
  })

  test('taskflow-ts/testing', async () => {
    expect(await namesOf('./testing')).toMatchInlineSnapshot(`
      "CONTRACT_WORK
      FakeClock
      ScheduleFailedError
      SimulatedError
      TransitionRecorder
      contractTask
      expectTransitions
      explore
      failAt
      runFlow
      stub
      transitionsOf
      type ContractWork
      type ContractWorkName
      type End
      type EndState
      type ExpectTransitionsOptions
      type Exploration
      type ExploreOptions
      type FailAtOptions
      type FlowMaker
      type FlowRun
      type ForcedFailure
      type HasTransitions
      type Moment
      type RunFlowOptions
      type Simulation
      type Stub
      type StubMethods
      type StubOf
      type StubResult
      type Stubs"
    `)
  })

  test('taskflow-ts/testing/contract', async () => {
    expect(await namesOf('./testing/contract')).toMatchInlineSnapshot(`
      "backendContract
      executorContract
      type BackendContract
      type Damage
      type DamageRecord
      type ExecutorContract
      type OpenBackend"
    `)
  })
})
