/**
 * What must hold of the notes of all processes, and of what is stored in the end.
 *
 * @module
 */
import type { Noted } from './effects.ts'
import { SHAPES } from './flows.ts'

/**
 * What does not hold although a process may have slept while others took its flows over: it may end
 * what it had begun, but nothing of that is acknowledged or stored.
 */
export function findDoubles(
  notes: readonly Noted[],
  stored: ReadonlyMap<string, Stored>,
): readonly string[] {
  const faults: string[] = []
  const told = new Set<string>()
  for (const { event, flow, atom, attempt, direction } of notes) {
    if (event !== 'told' && event !== 'ended') continue
    const outcome = `${flow} ${event} ${atom}:${attempt} ${direction}`
    if (told.has(outcome)) faults.push(`${outcome} twice`)
    told.add(outcome)
  }
  for (const flow of stored.values()) {
    if (flow.state !== shapeOf(flow).ends) faults.push(`${flow.name} ended ${flow.state}`)
  }
  return faults
}

/** A flow as it is stored. */
export interface Stored {
  readonly name: string
  readonly state: string
  /** What each task that succeeded has returned. */
  readonly results: Readonly<Record<string, unknown>>
}

/** One call of a task, as often as it was made. */
interface Call {
  readonly begins: Noted[]
  readonly ends: Noted[]
}

/** The notes of one flow. */
class Story {
  readonly notes: Noted[] = []
  readonly #calls = new Map<string, Call>()

  add(note: Noted): void {
    this.notes.push(note)
    if (note.event !== 'begin' && note.event !== 'end') return
    const { begins, ends } = this.call(note.atom, note.attempt, note.direction)
    if (note.event === 'begin') begins.push(note)
    else ends.push(note)
  }

  call(atom: string, attempt: number, direction: string): Call {
    const key = `${atom}:${attempt}:${direction}`
    let call = this.#calls.get(key)
    if (call === undefined) {
      call = { begins: [], ends: [] }
      this.#calls.set(key, call)
    }
    return call
  }

  /** The highest attempt of a task that was begun; 0 when none was. */
  lastAttempt(atom: string): number {
    return this.notes.reduce(
      (last, note) =>
        note.event === 'begin' && note.atom === atom ? Math.max(last, note.attempt) : last,
      0,
    )
  }

  of(atom: string): readonly Noted[] {
    return this.notes.filter((note) => note.atom === atom && note.event !== 'told')
  }
}

/** Everything that does not hold, in words; empty when all is well. */
export function findFaults(
  notes: readonly Noted[],
  stored: ReadonlyMap<string, Stored>,
): readonly string[] {
  const stories = new Map<string, Story>()
  for (const note of notes) {
    let story = stories.get(note.flow)
    if (story === undefined) {
      story = new Story()
      stories.set(note.flow, story)
    }
    story.add(note)
  }
  const faults: string[] = []
  for (const [uuid, story] of stories) {
    const flow = stored.get(uuid)
    const at = `flow ${uuid} (${flow?.name ?? 'lost'})`
    if (flow === undefined) {
      faults.push(`${at}: its start was told, and it is not stored`)
      continue
    }
    const found = [
      ...findBadEnd(story, flow),
      ...findReruns(story),
      ...findLeftovers(story, flow),
      ...findWrongOrder(story, flow),
      ...findOverlaps(story),
      ...findForgotten(story, flow),
    ]
    faults.push(...found.map((fault) => `${at}: ${fault}`))
  }
  for (const [uuid, { name, state }] of stored) {
    if (!stories.has(uuid) && state !== 'PENDING')
      faults.push(`${name} is ${state}, and nobody ran it`)
  }
  return faults
}

function shapeOf({ name }: Stored): (typeof SHAPES)[string] {
  const shape = SHAPES[name.split('/')[0] ?? '']
  if (shape === undefined) throw new Error(`${name} has no shape`)
  return shape
}

/** Ended as its shape says, is stored so, and nothing happened after that was told. */
function* findBadEnd({ notes }: Story, flow: Stored): Generator<string> {
  if (flow.state !== shapeOf(flow).ends) yield `ended ${flow.state}`
  const ended = notes.filter(({ event }) => event === 'ended')
  if (ended.length > 1) yield `its end was told ${ended.length} times`
  const [first] = ended
  if (first !== undefined && first.key !== flow.state)
    yield `told ${first.key}, stored ${flow.state}`
  if (first !== undefined && notes.at(-1) !== first) yield `went on after its end was told`
}

/** What was told to be done in an attempt is not begun again in it. */
function* findReruns(story: Story): Generator<string> {
  for (const { event, atom, attempt, direction, at, key } of story.notes) {
    if (event !== 'told') continue
    const again = story.call(atom, attempt, direction).begins.find((begin) => begin.at > at)
    if (again !== undefined)
      yield `${direction} ${atom}:${attempt} was told ${key}, and begun again`
  }
}

/** What was begun has come to its end, later if need be, or is undone. */
function* findLeftovers(story: Story, flow: Stored): Generator<string> {
  const begins = new Map<string, Noted>()
  for (const note of story.notes) {
    if (note.event === 'begin') begins.set(`${note.atom}:${note.attempt}:${note.direction}`, note)
  }
  for (const { atom, attempt, direction, at, key, worker, epoch } of begins.values()) {
    const isEnded = story
      .call(atom, attempt, direction)
      .ends.some((end) => end.at > at && end.worker === worker && end.epoch === epoch)
    const undone = story.call(atom, attempt, 'revert')
    if (undone.begins.some((begin) => begin.key !== key))
      yield `${atom}:${attempt} has several keys`
    const isUndone = undone.ends.some((end) => end.at > at)
    if (direction === 'revert') {
      if (!isEnded) yield `revert ${atom}:${attempt} did not come to its end`
      continue
    }
    if (!isEnded && !isUndone) yield `${atom}:${attempt} is left half done`
    const isKept = flow.state === 'SUCCESS' && attempt === story.lastAttempt(atom)
    if (!isKept && !isUndone) yield `${atom}:${attempt} is not undone`
    if (isKept && isUndone) yield `${atom}:${attempt} is undone`
  }
}

/** Forwards what comes before is done first; backwards what comes after is undone first. */
function* findWrongOrder(story: Story, flow: Stored): Generator<string> {
  for (const [before, after] of shapeOf(flow).links) {
    const firstDone = story.of(before).find(({ event }) => event === 'end')
    const firstAfter = story.of(after)[0]
    if (firstAfter !== undefined && !(firstDone !== undefined && firstDone.at < firstAfter.at)) {
      yield `${after} was begun before ${before} was done`
    }
    const { begins: undos } = story.call(before, story.lastAttempt(before), 'revert')
    const lastAfter = story.of(after).at(-1)
    if (undos[0] !== undefined && lastAfter !== undefined && lastAfter.at > undos[0].at) {
      yield `${before} was undone before ${after}`
    }
  }
}

/** An epoch belongs to one process, and ends before the next one begins. */
function* findOverlaps({ notes }: Story): Generator<string> {
  const workers = new Map<number, string>()
  let newest = 0
  for (const { epoch, worker } of notes) {
    const holder = workers.get(epoch) ?? worker
    workers.set(epoch, holder)
    if (holder !== worker) yield `epoch ${epoch} is of ${holder} and of ${worker}`
    if (epoch < newest) yield `epoch ${epoch} went on after epoch ${newest} had begun`
    newest = Math.max(newest, epoch)
  }
}

/** What is stored is what was done: each task has the result of its last attempt. */
function* findForgotten(story: Story, { state, results }: Stored): Generator<string> {
  if (state !== 'SUCCESS') return
  for (const atom of new Set(story.notes.map((note) => note.atom))) {
    if (atom === '') continue
    const attempt = story.lastAttempt(atom)
    const { ends } = story.call(atom, attempt, 'execute')
    const done = ends.at(-1)?.key
    if (done === undefined || results[atom] !== done) {
      yield `${atom} returned ${done}, stored is ${String(results[atom])}`
    }
  }
}
