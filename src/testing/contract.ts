/**
 * The contract suites: what every backend and every executor must do, as tests.
 *
 * For authors of drivers. Published as `taskflow-ts/testing/contract`; needs Vitest.
 *
 * @module
 */
export {
  type BackendContract,
  backendContract,
  type Damage,
  type DamageRecord,
  type OpenBackend,
} from './backend-contract.ts'
export { type ExecutorContract, executorContract } from './executor-contract.ts'
