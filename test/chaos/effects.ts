/**
 * What the processes of a chaos test did, as each of them noted it outside of the database: one file
 * for each process, one line for each event, in the order of one clock for all of them.
 *
 * @module
 */
import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** One line. */
export interface Noted {
  /**
   * - `begin`, `end`: the code of a task began, or came to its end;
   * - `told`: listeners were told of an outcome, so it is acknowledged;
   * - `started`, `ended`: listeners were told that the flow runs, or how it ended.
   */
  readonly event: 'begin' | 'end' | 'told' | 'started' | 'ended'
  /** When, in nanoseconds of the clock that all processes of the machine share. */
  readonly at: number
  /** Which process. */
  readonly worker: string
  /** Identifies the run. */
  readonly flow: string
  /** The epoch in whose name the process writes. */
  readonly epoch: number
  /** Which task, and which call of it; '' for a flow. */
  readonly atom: string
  readonly attempt: number
  readonly direction: 'execute' | 'revert' | ''
  /** The idempotency key of the call; for a flow, and what was told, the state. */
  readonly key: string
}

/** Notes what one process does. */
export class EffectLog {
  readonly #worker: string
  readonly #file: number

  constructor(folder: string, worker: string) {
    this.#worker = worker
    this.#file = openSync(join(folder, `${worker}.jsonl`), 'a')
  }

  /** The line outlives the process; `isSynced`: and the machine. */
  note(line: Omit<Noted, 'at' | 'worker'>, isSynced: boolean): void {
    const noted: Noted = { at: Number(process.hrtime.bigint()), worker: this.#worker, ...line }
    writeSync(this.#file, `${JSON.stringify(noted)}\n`)
    if (isSynced) fdatasyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Everything that all processes noted, in order. The last line of a killed one may be cut. */
export function readEffects(folder: string): readonly Noted[] {
  return readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1))
    .map((line): Noted => JSON.parse(line))
    .sort((one, other) => one.at - other.at)
}
