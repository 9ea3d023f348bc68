/**
 * Finds a run by its uuid or the beginning of it, as far as it is unique.
 *
 * @module
 */
import { oneLine } from '../base/printable.ts'
import { NotFoundError } from '../errors.ts'
import type { Backend, StoredFlowRecord } from '../persistence/backend.ts'
import { EXIT, ExitError, usageError } from './exits.ts'

/** How many of several runs a message names. */
const NAMED = 5
/** How much of a uuid that is not there must be right for a suggestion. */
const ALIKE = 4

/**
 * The uuid of the one run that is meant.
 *
 * @throws ExitError when there is none, or there are several.
 */
export async function findRun(backend: Backend, written: string): Promise<string> {
  if (written === '') throw usageError('an empty uuid names no run')
  if (await isThere(backend, written)) return written
  const found = await startingWith(backend, written, NAMED + 1)
  const [first, second] = found
  if (first === undefined) {
    throw new ExitError(
      EXIT.notFound,
      `there is no run '${written}'${await suggestion(backend, written)}`,
    )
  }
  if (second === undefined) return first.uuid
  const named = found.slice(0, NAMED).map(inWords)
  const more = found.length > NAMED ? '\n  …' : ''
  throw usageError(
    `several runs begin with '${written}':\n${named.join('\n')}${more}\nwrite more of the uuid`,
  )
}

async function isThere(backend: Backend, uuid: string): Promise<boolean> {
  try {
    await backend.loadFlow(uuid)
    return true
  } catch (error) {
    if (error instanceof NotFoundError) return false
    throw error
  }
}

/** What begins like it, or runs of a flow of that name. */
async function suggestion(backend: Backend, written: string): Promise<string> {
  const named = await backend.listFlows({ name: written, limit: NAMED, onCorrupt: () => {} })
  if (named.length > 0) {
    return `, but the flow '${written}' has runs; give the uuid of one:\n${named.map(inWords).join('\n')}`
  }
  for (let length = written.length - 1; length >= ALIKE; length -= 1) {
    const alike = await startingWith(backend, written.slice(0, length), NAMED)
    if (alike.length > 0) return `; did you mean\n${alike.map(inWords).join('\n')}`
  }
  return ''
}

async function startingWith(
  backend: Backend,
  beginning: string,
  limit: number,
): Promise<readonly StoredFlowRecord[]> {
  // Everything that begins so comes behind it, and nothing else comes in between.
  const page = await backend.listFlows({
    after: beginning,
    limit,
    onCorrupt(error, uuid) {
      if (uuid.startsWith(beginning)) throw error // it may be the one that is meant
    },
  })
  return page.filter(({ uuid }) => uuid.startsWith(beginning))
}

function inWords({ uuid, name, state }: StoredFlowRecord): string {
  return `  ${oneLine(uuid)}  ${state}  ${oneLine(name)}`
}
