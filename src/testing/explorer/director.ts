/**
 * Lets a schedule happen: stands at every write and every call, and says what goes wrong there.
 *
 * Knows no engine and no world; it is told what happens, keeps the trace of it, and holds the calls
 * against the laws.
 *
 * @module
 */
import { inShort } from '../../base/thrown.ts'
import type { AtomCall } from '../../executors/executor.ts'
import type { Checkpoint } from '../../persistence/backend.ts'
import { SimulatedError } from '../forced-failures.ts'
import { Candidates, type SearchBounds } from './candidates.ts'
import type { Life } from './life.ts'
import {
  type CallName,
  callText,
  crashAtCall,
  crashAtWrite,
  crashInside,
  failureOf,
  type Incident,
  type Schedule,
} from './schedule.ts'
import { type Law, StoredRecords } from './stored-records.ts'

/** What was broken, and by what it showed. */
export interface Breach {
  /** What must hold. */
  readonly law: Law | 'the invariant' | 'what must always hold'
  /** What was thrown, by the user or in the name of the law. */
  readonly error: unknown
}

/** How much is allowed in one schedule. */
export interface DirectorBounds extends SearchBounds {
  /** How many calls of atoms there may be. */
  readonly maxCalls: number
}

/** Directs one run through one schedule. */
export class Director {
  /** What happened, in order, for people. */
  readonly trace: string[] = []
  /** The first breach; nothing goes on after it. */
  breach: Breach | undefined
  /** Name of the flow, once it is made. */
  flowName = ''
  /** What happened last. */
  last = 'the start'
  /** How many processes have died. */
  crashCount = 0
  /** How many failures were simulated. */
  failureCount = 0
  /** The atoms that a retry is in charge of: they may fail at one attempt, or at every one. */
  retried: ReadonlySet<string> = new Set()
  readonly #broken = Promise.withResolvers<void>()
  readonly #pending: Map<string, Incident>
  readonly #candidates: Candidates
  readonly #records = new StoredRecords()
  readonly #bounds: DirectorBounds
  readonly #runs = new Map<string, number>()
  readonly #marks = new Map<string, number>()
  /** Atoms that fail for good, with when. */
  readonly #failing = new Map<string, 'before' | 'after'>()
  #writeCount = 0
  #storedCount = 0
  #begunCount = 0
  #endedCount = 0
  #markCount = 0

  constructor(schedule: Schedule, bounds: DirectorBounds) {
    this.#pending = new Map(schedule.map((incident) => [incident.text, incident]))
    this.#candidates = new Candidates(schedule, bounds)
    this.#bounds = bounds
  }

  /** Resolves at the first breach. */
  get broken(): Promise<void> {
    return this.#broken.promise
  }

  /** What the schedule says and did not happen. */
  get unreached(): readonly string[] {
    return [...this.#pending.keys()]
  }

  /** What else could go wrong, after all that the schedule says. */
  get continuations(): readonly Incident[] {
    return this.#candidates.incidents
  }

  /** How many writes are stored; after the first, there is something to go on with. */
  get storedCount(): number {
    return this.#storedCount
  }

  /** Something was broken; the first breach counts. */
  break(law: Breach['law'], error: unknown): void {
    this.breach ??= { law, error }
    this.#broken.resolve()
  }

  /** A process is about to write; gives the number of the write. */
  beforeWrite(life: Life): number {
    this.#writeCount += 1
    this.#meetWrite('before', this.#writeCount, life)
    return this.#writeCount
  }

  /** A write is stored. */
  afterWrite(life: Life, write: number, checkpoint: Checkpoint): void {
    this.#storedCount += 1
    const moves = this.#records.take(checkpoint)
    const without = checkpoint.fence?.action === 'claim' ? 'the run is claimed' : 'nothing moved'
    this.trace.push(`write ${write}: ${moves.join(', ') || without}`)
    this.#meetWrite('after', write, life)
  }

  /** Names a call that is about to be made; a breach when it must not be. */
  announce(call: AtomCall): CallName {
    const { atom, direction, context } = call
    const { attempt } = context
    const key = `${direction} ${context.executeKey}`
    const run = (this.#runs.get(key) ?? 0) + 1
    this.#runs.set(key, run)
    const name = { atom: atom.name, direction, attempt, run }
    const law = this.#records.lawBrokenBy(call)
    if (law !== undefined) this.break(law, new Error(`${callText(name)} was called all the same`))
    if (this.#begunCount >= this.#bounds.maxCalls) {
      this.break('the flow ends', new Error(`it has not ended after ${this.#begunCount} calls`))
    }
    return name
  }

  /** A call is about to be made. Throws when it fails before its effect. */
  beforeCall(life: Life, call: CallName): void {
    this.#meetCall('before', call, true)
    if (this.#happens(crashAtCall('before', call))) this.#crash(life, `before ${callText(call)}`)
    else this.#failIfAsked('before', call)
    if (!life.isDead) this.#begunCount += 1
  }

  /** The code of an atom has ended, in whichever process. */
  ended(call: CallName, outcome: object): void {
    this.#endedCount += 1
    const what = 'error' in outcome ? `threw ${firstLine(inShort(outcome.error))}` : 'returned'
    this.last = `${callText(call)} ${what}`
    this.trace.push(this.last)
  }

  /** What came of a call is about to be handed on. Throws when it fails after its effect. */
  afterCall(life: Life, call: CallName, hasReturned: boolean): void {
    this.#meetCall('after', call, hasReturned)
    if (this.#happens(crashAtCall('after', call))) this.#crash(life, `after ${callText(call)}`)
    else if (hasReturned) this.#failIfAsked('after', call)
  }

  /** The code of an atom has come to a marked place. */
  meetMark(life: Life, call: CallName, label: string): void {
    const key = `${callText(call)} ${label}`
    const count = (this.#marks.get(key) ?? 0) + 1
    this.#marks.set(key, count)
    this.#markCount += 1
    const incident = crashInside(call, count === 1 ? label : `${label} (${count})`)
    if (this.#pending.size === 0) this.#candidates.meetMark(incident)
    this.trace.push(`${callText(call)} has come to '${label}'`)
    if (this.#happens(incident)) this.#crash(life, incident.text.slice('crash '.length))
  }

  #meetWrite(when: 'before' | 'after', write: number, life: Life): void {
    if (this.#pending.size === 0) this.#candidates.meetWrite(when, write, this.#traces())
    if (this.#happens(crashAtWrite(when, write))) this.#crash(life, `${when} write ${write}`)
  }

  #meetCall(when: 'before' | 'after', call: CallName, mayFail: boolean): void {
    if (this.#pending.size > 0) return
    this.#candidates.meetCrash(when, call, this.#traces())
    if (mayFail) this.#candidates.meetFailure(when, call, this.retried.has(call.atom))
  }

  /** What a crash now would leave behind. */
  #traces(): string {
    return [this.#storedCount, this.#begunCount, this.#endedCount, this.#markCount].join()
  }

  #happens(incident: Incident): boolean {
    return this.#pending.delete(incident.text)
  }

  #crash(life: Life, where: string): void {
    this.crashCount += 1
    this.last = `crash ${where}`
    this.trace.push(`CRASH ${where}`)
    life.die()
  }

  #failIfAsked(when: 'before' | 'after', call: CallName): void {
    if (this.#happens(failureOf(when, call, 'for good'))) this.#failing.set(call.atom, when)
    const lasts = call.direction === 'execute' && this.#failing.get(call.atom) === when
    if (!lasts && !this.#happens(failureOf(when, call, 'once'))) return
    this.failureCount += 1
    const text = `${callText(call)} fails ${when} its effect`
    this.last = text
    this.trace.push(`FAILURE: ${text}`)
    throw new SimulatedError(text)
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
