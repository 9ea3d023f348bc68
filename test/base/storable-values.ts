/**
 * Values that can be stored, for laws about whatever keeps them.
 *
 * @module
 */
import { fc } from '../properties.ts'

/** Keys of objects, those that mean something elsewhere among them. */
export const key: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.constantFrom('$taskflow', '__proto__', 'constructor', '0'),
)

/** Values that must be stored; built so that `__proto__` becomes a key and not a prototype. */
export const { storable } = fc.letrec<{ storable: unknown }>((tie) => {
  const fields = fc.array(fc.tuple(key, tie('storable')), { maxLength: 4 })
  const items = fc.array(tie('storable'), { maxLength: 4 })
  return {
    storable: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.constantFrom<unknown>(null, undefined, true, false, /a|b/gu, new URL('x:y')),
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.bigInt(),
      fc.date({ noInvalidDate: false }),
      fc.uint8Array(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      items,
      items.map((all) => new Set(all)),
      fields.map((all) => Object.fromEntries(all)),
      fields.map((all) => ({ __proto__: null, ...Object.fromEntries(all) })),
      fields.map((all) => new Map<unknown, unknown>(all)),
      fc.array(fc.tuple(tie('storable'), tie('storable')), { maxLength: 3 }).map((all) => {
        return new Map(all)
      }),
      fc.tuple(fc.string(), tie('storable')).map(([message, cause]) => {
        return new RangeError(message, { cause })
      }),
    ),
  }
})
