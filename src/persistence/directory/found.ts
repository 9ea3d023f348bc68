/**
 * Which files recovery finds in the folder and must not replace by what stands in the journal.
 *
 * For the directory backend. A file that is damaged is always replaced: so each of these reads the
 * file as a whole, and throws {@link CorruptRecordError} when it is not whole.
 *
 * @module
 */
import { UNCLAIMED } from '../fencing.ts'
import { HOLDING, kindOf, METADATA, type ObjectKind } from './names.ts'
import { atomIn, besideIn, bookIn, checkName, flowIn, OURS, orderIn } from './objects.ts'

type Fields = Readonly<Record<string, unknown>>

/** What Python writes into a `metadata`, and nothing else. */
const OF_PYTHON: Readonly<Record<ObjectKind, readonly string[]>> = {
  logbooks: ['name', 'meta', 'uuid', 'created_at', 'updated_at'],
  flowdetails: ['name', 'meta', 'uuid', 'state'],
  atomdetails: ['atom', 'type'],
}

/** True for a `metadata` as Python writes it, without the key that we add. */
export function isOfPython(path: string, text: string): boolean {
  const [folder = '', name = '', file] = path.split('/')
  const kind = kindOf(folder)
  if (kind === undefined || file !== METADATA) return false
  readWhole(kind, name, text)
  return Object.keys(JSON.parse(text) as Fields).every((key) => OF_PYTHON[kind].includes(key))
}

/**
 * True when a file is of a later save than a text in the journal. That happens when the disk lost
 * the end of the journal, though it had reported it as synced.
 */
export function isLater(path: string, found: string, journaled: string): boolean {
  const [folder = '', name = '', file] = path.split('/')
  const kind = kindOf(folder)
  if (kind === undefined) return false
  if (file === METADATA) {
    readWhole(kind, name, found)
    return stampIn(found) > stampIn(journaled)
  }
  if (file === HOLDING) {
    const [now, then] = [besideIn(name, found), besideIn(name, journaled)]
    const isReleased = now.owner === undefined && then.owner !== undefined
    return now.epoch > then.epoch || (now.epoch === then.epoch && isReleased)
  }
  // Atoms are only ever added.
  return orderIn(name, found).length > orderIn(name, journaled).length
}

function readWhole(kind: ObjectKind, name: string, text: string): void {
  checkName(kind, name, text)
  if (kind === 'logbooks') bookIn(name, text)
  else if (kind === 'atomdetails') atomIn(name, text)
  else flowIn(name, text, { bookUuid: '', createdAt: undefined, ...UNCLAIMED }, new Date(0))
}

/** When we saved it, as a text that sorts by time; empty for a first save of a flow detail. */
function stampIn(text: string): string {
  const { saved_at, updated_at } = ((JSON.parse(text) as Fields)[OURS] ?? {}) as Fields
  return String(saved_at ?? updated_at ?? '')
}
