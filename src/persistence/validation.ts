/**
 * Which names and identifiers a backend takes: those that every backend gives back as they were.
 *
 * For backends, before they write. What is read was written by others as well, and is not asked.
 *
 * @module
 */
import type { Checkpoint } from './backend.ts'

/** As many characters as TaskFlow's columns have. */
const MAX_NAME_LENGTH = 255
const MAX_UUID_LENGTH = 64
const MAX_VERSION_LENGTH = 64

/**
 * Makes sure that every backend keeps the names and identifiers of a checkpoint.
 *
 * @throws TypeError for one that is no well-formed text, is too long, has a NUL, or ends with a
 * space, which MySQL does not tell from none.
 */
export function checkCheckpoint({ flowUuid, book, flow, atoms, fence }: Checkpoint): void {
  if (flowUuid !== '') demandText('the uuid of a flow detail', flowUuid, MAX_UUID_LENGTH)
  if (book !== undefined) {
    demandText('the uuid of a book', book.uuid, MAX_UUID_LENGTH)
    demandText('the name of a book', book.name, MAX_NAME_LENGTH)
  }
  if (flow !== undefined) {
    demandText('the uuid of a flow detail', flow.uuid, MAX_UUID_LENGTH)
    demandText('the name of a flow', flow.name, MAX_NAME_LENGTH)
  }
  if (fence !== undefined) demandText('the owner of a flow', fence.owner, MAX_NAME_LENGTH)
  for (const atom of atoms) {
    demandText('the uuid of an atom', atom.uuid, MAX_UUID_LENGTH)
    demandText('the name of an atom', atom.name, MAX_NAME_LENGTH)
    if (atom.version !== undefined) {
      demandText('the version of an atom', atom.version, MAX_VERSION_LENGTH)
    }
  }
}

/** False for an identifier that nothing was stored under. */
export function mayBeStored(uuid: string): boolean {
  return whyUnfit(uuid, MAX_UUID_LENGTH) === undefined
}

function demandText(what: string, text: string, maxLength: number): void {
  const why = whyUnfit(text, maxLength)
  if (why !== undefined) throw new TypeError(`${what} must ${why}, got ${JSON.stringify(text)}`)
}

function whyUnfit(text: string, maxLength: number): string | undefined {
  if (typeof text !== 'string') return 'be a string'
  if (text.endsWith(' ')) return 'not end with a space'
  if (text.includes('\0')) return 'have no NUL character'
  if (!text.isWellFormed()) return 'be well-formed text, without half a character'
  if (text.length > maxLength && [...text].length > maxLength) {
    return `have at most ${maxLength} characters`
  }
  return undefined
}
