/**
 * What users test their flows with: the crash explorer, stubs, forced failures, transitions, and a
 * fake clock.
 *
 * Published as `taskflow-ts/testing`. Needs no test framework: what it throws, any of them shows.
 *
 * @module
 */
export { ScheduleFailedError } from '../errors.ts'
export {
  CONTRACT_WORK,
  type ContractWork,
  type ContractWorkName,
  contractTask,
} from './executor/work.ts'
export type { EndState } from './explorer/ending.ts'
export { type Exploration, explore } from './explorer/explore.ts'
export type { End, ExploreOptions, FlowMaker, Moment, Simulation } from './explorer/plan.ts'
export { FakeClock } from './fake-clock.ts'
export {
  type FailAtOptions,
  type ForcedFailure,
  failAt,
  SimulatedError,
} from './forced-failures.ts'
export { type FlowRun, type RunFlowOptions, runFlow } from './run-flow.ts'
export {
  type Stub,
  type StubMethods,
  type StubOf,
  type StubResult,
  type Stubs,
  stub,
} from './stubs.ts'
export {
  type ExpectTransitionsOptions,
  expectTransitions,
  type HasTransitions,
  TransitionRecorder,
  transitionsOf,
} from './transitions.ts'
