/**
 * The three ways to follow a run: a tree that is drawn again and again, plain lines, and events for
 * programs.
 *
 * @module
 */
import type { Clock } from '../../base/clock.ts'
import { oneLine } from '../../base/printable.ts'
import type { SecretKeys } from '../../base/secrets.ts'
import type { Engine } from '../../engine/engine.ts'
import { durationInWords, failureInWords } from '../../inspection/words.ts'
import type { Context } from '../context.ts'
import { printableJson } from '../door.ts'
import { plainFailure, plainJson } from '../values.ts'
import { LivePicture } from './live.ts'
import { type Move, RunModel } from './model.ts'
import { treeLines } from './tree.ts'

/** Shows how a run goes on. */
export interface ProgressView extends Disposable {
  /** Says something beside it. */
  note(text: string): void
  /** The run has ended: shows for the last time where it is. */
  end(): void
}

/** What a view is made of. */
export interface ViewParts {
  readonly engine: Engine
  readonly context: Context
  readonly clock: Clock
  readonly maskedKeys: SecretKeys
  /** Lines only, though somebody looks at it: several runs cannot share the picture. */
  readonly isPlain?: boolean
}

/** The view that suits the one who reads. */
export function viewOf(parts: ViewParts): ProgressView {
  const { context, isPlain } = parts
  if (context.isJson) return eventView(parts)
  const { out, env } = context.terminal
  return out.isTTY && env['TERM'] !== 'dumb' && isPlain !== true
    ? liveView(parts)
    : plainView(parts)
}

/** How much of a tree is left standing at the end. */
const LAST_ROWS = 40

function liveView({ engine, context, clock }: ViewParts): ProgressView {
  const { paint, terminal } = context
  const model = new RunModel(engine, clock)
  const began = clock.elapsedMs()
  const notes: string[] = []
  const picture = new LivePicture(terminal, (columns, rows) => {
    const below = notes.map((note) => paint.in('dim', paint.cut(note, columns)))
    const frame = Math.floor((clock.elapsedMs() - began) / 80)
    const room = { columns, rows: rows - below.length, frame }
    return [...treeLines(model, paint, room), ...below]
  })
  return {
    note(text) {
      notes.splice(0, notes.length, ...context.masked(text).split('\n'))
      picture.refresh()
    },
    end() {
      picture.end((columns, rows) =>
        treeLines(model, paint, { columns, rows: Math.max(rows, LAST_ROWS) }),
      )
      model[Symbol.dispose]()
    },
    [Symbol.dispose]() {
      picture[Symbol.dispose]()
      model[Symbol.dispose]()
    },
  }
}

/** Progress is said in steps of this. */
const STEP = 0.25

function plainView({ engine, context, clock }: ViewParts): ProgressView {
  const { paint } = context
  const steps = new Map<unknown, number>()
  const say = (model: RunModel, move: Move): void => {
    if (move.kind === 'flow') {
      context.say(`${oneLine(engine.flow.name)} ${paint.state(move.state)}`)
      return
    }
    const { row } = move
    const name = `  ${oneLine(row.name)}`
    if (move.kind === 'progress') {
      const step = Math.floor((row.progress ?? 0) / STEP)
      if (step <= (steps.get(row) ?? 0) || row.progress === 1) return
      steps.set(row, step)
      context.say(`${name} ${Math.round((row.progress ?? 0) * 100)} %`)
      return
    }
    const { state = 'PENDING', attempt, failure } = row
    const isStart = state === 'RUNNING' || state === 'REVERTING'
    if (isStart) steps.delete(row)
    const tookMs = isStart ? undefined : model.tookMs(row)
    const facts = [
      ...(tookMs === undefined || state === 'PENDING' ? [] : [`(${durationInWords(tookMs)})`]),
      ...(isStart && attempt > 1 ? [`(attempt ${attempt})`] : []),
    ]
    const isBad = state === 'FAILURE' || state === 'REVERT_FAILURE'
    const why = isBad && failure !== undefined ? `: ${oneLine(failureInWords(failure))}` : ''
    context.say([name, paint.state(state), ...facts].join(' ') + why)
  }
  const model: RunModel = new RunModel(engine, clock, (move) => say(model, move))
  return {
    note: (text) => context.remark(text),
    end: () => model[Symbol.dispose](),
    [Symbol.dispose]: () => model[Symbol.dispose](),
  }
}

function eventView({ engine, context, clock, maskedKeys }: ViewParts): ProgressView {
  const { terminal } = context
  const uuid = engine.storage.flowUuid
  // What tasks print would come between the events.
  const past = terminal.intercept((text) => terminal.err.passOn(text), { withErrors: false })
  const tell = (event: string, facts: object): void => {
    const at = terminal.now().toISOString()
    past.write(`${printableJson({ event, at, run: uuid, ...facts })}\n`)
  }
  const model: RunModel = new RunModel(engine, clock, (move) => {
    if (move.kind === 'flow') {
      tell('flow', { name: engine.flow.name, state: move.state, from: move.from })
      return
    }
    const { row } = move
    if (move.kind === 'progress') {
      const { details } = move
      const shown = details === undefined ? {} : { details: plainJson(details, maskedKeys) }
      tell('progress', { name: row.name, progress: row.progress, ...shown })
      return
    }
    const { kind, name, state, attempt, failure, tookMs } = row
    tell(kind, {
      name,
      state,
      from: move.from,
      attempt,
      ...(tookMs !== undefined && { tookMs: Math.round(tookMs) }),
      ...(failure !== undefined && { failure: plainFailure(failure) }),
    })
  })
  const end = (): void => {
    model[Symbol.dispose]()
    past[Symbol.dispose]()
  }
  return {
    note: (text) => tell('note', { text: context.masked(text) }),
    end,
    [Symbol.dispose]: end,
  }
}
