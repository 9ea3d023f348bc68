/**
 * A payload codec with AES-256-GCM, as docs/encryption.md shows it.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { AtomPayload, CellPlace, PayloadCodec } from '../../src/index.ts'

/** Keys by id, and the id of the one that is used for what is written. */
export interface KeyRing {
  readonly current: string
  readonly keys: ReadonlyMap<string, Buffer>
}

/** A ring of keys with these ids; the last one is the current one. */
export function ringOf(...ids: readonly string[]): KeyRing {
  const keys = new Map(ids.map((id) => [id, randomBytes(32)]))
  return { current: ids.at(-1) ?? '', keys }
}

/** `key id:IV:tag:cipher`, the last three in base64, bound to its place. */
export function aes256gcm({ current, keys }: KeyRing): PayloadCodec {
  const keyOf = (id: string): Buffer => {
    const key = keys.get(id)
    if (key === undefined) throw new Error(`there is no key '${id}'`)
    return key
  }
  const boundTo = ({ table, flowUuid, uuid, column }: CellPlace): Buffer =>
    Buffer.from(JSON.stringify([table, flowUuid, uuid, column]))
  return {
    encode(text, place) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keyOf(current), iv).setAAD(boundTo(place))
      const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      const parts = [iv, cipher.getAuthTag(), bytes].map((part) => part.toString('base64'))
      return [current, ...parts].join(':')
    },
    decode(stored, place) {
      const [id = '', ...parts] = stored.split(':')
      const [iv, tag, bytes] = parts.map((part) => Buffer.from(part, 'base64'))
      if (iv === undefined || tag === undefined || bytes === undefined) {
        throw new Error('it does not have four parts')
      }
      const options = { authTagLength: 16 }
      const decipher = createDecipheriv('aes-256-gcm', keyOf(id), iv, options)
      decipher.setAAD(boundTo(place)).setAuthTag(tag)
      return Buffer.concat([decipher.update(bytes), decipher.final()]).toString('utf8')
    },
  }
}

/** The same codec, some of whose answers come late, and not in order. */
export function late(codec: PayloadCodec): PayloadCodec {
  let count = 0
  const delay = async (answer: () => string | PromiseLike<string>): Promise<string> => {
    count += 1
    if (count % 3 === 0) await setTimeout(5 - (count % 5))
    return answer()
  }
  return {
    encode: (text, place) => delay(() => codec.encode(text, place)),
    decode: (text, place) => delay(() => codec.decode(text, place)),
  }
}

/** A payload with something in every column. */
export const FULL: AtomPayload = {
  results: '"r"',
  failure: '{"f":1}',
  revertResults: '"rr"',
  revertFailure: '{"rf":1}',
}
