/**
 * The meta of a flow: what the engine keeps, and what users add, in one stored object.
 *
 * Python TaskFlow has both side by side, `factory` among them. What a user adds under a key of the
 * engine is stored apart, and never taken for the engine's.
 *
 * @module
 */
import { encode } from '../base/codec.ts'

type Members = Readonly<Record<string, unknown>>

/** Why a run is being undone, and how far. */
export interface Undo {
  /** Somebody reverts it, has cancelled it, or its deadline is over. */
  readonly why: 'revert' | 'cancel' | 'deadline'
  /** What the run rejects with at the end; nothing, when somebody reverts it. */
  readonly message: string
  /** Tasks that stay, with everything before them. */
  readonly downTo: readonly string[]
  /** Undoing that broke before is tried again. */
  readonly triesBrokenAgain?: boolean | undefined
}

/** When a run must be over. */
export interface Deadline {
  /** The moment. */
  readonly at: Date
  /** How much time the run had altogether, in milliseconds; undefined when nobody wrote it down. */
  readonly limitMs: number | undefined
}

/** Take-ups of a run after which nothing has come of it. */
export interface TakeUps {
  /** The epoch of the first of them. */
  readonly since: number
  /** How far the run had come then. */
  readonly mark: string
  /** Why the run is not taken up any more; undefined when it is. */
  readonly aside?: PutAside | undefined
}

/** Why a run is not taken up any more. */
export interface PutAside {
  /** How often it was taken up without coming any further. */
  readonly takeUps: number
  /** In words. */
  readonly reason: string
}

/** How the flow of a run is made again, as it is stored; Python writes the same. */
export interface StoredFactory {
  /** Name of the definition; in Python, of a function. */
  readonly name: string
  /** What the factory is called with. */
  readonly args: readonly unknown[]
  /** Names of its keyword arguments, which Python alone has. */
  readonly keywords: readonly string[]
}

/** What the engine keeps with a flow. Whoever resumes the run goes by it. */
export interface EngineMeta {
  /** How to make the flow again: `name`, `args` and Python's `kwargs`, as it was stored. */
  readonly factory?: unknown
  /** Why the run is being undone: it goes on in the same direction. */
  readonly undo?: Undo | undefined
  /** When the run must be over: it has as much time as is left. */
  readonly deadline?: Deadline | undefined
  /** Take-ups that led nowhere. */
  readonly takeUps?: TakeUps | undefined
  /** What another version of this package keeps here; passed on as it is. */
  readonly others?: Members | undefined
}

/** What is stored with a flow. */
export interface FlowMeta {
  /** What users add. */
  readonly meta: Members
  /** What the engine keeps. */
  readonly engineMeta: EngineMeta
}

const FACTORY_KEY = 'factory'
/** All keys that begin so are the engine's. */
const PREFIX = 'taskflow_ts_'
const UNDO_KEY = `${PREFIX}undo`
const DEADLINE_KEY = `${PREFIX}deadline`
const LIMIT_KEY = `${PREFIX}deadline_ms`
const TAKE_UPS_KEY = `${PREFIX}take_ups`
/** Where users' members stand whose keys are the engine's. */
const USERS_KEY = `${PREFIX}meta`

/**
 * The meta of a flow as text.
 *
 * @throws {@link NotStorableError} with the path of the part that cannot be stored.
 */
export function encodeFlowMeta({ meta, engineMeta }: FlowMeta): string {
  const { factory, undo, deadline, takeUps, others } = engineMeta
  return encode({
    ...usersMembers(meta),
    ...others,
    ...(factory === undefined ? {} : { [FACTORY_KEY]: factory }),
    ...(undo && { [UNDO_KEY]: undo }),
    ...(deadline && { [DEADLINE_KEY]: deadline.at.toISOString() }),
    ...(deadline?.limitMs === undefined ? {} : { [LIMIT_KEY]: deadline.limitMs }),
    ...(takeUps && { [TAKE_UPS_KEY]: takeUps }),
  })
}

/** Tells the engine's part of what was stored with a flow from the users'. */
export function splitFlowMeta(stored: Members): FlowMeta {
  const {
    [FACTORY_KEY]: factory,
    [UNDO_KEY]: undo,
    [DEADLINE_KEY]: at,
    [LIMIT_KEY]: limitMs,
    [TAKE_UPS_KEY]: takeUps,
    [USERS_KEY]: apart,
    ...rest
  } = stored
  const others = Object.entries(rest).filter(([key]) => key.startsWith(PREFIX))
  const users = Object.entries(rest).filter(([key]) => !key.startsWith(PREFIX))
  return {
    meta: { ...Object.fromEntries(users), ...(isMembers(apart) && apart) },
    engineMeta: {
      factory,
      undo: readUndo(undo),
      deadline: readDeadline(at, limitMs),
      takeUps: readTakeUps(takeUps),
      others: others.length === 0 ? undefined : Object.fromEntries(others),
    },
  }
}

/** How the flow of a run is made again; undefined when its record does not say. */
export function readFactory({ factory }: EngineMeta): StoredFactory | undefined {
  if (!isMembers(factory)) return undefined
  const { name, args, kwargs } = factory
  if (typeof name !== 'string') return undefined
  return {
    name,
    args: Array.isArray(args) ? args : [],
    keywords: isMembers(kwargs) ? Object.keys(kwargs) : [],
  }
}

/** What the engine keeps without what belongs to the run that has ended. */
export function engineMetaOfNewRun({ factory, takeUps, others }: EngineMeta): EngineMeta {
  return { factory, takeUps, others }
}

/** What the engine keeps once an undo has broken: what broke is tried again only on demand. */
export function engineMetaOfBrokenRun(engineMeta: EngineMeta): EngineMeta {
  const { undo } = engineMeta
  if (undo?.triesBrokenAgain !== true) return engineMeta
  return { ...engineMeta, undo: { ...undo, triesBrokenAgain: false } }
}

function usersMembers(meta: Members): Members {
  if (!Object.keys(meta).some(isEngineKey)) return meta
  const entries = Object.entries(meta)
  const apart = Object.fromEntries(entries.filter(([key]) => isEngineKey(key)))
  const others = Object.fromEntries(entries.filter(([key]) => !isEngineKey(key)))
  return { ...others, [USERS_KEY]: apart }
}

function isEngineKey(key: string): boolean {
  return key === FACTORY_KEY || key.startsWith(PREFIX)
}

function readUndo(found: unknown): Undo | undefined {
  if (!isMembers(found)) return undefined
  const { why, message, downTo, triesBrokenAgain } = found
  if (why !== 'revert' && why !== 'cancel' && why !== 'deadline') return undefined
  return {
    why,
    message: typeof message === 'string' ? message : '',
    downTo: Array.isArray(downTo) ? downTo.filter((name) => typeof name === 'string') : [],
    triesBrokenAgain: triesBrokenAgain === true,
  }
}

function readDeadline(text: unknown, limitMs: unknown): Deadline | undefined {
  if (typeof text !== 'string') return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return undefined
  return { at, limitMs: typeof limitMs === 'number' ? limitMs : undefined }
}

function readTakeUps(found: unknown): TakeUps | undefined {
  if (!isMembers(found)) return undefined
  const { since, mark, aside } = found
  if (typeof since !== 'number' || !Number.isSafeInteger(since)) return undefined
  if (typeof mark !== 'string') return undefined
  const putAside = readPutAside(aside)
  return { since, mark, ...(putAside && { aside: putAside }) }
}

function readPutAside(found: unknown): PutAside | undefined {
  if (!isMembers(found)) return undefined
  const { takeUps, reason } = found
  if (typeof takeUps !== 'number' || typeof reason !== 'string') return undefined
  return { takeUps, reason }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}
