/**
 * The meta of an atom: what has no column of its own, and what users add, in one stored object.
 *
 * The engine's keys and the users' stand side by side, as Python TaskFlow has them. What a user
 * adds under a key of the engine is stored apart, and never taken for the engine's.
 *
 * @module
 */
import type { Provision } from '../atoms/provides.ts'
import { type AtomDetail, type ProgressDetails, RetryDetail, TaskDetail } from './atom-detail.ts'
import { keepCopy, keepMembers, textOfMembers } from './kept-value.ts'

type Members = Readonly<Record<string, unknown>>

/** Where users' members stand whose keys are the engine's. */
const USERS_KEY = 'taskflow_ts_meta'

const ENGINE_KEYS: ReadonlySet<string> = new Set([
  'progress',
  'progress_details',
  'attempt',
  'provides',
  'injected',
  'retry_at',
  'retry_delay_ms',
  'result_to_undo',
  USERS_KEY,
])

/** The meta of an atom that has the progress alone in it, which is the common case; by promises. */
const PLAIN_META = new WeakMap<readonly Provision[], Map<number, string>>()

const NO_PROMISES: readonly Provision[] = []

/** What a task has of the wait of a retry. */
const NO_WAIT = { retryAt: undefined, retryDelayMs: undefined }

/**
 * The meta of an atom as text.
 *
 * @param hasDetails whether it keeps what the atom said with its progress
 * @throws {@link NotStorableError} with the path of the part that cannot be stored.
 */
export function encodeMeta(detail: AtomDetail, hasDetails = true): string {
  const { progress, attempt, keptInjected: injected, meta } = detail
  const progressDetails = hasDetails ? detail.progressDetails : undefined
  const { retryAt, retryDelayMs } = detail instanceof RetryDetail ? detail : NO_WAIT
  const toUndo = detail instanceof TaskDetail ? detail.keptResultToUndo : undefined
  const provisions = detail.provisions?.length ? detail.provisions : NO_PROMISES
  const extras = [progressDetails, injected, meta, retryAt, toUndo]
  const plain = extras.every((one) => one === undefined)
  if (plain && progress === undefined && attempt === 0) return '{}'
  const common = plain && attempt === 1 && (progress === 0 || progress === 1)
  const known = common ? PLAIN_META.get(provisions)?.get(progress) : undefined
  if (known !== undefined) return known
  const text = textOfMembers({
    ...usersMembers(meta),
    ...(progress === undefined ? {} : { progress, progress_details: progressDetails ?? null }),
    ...(attempt === 0 ? {} : { attempt }),
    ...(provisions.length === 0 ? {} : { provides: partsBySymbol(provisions) }),
    ...(injected === undefined ? {} : { injected: keepMembers(injected) }),
    ...(retryAt && { retry_at: retryAt.toISOString() }),
    ...(retryAt && retryDelayMs !== undefined && { retry_delay_ms: retryDelayMs }),
    ...(toUndo === undefined ? {} : { result_to_undo: toUndo }),
  })
  if (common) {
    const texts = PLAIN_META.get(provisions) ?? new Map<number, string>()
    PLAIN_META.set(provisions, texts.set(progress, text))
  }
  return text
}

/** Takes what was stored with an atom. */
export function readMeta(detail: AtomDetail, stored: Members): void {
  const { progress, progress_details: details, attempt, provides, injected, ...others } = stored
  const { retry_at: retryAt, retry_delay_ms: delayMs, ...more } = others
  const { result_to_undo: toUndo, [USERS_KEY]: apart, ...users } = more
  if (detail instanceof TaskDetail) detail.resultToUndo = keepCopy(toUndo)
  if (detail instanceof RetryDetail && typeof retryAt === 'string') {
    const moment = new Date(retryAt)
    if (!Number.isNaN(moment.getTime())) detail.retryAt = moment
    if (typeof delayMs === 'number') detail.retryDelayMs = delayMs
  }
  if (typeof progress === 'number') detail.progress = progress
  if (isMembers(details)) detail.progressDetails = details as unknown as ProgressDetails
  if (typeof attempt === 'number') {
    detail.attempt = attempt
    detail.provisions = NO_PROMISES // nothing is written for an atom that provides nothing
  }
  if (isMembers(provides)) {
    detail.provisions = Object.entries(provides).map(([symbol, index]) => ({
      symbol,
      index: typeof index === 'number' || typeof index === 'string' ? index : undefined,
    }))
  }
  if (isMembers(injected)) {
    const kept = Object.entries(injected).map(([symbol, value]) => [symbol, keepCopy(value)])
    detail.keptInjected = Object.fromEntries(kept)
  }
  const meta = isMembers(apart) ? { ...users, ...apart } : users
  if (Object.keys(meta).length > 0) detail.meta = meta
}

function usersMembers(meta: Members | undefined): Members | undefined {
  if (meta === undefined || !Object.keys(meta).some((key) => ENGINE_KEYS.has(key))) return meta
  const entries = Object.entries(meta)
  const apart = Object.fromEntries(entries.filter(([key]) => ENGINE_KEYS.has(key)))
  const others = Object.fromEntries(entries.filter(([key]) => !ENGINE_KEYS.has(key)))
  return { ...others, [USERS_KEY]: apart }
}

/** Position or field by symbol; null for the whole result. */
function partsBySymbol(provisions: readonly Provision[]): Members {
  return Object.fromEntries(provisions.map(({ symbol, index = null }) => [symbol, index]))
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}
