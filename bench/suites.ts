/**
 * What is measured: which work, at which sizes, by whom.
 *
 * The first contender of a suite is the floor that the others are compared with. A contender that
 * does not manage a size in reasonable time has a list of its own.
 *
 * @module
 */
import type { Kind } from './work.ts'

/** Who takes part in a suite, and at which sizes when not at all. */
export interface Entrant {
  readonly contender: string
  readonly sizes?: readonly number[]
  /** Fewer of them for a quick look, where one run takes half a minute. */
  readonly quickSizes?: readonly number[]
  /** Another checkout of the project, whose code it is; this one when not given. */
  readonly checkout?: string
}

/** One table. */
export interface Suite {
  readonly name: string
  readonly title: string
  readonly kind: Kind
  /** What the figures count. */
  readonly unit: string
  /** Tells how many of them fit into a second instead. */
  readonly isRate?: true
  /** Counts what is there and takes no time, so that there is nothing to warm up. */
  readonly isCount?: true
  readonly sizes: readonly number[]
  /** The sizes of a quick look. */
  readonly quickSizes: readonly number[]
  readonly entrants: readonly Entrant[]
}

const SIZES = [10, 1_000, 10_000, 100_000]
const PYTHON_SIZES = [10, 1_000]

const IN_MEMORY = {
  unit: 'µs per task',
  sizes: SIZES,
  quickSizes: [10, 1_000],
} as const

const ONE_BY_ONE = { unit: 'µs per step', sizes: [100, 1_000], quickSizes: [100] } as const

const AT_ONCE = {
  unit: 'steps per second',
  isRate: true,
  sizes: [1_000],
  quickSizes: [1_000],
} as const

/** Every suite, in the order of the page. */
export const SUITES: readonly Suite[] = [
  {
    name: 'memory-linear',
    title: 'In memory: linear, each task takes the result of the one before',
    kind: 'linear',
    ...IN_MEMORY,
    entrants: [
      { contender: 'plain' },
      { contender: 'taskflow-run' },
      { contender: 'taskflow' },
      { contender: 'p-graph' },
      { contender: 'async', sizes: [10, 1_000] },
      { contender: 'python', sizes: PYTHON_SIZES, quickSizes: [10] },
    ],
  },
  {
    name: 'memory-wide',
    title: 'In memory: wide, and one task that takes all results',
    kind: 'wide',
    ...IN_MEMORY,
    entrants: [
      { contender: 'plain' },
      { contender: 'taskflow-run' },
      { contender: 'taskflow' },
      { contender: 'p-graph' },
      { contender: 'async', sizes: [10, 1_000, 10_000] },
      { contender: 'python', sizes: PYTHON_SIZES, quickSizes: [10] },
    ],
  },
  {
    name: 'memory-layered',
    title: 'In memory: layers, each task takes three results of the layer before',
    kind: 'layered',
    ...IN_MEMORY,
    entrants: [
      { contender: 'plain' },
      { contender: 'taskflow-run' },
      { contender: 'taskflow' },
      { contender: 'p-graph' },
      { contender: 'async', sizes: [10, 1_000] },
      { contender: 'python', sizes: [10] },
    ],
  },
  {
    name: 'memory-revert',
    title: 'In memory: tasks run and are reverted',
    kind: 'revert',
    unit: 'µs per task',
    sizes: [1_000],
    quickSizes: [1_000],
    entrants: [
      { contender: 'plain' },
      { contender: 'taskflow' },
      { contender: 'python', quickSizes: [] },
    ],
  },
  {
    name: 'memory-retry',
    title: 'In memory: one task that succeeds at the last attempt',
    kind: 'retry',
    unit: 'µs per attempt',
    sizes: [100],
    quickSizes: [100],
    entrants: [{ contender: 'plain' }, { contender: 'taskflow' }, { contender: 'python' }],
  },
  {
    name: 'sqlite-linear',
    title: 'SQLite: linear',
    kind: 'linear',
    ...ONE_BY_ONE,
    entrants: [
      { contender: 'raw-sqlite' },
      { contender: 'taskflow-sqlite' },
      { contender: 'taskflow-sqlite-normal' },
      { contender: 'taskflow-directory' },
      { contender: 'openworkflow-sqlite' },
      { contender: 'python-sqlite', sizes: [100] },
    ],
  },
  {
    name: 'sqlite-wide',
    title: 'SQLite: wide + join',
    kind: 'wide',
    ...AT_ONCE,
    entrants: [
      { contender: 'raw-sqlite-batched' },
      { contender: 'raw-sqlite' },
      { contender: 'taskflow-sqlite' },
    ],
  },
  {
    name: 'sqlite-flows',
    title: 'SQLite: 100 flows of 10 steps at once',
    kind: 'flows',
    ...AT_ONCE,
    entrants: [
      { contender: 'raw-sqlite-batched' },
      { contender: 'raw-sqlite' },
      { contender: 'taskflow-sqlite' },
      { contender: 'openworkflow-sqlite' },
    ],
  },
  {
    name: 'sqlite-delay',
    title: 'SQLite: how long other work waits while 100 flows of 10 steps run',
    kind: 'delay',
    unit: 'ms, the longest',
    sizes: [1_000],
    quickSizes: [1_000],
    entrants: [
      { contender: 'taskflow-sqlite' },
      { contender: 'taskflow-sqlite-normal' },
      { contender: 'openworkflow-sqlite' },
    ],
  },
  {
    name: 'sqlite-resume',
    title: 'SQLite: from opening the database to the first step of the second half',
    kind: 'resume',
    unit: 'µs',
    sizes: [100, 1_000],
    quickSizes: [100],
    entrants: [
      { contender: 'raw-sqlite' },
      { contender: 'taskflow-sqlite' },
      { contender: 'openworkflow-sqlite' },
    ],
  },
  {
    name: 'sqlite-revert',
    title: 'SQLite: tasks run and are reverted',
    kind: 'revert',
    ...ONE_BY_ONE,
    unit: 'µs per task',
    entrants: [
      { contender: 'raw-sqlite' },
      { contender: 'taskflow-sqlite' },
      { contender: 'python-sqlite', sizes: [100] },
    ],
  },
  {
    name: 'sqlite-retry',
    title: 'SQLite: one task that succeeds at the last attempt',
    kind: 'retry',
    unit: 'µs per attempt',
    sizes: [100],
    quickSizes: [100],
    entrants: [
      { contender: 'raw-sqlite' },
      { contender: 'taskflow-sqlite' },
      { contender: 'python-sqlite' },
    ],
  },
  {
    name: 'postgres-linear',
    title: 'PostgreSQL: linear',
    kind: 'linear',
    ...ONE_BY_ONE,
    entrants: [
      { contender: 'raw-postgres' },
      { contender: 'taskflow-postgres' },
      { contender: 'restate' },
      { contender: 'dbos' },
      { contender: 'openworkflow-postgres' },
      { contender: 'python-postgres', sizes: [100] },
    ],
  },
  {
    name: 'postgres-wide',
    title: 'PostgreSQL: wide + join',
    kind: 'wide',
    ...AT_ONCE,
    entrants: [
      { contender: 'raw-postgres-batched' },
      { contender: 'raw-postgres-16' },
      { contender: 'taskflow-postgres' },
      { contender: 'restate' },
      { contender: 'dbos' },
    ],
  },
  {
    name: 'postgres-flows',
    title: 'PostgreSQL: 100 flows of 10 steps at once',
    kind: 'flows',
    ...AT_ONCE,
    entrants: [
      { contender: 'raw-postgres-batched' },
      { contender: 'raw-postgres-16' },
      { contender: 'taskflow-postgres' },
      { contender: 'restate' },
      { contender: 'dbos' },
      { contender: 'openworkflow-postgres' },
    ],
  },
  {
    name: 'mysql-linear',
    title: 'MySQL or MariaDB: linear',
    kind: 'linear',
    ...ONE_BY_ONE,
    entrants: [{ contender: 'raw-mysql' }, { contender: 'taskflow-mysql' }],
  },
  {
    name: 'mysql-flows',
    title: 'MySQL or MariaDB: 100 flows of 10 steps at once',
    kind: 'flows',
    ...AT_ONCE,
    entrants: [{ contender: 'raw-mysql' }, { contender: 'taskflow-mysql' }],
  },
  {
    name: 'held',
    title: 'Memory of a flow that has run and is held',
    kind: 'held',
    unit: 'bytes per task',
    isCount: true,
    sizes: [1_000, 100_000],
    quickSizes: [1_000],
    entrants: [
      { contender: 'held-plain' },
      { contender: 'held-linear' },
      { contender: 'held-wide' },
      { contender: 'held-layered' },
      { contender: 'python', sizes: [1_000] },
    ],
  },
  {
    name: 'rss',
    title: 'Memory of the process then',
    kind: 'rss',
    unit: 'MiB',
    isCount: true,
    sizes: [1_000, 100_000],
    quickSizes: [1_000],
    entrants: [
      { contender: 'held-plain' },
      { contender: 'held-linear' },
      { contender: 'held-wide' },
      { contender: 'held-layered' },
    ],
  },
  {
    name: 'import',
    title: 'First import',
    kind: 'import',
    unit: 'ms',
    isCount: true,
    sizes: [1],
    quickSizes: [1],
    entrants: [
      { contender: 'package:nothing' },
      { contender: 'package:taskflow-ts' },
      { contender: 'package:taskflow-ts/sqlite' },
      { contender: 'package:taskflow-ts/postgres' },
      { contender: 'package:async' },
      { contender: 'package:p-graph' },
      { contender: 'package:openworkflow' },
      { contender: 'package:@dbos-inc/dbos-sdk' },
      { contender: 'package:@restatedev/restate-sdk' },
    ],
  },
  {
    name: 'install',
    title: 'Room on disk, with all that is needed',
    kind: 'install',
    unit: 'KiB',
    isCount: true,
    sizes: [1],
    quickSizes: [1],
    entrants: [
      { contender: 'package:taskflow-ts' },
      { contender: 'package:async' },
      { contender: 'package:p-graph' },
      { contender: 'package:openworkflow' },
      { contender: 'package:@dbos-inc/dbos-sdk' },
      { contender: 'package:@restatedev/restate-sdk' },
    ],
  },
]
