/**
 * What a request for a volume looks like, raw as it is in a file, and checked.
 *
 * For the command line, which refuses a file that cannot be right before there is a flow, and for
 * the flow's first task, which trusts nobody.
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/** The sorts of volumes that the pool can hold. */
export const VOLUME_TYPES = ['ssd', 'hdd'] as const

/** A sort of volume. */
export type VolumeType = (typeof VOLUME_TYPES)[number]

/** A request as somebody wrote it; what is in the fields is not checked. */
export interface RawRequest {
  /** What people call the volume. */
  readonly name: unknown
  /** A whole number and its unit: `"8 MiB"`, `"2 GiB"`. */
  readonly size: unknown
  /** One of {@link VOLUME_TYPES}. */
  readonly volumeType: unknown
}

/** A request that makes sense. */
export interface VolumeRequest {
  /** What people call the volume. */
  readonly name: string
  /** Size in MiB. */
  readonly sizeMib: number
  /** The sort of volume. */
  readonly volumeType: VolumeType
}

/** The request is wrong; nothing was begun. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError'
  readonly code = 'INVALID_REQUEST'
}

const FIELDS = ['name', 'size', 'volumeType']
const DEFAULT_TYPE: VolumeType = 'ssd'
const MIB_PER_UNIT: Readonly<Record<string, number>> = { MiB: 1, GiB: 1024 }
const MAX_NAME_LENGTH = 255
const MAX_SIZE_MIB = 1024 * 1024

/**
 * Checks the fields of a request, and gives them the form that tasks work with.
 *
 * @throws {@link InvalidRequestError} naming the field.
 */
export function parseRequest({ name, size, volumeType }: RawRequest): VolumeRequest {
  if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH) {
    throw wrong('name', name, `a text of 1 to ${MAX_NAME_LENGTH} characters`)
  }
  const [, digits, unit = ''] = /^(\d+) ?(MiB|GiB)$/.exec(String(size)) ?? []
  const sizeMib = Number(digits) * (MIB_PER_UNIT[unit] ?? Number.NaN)
  if (typeof size !== 'string' || !(sizeMib > 0 && sizeMib <= MAX_SIZE_MIB)) {
    throw wrong('size', size, 'a size from "1 MiB" to "1024 GiB"')
  }
  const type = VOLUME_TYPES.find((known) => known === volumeType)
  if (type === undefined) {
    throw wrong('volumeType', volumeType, VOLUME_TYPES.map((known) => `"${known}"`).join(' or '))
  }
  return { name, sizeMib, volumeType: type }
}

/**
 * Reads a request file; the volume type may be left out in it.
 *
 * @throws {@link InvalidRequestError} when there is no such file, or it holds no request.
 */
export function readRequest(file: string): RawRequest {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new InvalidRequestError(`cannot read the request file ${file}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (error) {
    throw new InvalidRequestError(`the request file ${file} is not JSON: ${messageOf(error)}`, {
      cause: error,
    })
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new InvalidRequestError(
      `the request file ${file} must hold an object: {"name": "backups", "size": "8 MiB"}`,
    )
  }
  const unknown = Object.keys(raw).filter((field) => !FIELDS.includes(field))
  if (unknown.length > 0) {
    throw new InvalidRequestError(
      `the request file ${file} has fields that a request does not have: ${unknown.join(', ')}; it has ${FIELDS.join(', ')}`,
    )
  }
  const request = { volumeType: DEFAULT_TYPE, ...raw } as RawRequest
  parseRequest(request)
  return request
}

function wrong(field: string, value: unknown, instead: string): InvalidRequestError {
  return new InvalidRequestError(
    `the request's ${field} is ${value === undefined ? 'missing' : JSON.stringify(value)}: write ${instead}`,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
