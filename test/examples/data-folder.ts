/**
 * Looks into the data folder of the main job without touching it, and says what is wrong in it.
 *
 * Works on a copy of the databases: opening them in place would mend what a kill has left, which
 * is the job of the program under test.
 *
 * @module
 */
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { EffectLine } from '../../examples/create-volume/rehearsal.ts'

/** An atom in the logbook. */
export interface LoggedAtom {
  readonly uuid: string
  readonly name: string
  readonly state: string
  readonly intention: string
}

/** A flow in the logbook. */
export interface LoggedFlow {
  readonly uuid: string
  readonly state: string
  readonly atoms: readonly LoggedAtom[]
}

/** Everything in a data folder. */
export interface Contents {
  readonly quotas: readonly { resource: string; in_use: number; reserved: number }[]
  readonly reservations: readonly { volume_id: string; size_mib: number; state: string }[]
  readonly volumes: readonly { id: string; size_mib: number; status: string }[]
  /** Sizes in bytes of the files in the pool, by name. */
  readonly files: Readonly<Record<string, number>>
  readonly flows: readonly LoggedFlow[]
  /** What tasks wrote down, oldest first. */
  readonly effects: readonly EffectLine[]
}

const MIB = 1024 * 1024

/** Reads everything, when nobody is at work in the folder; what is not there yet is empty. */
export function inspect(folder: string): Contents {
  using copy = mkdtempDisposableSync(join(tmpdir(), 'inspect-'))
  const pool = join(folder, 'pool')
  mkdirSync(copy.path, { recursive: true })
  // The index of the log (-shm) is left behind: it is made anew from the log, as after a reboot.
  for (const file of globSync(join(folder, '*.db{,-wal,-journal}'))) {
    copyFileSync(file, join(copy.path, basename(file)))
  }
  const cinder = join(copy.path, 'cinder.db')
  const logbook = join(copy.path, 'logbook.db')
  const atoms = read(logbook, 'SELECT * FROM atomdetails') as unknown as readonly (LoggedAtom & {
    readonly parent_uuid: string
  })[]
  const flows = read(logbook, 'SELECT uuid, state FROM flowdetails') as unknown as readonly Omit<
    LoggedFlow,
    'atoms'
  >[]
  return {
    quotas: read(cinder, 'SELECT resource, in_use, reserved FROM quotas') as never,
    reservations: read(cinder, 'SELECT * FROM reservations') as never,
    volumes: read(cinder, 'SELECT * FROM volumes') as never,
    files: Object.fromEntries(
      (existsSync(pool) ? readdirSync(pool) : []).map((name) => [
        name,
        statSync(join(pool, name)).size,
      ]),
    ),
    flows: flows.map((flow) => ({
      ...flow,
      atoms: atoms.filter(({ parent_uuid }) => parent_uuid === flow.uuid),
    })),
    effects: readEffects(join(folder, 'effects.log')),
  }
}

/** Whether a flow is stored; asks in place, so that a process may be at work in the folder. */
export function hasFlow(folder: string): boolean {
  const logbook = join(folder, 'logbook.db')
  if (!existsSync(logbook)) return false
  using database = new DatabaseSync(logbook, { readOnly: true, timeout: 5_000 })
  const tables = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'flowdetails'").all()
  return tables.length > 0 && database.prepare('SELECT 1 FROM flowdetails').all().length > 0
}

/** What must hold at every instant: the account of the quota is the sum of the reservations. */
export function findMiscounts({ quotas, reservations }: Contents): readonly string[] {
  const of = (state: string) => reservations.filter((one) => one.state === state)
  const amounts = (list: Contents['reservations'], resource: string) =>
    resource === 'volumes' ? list.length : list.reduce((sum, { size_mib }) => sum + size_mib, 0)
  return quotas.flatMap(({ resource, in_use, reserved }) => [
    ...differs(`${resource} in use`, in_use, amounts(of('committed'), resource)),
    ...differs(`${resource} reserved`, reserved, amounts(of('reserved'), resource)),
  ])
}

/** What must hold when nothing is unfinished: so many volumes, and nothing of any other. */
export function findLeftovers(contents: Contents, volumeCount: number): readonly string[] {
  const { reservations, volumes, files, flows } = contents
  const whole = Object.fromEntries(
    volumes.map(({ id, size_mib }) => [`volume-${id}`, size_mib * MIB]),
  )
  const sorted = (names: readonly string[]) => [...names].sort().join()
  return [
    ...findMiscounts(contents),
    ...differs('volumes', volumes.length, volumeCount),
    ...differs('flows that succeeded', flows.filter(isSuccess).length, volumeCount),
    ...differs('unfinished flows', flows.filter((flow) => !isEnded(flow)).length, 0),
    ...differs(
      'volumes not available',
      volumes.filter(({ status }) => status !== 'available').length,
      0,
    ),
    ...differs(
      'reservations not committed',
      reservations.filter(({ state }) => state !== 'committed').length,
      0,
    ),
    ...differs(
      'reserved volumes',
      sorted(reservations.map(({ volume_id }) => volume_id)),
      sorted(volumes.map(({ id }) => id)),
    ),
    ...differs(
      'files',
      JSON.stringify(Object.entries(files).sort()),
      JSON.stringify(Object.entries(whole).sort()),
    ),
  ]
}

/**
 * Which tasks ran though the logbook, as it was before, said that they were done, or were not to
 * run in that direction.
 */
export function findReruns(before: Contents, after: Contents): readonly string[] {
  const atoms = new Map(before.flows.flatMap((flow) => flow.atoms.map((atom) => [atom.uuid, atom])))
  return after.effects.slice(before.effects.length).flatMap((line) => {
    const atom = atoms.get(atomOf(line))
    if (atom === undefined || line.event === 'end') return []
    const isDone =
      atom.state === 'REVERTED' ||
      (line.direction === 'execute' && atom.state !== 'RUNNING' && atom.state !== 'PENDING') ||
      (line.direction === 'execute' && atom.intention === 'REVERT')
    return isDone
      ? [
          `${line.direction} of ${line.task} ran, though recorded as ${atom.state} ${atom.intention}`,
        ]
      : []
  })
}

/** Which effects were begun before the logbook knew of it. */
export function findUnannounced({ effects, flows }: Contents): readonly string[] {
  const atoms = new Map(flows.flatMap((flow) => flow.atoms.map((atom) => [atom.uuid, atom])))
  return effects.flatMap((line) => {
    const state = atoms.get(atomOf(line))?.state ?? 'not recorded'
    const isAnnounced =
      line.direction === 'execute'
        ? state !== 'PENDING' && state !== 'not recorded'
        : state === 'REVERTING' || state === 'REVERTED'
    return isAnnounced ? [] : [`${line.direction} of ${line.task} ran, though it is ${state}`]
  })
}

/** Tasks that were run again with another key, so that they could not know. */
export function findChangedKeys({ effects }: Contents): readonly string[] {
  const keys = new Map<string, string>()
  return effects.flatMap((line) => {
    const what = `${line.direction} of ${line.task} ${atomOf(line)}`
    const known = keys.get(what)
    keys.set(what, line.key)
    return known === undefined || known === line.key ? [] : [`${what} ran with two keys`]
  })
}

/** Where the newest flow is, in a few words. */
export function phaseOf({ flows, effects }: Contents, known: ReadonlySet<string>): string {
  const flow = flows.find(({ uuid }) => !known.has(uuid))
  if (flow === undefined) return 'no flow stored'
  const busy = flow.atoms.find(({ state }) => state === 'RUNNING' || state === 'REVERTING')
  if (busy === undefined) return `flow ${flow.state}`
  const direction = busy.state === 'RUNNING' ? 'execute' : 'revert'
  const last = effects.findLast(
    (line) => atomOf(line) === busy.uuid && line.direction === direction,
  )
  const where = { start: 'inside', end: 'after its effect' }
  return `${busy.state} ${busy.name}, ${last === undefined ? 'before its code' : where[last.event]}`
}

function atomOf({ key }: EffectLine): string {
  return key.slice(0, key.indexOf(':'))
}

function isSuccess({ state }: LoggedFlow): boolean {
  return state === 'SUCCESS'
}

function isEnded({ state }: LoggedFlow): boolean {
  return state === 'SUCCESS' || state === 'REVERTED'
}

function differs(what: string, found: unknown, expected: unknown): readonly string[] {
  return found === expected ? [] : [`${what}: ${found}, and not ${expected}`]
}

function read(file: string, query: string): readonly Readonly<Record<string, unknown>>[] {
  if (!existsSync(file)) return []
  using db = new DatabaseSync(file)
  db.exec('PRAGMA synchronous = OFF') // a copy
  const [, table] = / FROM (\w+)/.exec(query) ?? []
  const found = db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table ?? '')
  return found === undefined ? [] : db.prepare(query).all()
}

function readEffects(file: string): readonly EffectLine[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as EffectLine)
}
