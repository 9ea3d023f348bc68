/**
 * Every executor of the package keeps the contract of executors.
 *
 * @module
 */
import { concurrentForOne } from '../../src/executors/concurrent.ts'
import { INLINE } from '../../src/executors/inline.ts'
import { threads } from '../../src/executors/threads.ts'
import { concurrent, threadTask } from '../../src/index.ts'
import { executorContract } from '../../src/testing/contract.ts'

executorContract({ name: 'inline', make: () => INLINE })
executorContract({ name: 'concurrent', make: () => concurrent({ maxWorkers: 3 }) })
executorContract({ name: 'concurrent, for one engine', make: () => concurrentForOne(undefined) })
executorContract({
  name: 'threads',
  make: () => threads({ maxWorkers: 2 }),
  taskFor: ({ name, execute, revert, requires, options }) =>
    threadTask(name, {
      ...options,
      requires,
      module: new URL('./fixtures/contract-work.mjs', import.meta.url),
      execute,
      ...(revert !== undefined && { revert }),
    }),
})
