/**
 * The changes that a journal tells of, and the check that each of them belongs into the folder.
 *
 * For the directory backend. A journal is stored data like any other: it may be damaged, or have
 * been written by somebody who wants to change files elsewhere. So a change counts only when it is
 * one that the backend itself could have written.
 *
 * @module
 */
import { crc32 } from 'node:zlib'
import { placeOf, targetAt } from './names.ts'

/** A change of the folder; paths are relative to it. Doing it twice is doing it once. */
export type Change =
  /** Makes or replaces a file, and the folder that it is in. */
  | readonly [action: 'file', path: string, text: string]
  /** Makes a symbolic link, and the folder that it is in. */
  | readonly [action: 'link', path: string, target: string]
  /** Removes a link, or a folder with all that is in it. */
  | readonly [action: 'remove', path: string]

/** The line of a record: its changes behind a checksum, without the end of the line. */
export function lineOf(changes: readonly Change[]): string {
  const json = JSON.stringify(changes)
  return `${crc32(json).toString(16)} ${json}`
}

/** As {@link changesIn}, of the line of a record; undefined when its checksum is wrong. */
export function changesInLine(line: string): readonly Change[] | string | undefined {
  const at = line.indexOf(' ')
  const json = line.slice(at + 1)
  return line.slice(0, at) === crc32(json).toString(16) ? changesIn(json) : undefined
}

/**
 * Reads the changes of a record.
 *
 * @returns what is wrong with the first that does not belong into the folder
 */
export function changesIn(json: string): readonly Change[] | string {
  let values: unknown
  try {
    values = JSON.parse(json)
  } catch {
    return 'it is not JSON'
  }
  if (!Array.isArray(values)) return 'it is not a list of changes'
  const stray = values.findIndex((value) => !isChange(value))
  if (stray === -1) return values as readonly Change[]
  return `change ${stray + 1}${shown(values[stray])} is none that this package makes`
}

/** What is left of changes when each path counts only as it was changed last. */
export function lastChanges(changes: readonly Change[]): readonly Change[] {
  const last = new Map<string, Change>()
  /** What was changed in each folder, so that its removal need not look through all. */
  const inside = new Map<string, Set<string>>()
  for (const change of changes) {
    const [action, path] = change
    if (action === 'remove') {
      for (const one of inside.get(path) ?? []) last.delete(one)
      inside.delete(path)
    }
    last.delete(path)
    last.set(path, change)
    const folder = path.slice(0, path.lastIndexOf('/'))
    const known = inside.get(folder)
    if (known === undefined) inside.set(folder, new Set([path]))
    else known.add(path)
  }
  return [...last.values()]
}

function isChange(value: unknown): value is Change {
  if (!Array.isArray(value)) return false
  const [action, path, text] = value as readonly unknown[]
  if (typeof path !== 'string') return false
  const place = placeOf(path)
  if (action === 'remove') return value.length === 2 && (place === 'object' || place === 'link')
  if (value.length !== 3 || typeof text !== 'string') return false
  if (action === 'file') return place === 'file'
  return action === 'link' && place === 'link' && text === targetAt(path)
}

const SHOWN = 120

function shown(value: unknown): string {
  const [action, path] = Array.isArray(value) ? (value as readonly unknown[]) : []
  if (typeof action !== 'string' || typeof path !== 'string') return ''
  const text = JSON.stringify(`${action} ${path}`)
  return `, ${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text},`
}
