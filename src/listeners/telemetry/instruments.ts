/**
 * The metrics: their names, units and descriptions.
 *
 * Made once for each meter, since listeners come and go with their engines.
 *
 * @module
 */
import { type Counter, type Histogram, type Meter, metrics } from '@opentelemetry/api'

/** Whose spans and metrics these are, for those who filter by instrumentation. */
export const SCOPE = 'taskflow-ts'

/** What is counted and measured of runs and atoms. */
export interface Instruments {
  /** Runs that have ended. */
  readonly runs: Counter
  /** How long they took, in seconds. */
  readonly runDuration: Histogram
  /** States that atoms have entered. */
  readonly moves: Counter
  /** How long calls of atoms took, in seconds. */
  readonly atomDuration: Histogram
  /** New attempts that retries decided on. */
  readonly retries: Counter
  /** Atoms whose revert was started. */
  readonly reverts: Counter
}

/** What is measured of checkpoints. */
export interface CheckpointInstruments {
  /** How long writing took, in seconds. */
  readonly duration: Histogram
  /** How large they are, in bytes. */
  readonly size: Histogram
}

/** Tasks take from a millisecond to hours. */
const SECONDS = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
]
const BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304]

const made = new WeakMap<Meter, Instruments>()

/** The instruments of a meter. */
export function instrumentsOf(meter: Meter = metrics.getMeter(SCOPE)): Instruments {
  const known = made.get(meter)
  if (known !== undefined) return known
  const instruments: Instruments = {
    runs: meter.createCounter('taskflow.runs', {
      description: 'Runs of flows that have ended, by the state they ended in',
      unit: '{run}',
    }),
    runDuration: meter.createHistogram('taskflow.run.duration', {
      description: 'How long runs of flows took',
      unit: 's',
      advice: { explicitBucketBoundaries: SECONDS },
    }),
    moves: meter.createCounter('taskflow.atom.moves', {
      description: 'States that tasks and retries have entered',
      unit: '{move}',
    }),
    atomDuration: meter.createHistogram('taskflow.atom.duration', {
      description: 'How long calls of execute and revert took',
      unit: 's',
      advice: { explicitBucketBoundaries: SECONDS },
    }),
    retries: meter.createCounter('taskflow.retries', {
      description: 'New attempts that retries decided on',
      unit: '{retry}',
    }),
    reverts: meter.createCounter('taskflow.reverts', {
      description: 'Tasks and retries whose revert was started',
      unit: '{revert}',
    }),
  }
  made.set(meter, instruments)
  return instruments
}

/** Makes the instruments for checkpoints. */
export function checkpointInstrumentsOf(
  meter: Meter = metrics.getMeter(SCOPE),
): CheckpointInstruments {
  return {
    duration: meter.createHistogram('taskflow.checkpoint.duration', {
      description: 'How long writing checkpoints took',
      unit: 's',
      advice: { explicitBucketBoundaries: SECONDS },
    }),
    size: meter.createHistogram('taskflow.checkpoint.size', {
      description: 'How much text checkpoints hold',
      unit: 'By',
      advice: { explicitBucketBoundaries: BYTES },
    }),
  }
}
