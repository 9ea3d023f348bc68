/**
 * Says in one sentence why a run is where it is, and what would move it.
 *
 * @module
 */

import { oneLine } from '../base/printable.ts'
import { type AtomDetail, failureToReport } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { isGone } from '../persistence/owner.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import { ageInWords, failureInWords } from './words.ts'

/** Why a run is where it is. */
export interface Reason {
  /** What holds it, or how it ended. */
  readonly kind:
    | 'finished'
    | 'reverted'
    | 'held'
    | 'left'
    | 'suspended'
    | 'put aside'
    | 'broken'
    | 'waiting'
    | 'new'
  /** One sentence. */
  readonly text: string
  /** The command that would move it; undefined when there is none. */
  readonly command: string | undefined
}

/** The commands that could move a run, as the user would write them. */
export interface Commands {
  readonly resume: string
  readonly revert: string
}

/** Why a run is where it is. */
export function reasonOf(detail: FlowDetail, now: Date, commands: Commands): Reason {
  const { state, owner, leaseUntil } = detail
  const { resume } = commands
  const waiting = waitingText(detail, now)
  const held = heldText(detail, now)
  if (held !== undefined) {
    const kind = waiting === undefined ? 'held' : 'waiting'
    return { kind, text: `${held}${waiting ?? ''}.`, command: undefined }
  }
  const aside = detail.engineMeta.takeUps?.aside
  if (aside !== undefined) {
    const text = `It was put aside: ${aside.reason}. Mend the cause; it goes on when it is resumed by its uuid: ${resume}`
    return { kind: 'put aside', text, command: resume }
  }
  switch (state) {
    case 'SUCCESS':
      return { kind: 'finished', text: `It is finished: ${counted(detail)}.`, command: undefined }
    case 'REVERTED':
      return {
        kind: 'reverted',
        text: `Everything that ran was reverted${becauseOf(detail)}.`,
        command: undefined,
      }
    case 'FAILURE':
      return broken(detail, commands)
    case 'SUSPENDED':
      return {
        kind: 'suspended',
        text: `It was suspended${waiting ?? atWhat(detail)}; it goes on when it is resumed: ${resume}`,
        command: resume,
      }
    case 'PENDING':
      return {
        kind: 'new',
        text: `It was prepared and never begun; it begins when it is resumed: ${resume}`,
        command: resume,
      }
    default: {
      const who = leftBy(owner, leaseUntil, now)
      return {
        kind: 'left',
        text: `It is ${state}, but nobody works on it: ${who}${waiting ?? atWhat(detail)}; it goes on when it is resumed: ${resume}`,
        command: resume,
      }
    }
  }
}

function broken(detail: FlowDetail, { resume, revert }: Commands): Reason {
  const undo = atomsOf(detail).find(({ state }) => state === 'REVERT_FAILURE')
  if (undo !== undefined) {
    const why = undo.revertFailure ? `: ${oneLine(failureInWords(undo.revertFailure))}` : ''
    const text = `It failed because the revert of '${undo.name}' threw${why}; only a person can undo that.`
    return { kind: 'broken', text, command: undefined }
  }
  const downTo = detail.engineMeta.undo?.downTo ?? []
  if (downTo.length > 0) {
    const stays = downTo.map((name) => `'${name}'`).join(', ')
    const text = `It was reverted down to ${stays}: that stays, with everything before it.`
    return { kind: 'reverted', text, command: undefined }
  }
  const text = `It broke and was not reverted${becauseOf(detail)}; mend the cause, then go on with ${resume}, or undo it with ${revert}`
  return { kind: 'broken', text, command: resume }
}

/** That somebody works on it; undefined when nobody does. */
function heldText({ owner, leaseUntil, state }: FlowDetail, now: Date): string | undefined {
  if (owner === undefined || isGone(owner)) return undefined
  if (leaseUntil !== undefined && leaseUntil <= now) return undefined
  const until =
    leaseUntil === undefined
      ? 'until it gives it back'
      : `until ${leaseUntil.toISOString()}, and may renew that`
  return `It is ${state}, and ${placeOf(owner)} works on it ${until}`
}

/** That a retry waits before it tries again; undefined when none does. */
function waitingText(detail: FlowDetail, now: Date): string | undefined {
  const waiting = atomsOf(detail)
    .filter((atom) => atom.kind === 'retry')
    .find(({ retryAt }) => retryAt !== undefined && retryAt > now)
  if (waiting?.retryAt === undefined) return undefined
  return `, while retry '${waiting.name}' waits until ${waiting.retryAt.toISOString()} to try again`
}

function leftBy(owner: string | undefined, leaseUntil: Date | undefined, now: Date): string {
  if (owner === undefined) return 'the one who did has given it back'
  if (isGone(owner)) return `${placeOf(owner)} has ended`
  const ago =
    leaseUntil === undefined ? '' : ` ${ageInWords(now.getTime() - leaseUntil.getTime())} ago`
  return `the lease of ${placeOf(owner)} lapsed${ago}`
}

/** `host/namespace/pid/start/number`, as the engine names itself, in words. */
function placeOf(owner: string): string {
  const [host = owner, , pid] = owner.split('/')
  return pid === undefined ? `'${owner}'` : `process ${pid} on ${host}`
}

function atomsOf(detail: FlowDetail): readonly AtomDetail[] {
  return [...detail].filter(({ name }) => name !== INJECTOR_NAME)
}

function counted(detail: FlowDetail): string {
  const atoms = atomsOf(detail)
  const ignored = atoms.filter(({ state }) => state === 'IGNORE').length
  const ran = atoms.filter(({ state }) => state === 'SUCCESS').length
  return `${ran} of ${atoms.length} atoms ran${ignored === 0 ? '' : `, ${ignored} were passed over`}`
}

function becauseOf(detail: FlowDetail): string {
  const failed = atomsOf(detail).filter((atom) => failureToReport(atom) !== undefined)
  const [first] = failed
  if (first?.failure === undefined) return ''
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : ''
  return `, because '${first.name}' threw ${oneLine(failureInWords(first.failure))}${more}`
}

/** Which atoms it stands at. */
function atWhat(detail: FlowDetail): string {
  const atoms = atomsOf(detail)
  const moving = atoms.filter(({ state }) => state === 'RUNNING' || state === 'REVERTING')
  const names = moving.slice(0, 3).map(({ name, state }) => `'${name}' was ${state}`)
  if (names.length > 0) {
    return ` while ${names.join(', ')}${moving.length > names.length ? ', …' : ''}`
  }
  const { undo } = detail.engineMeta
  if (undo !== undefined)
    return ` while it was being undone${undo.message === '' ? '' : ` (${undo.message})`}`
  const isBack = atoms.some(
    ({ intention, state }) => intention === 'REVERT' && state !== 'REVERTED',
  )
  const done = atoms.filter(({ state }) => state === 'SUCCESS' || state === 'IGNORE').length
  return isBack ? ' while it was reverting' : ` with ${done} of ${atoms.length} atoms done`
}
