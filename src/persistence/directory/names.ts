/**
 * Where an object stands in the folder: TaskFlow's path-based layout, and names that are safe.
 *
 * For the directory backend. A uuid may be any text, since users may choose it; the name of a
 * file may not.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** The folder of each kind of object, by the name of its table. */
export const FOLDERS = {
  logbooks: 'books',
  flowdetails: 'flow_details',
  atomdetails: 'atom_details',
} as const

/** A kind of object, as the errors name it. */
export type ObjectKind = keyof typeof FOLDERS

const KINDS: readonly ObjectKind[] = ['logbooks', 'flowdetails', 'atomdetails']

/** What the objects of a kind hold, by links. */
const HELD: Readonly<Partial<Record<ObjectKind, ObjectKind>>> = {
  logbooks: 'flowdetails',
  flowdetails: 'atomdetails',
}

/** The folder of our own, which Python does not look into. */
export const OWN_FOLDER = 'taskflow-ts'

/** Python's file with the object itself. */
export const METADATA = 'metadata'

/** Our file beside it, about who holds a flow detail. */
export const HOLDING = 'taskflow-ts.json'

/** Our file beside it, with the order of the atoms. */
export const ORDER = 'taskflow-ts-order.json'

/** File systems allow 255 bytes; some room is left for what a tool may append. */
const MAX_LENGTH = 200
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/
/** Names that stand beside the links in an object's folder. */
const RESERVED = /^(?:metadata|lock|taskflow-ts.*)$/i
const UNSAFE = /[^A-Za-z0-9._-]|^\./g
const HASHED = /^%%[0-9a-f]{64}$/
const CODED = /%([0-9a-f]{4})/g

/**
 * The name of an object's folder and of the links to it: the uuid itself where that is safe, as
 * Python has it. Otherwise each unsafe UTF-16 unit stands as `%` and four hexadecimal digits, and
 * a very long one as `%%` and its hash. Two uuids never have the same name.
 */
export function nameOf(uuid: string): string {
  const isReserved = RESERVED.test(uuid)
  if (!isReserved && uuid.length <= MAX_LENGTH && PLAIN.test(uuid)) return uuid
  const name = isReserved
    ? `${coded(uuid.slice(0, 1))}${uuid.slice(1)}`
    : uuid.replaceAll(UNSAFE, coded)
  if (name === '') return '%'
  if (name.length <= MAX_LENGTH) return name
  return `%%${createHash('sha256').update(Buffer.from(uuid, 'utf16le')).digest('hex')}`
}

/** The folder of an object, below the folder of the backend. */
export function pathOf(kind: ObjectKind, uuid: string): string {
  return join(FOLDERS[kind], nameOf(uuid))
}

/** The link by which one object holds another. */
export function linkOf(kind: 'logbooks' | 'flowdetails', uuid: string, child: string): string {
  return join(pathOf(kind, uuid), nameOf(child))
}

/** What a link leads to, from where it stands: the folder may be moved as a whole. */
export function targetOf(kind: 'flowdetails' | 'atomdetails', uuid: string): string {
  return join('..', '..', pathOf(kind, uuid))
}

/** Whether some uuid has this name: no path, no hidden file, none of the names of our own. */
export function isName(name: string): boolean {
  if (HASHED.test(name)) return true
  const uuid = name.replaceAll(CODED, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return nameOf(name === '%' ? '' : uuid) === name
}

/** What stands at a path. */
export type ObjectPlace = 'object' | 'file' | 'link'

/** What may stand at a path, relative to the folder of the backend; undefined for a stray one. */
export function placeOf(path: string): ObjectPlace | undefined {
  const [folder = '', name = '', inner, ...rest] = path.split('/')
  const kind = kindOf(folder)
  if (kind === undefined || !isName(name) || rest.length > 0) return undefined
  if (inner === undefined) return 'object'
  if (inner === METADATA) return 'file'
  if (inner === HOLDING || inner === ORDER) return kind === 'flowdetails' ? 'file' : undefined
  return HELD[kind] !== undefined && isName(inner) ? 'link' : undefined
}

/** What a link at a path leads to. */
export function targetAt(path: string): string | undefined {
  const [folder = '', , child = ''] = path.split('/')
  const held = HELD[kindOf(folder) ?? 'atomdetails']
  return held === undefined ? undefined : join('..', '..', FOLDERS[held], child)
}

/** The kind of the objects in a folder. */
export function kindOf(folder: string): ObjectKind | undefined {
  return KINDS.find((kind) => FOLDERS[kind] === folder)
}

function coded(unit: string): string {
  return `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
