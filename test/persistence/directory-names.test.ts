import { describe, expect, test } from 'vitest'
import { fieldsOf } from '../../src/persistence/directory/fields.ts'
import { nameOf } from '../../src/persistence/directory/names.ts'
import { fc } from '../properties.ts'

describe('the name of an object', () => {
  const odd = fc.constantFrom('/', '..', '.', '%', '\0', '\ud800', 'Ä', 'a\u0308', 'ß', 'lock', ' ')
  const uuids = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(odd, fc.string()), { maxLength: 5 }).map((parts) => parts.join('')),
    fc.integer({ min: 150, max: 400 }).map((length) => 'x'.repeat(length)),
  )

  test('is a safe file name, whatever the uuid', () => {
    fc.assert(
      fc.property(uuids, (uuid) => {
        expect(nameOf(uuid)).toMatch(/^[A-Za-z0-9_%-][A-Za-z0-9._%-]{0,199}$/)
        expect(nameOf(uuid)).not.toMatch(/^(?:metadata|lock|taskflow-ts.*)$/i)
      }),
    )
  })

  test('is no other uuid’s', () => {
    fc.assert(
      fc.property(uuids, uuids, (one, other) => {
        expect(nameOf(one) === nameOf(other)).toBe(one === other)
        expect(nameOf(nameOf(one)) === nameOf(one)).toBe(nameOf(one) === one)
      }),
    )
  })

  test.each([
    ['6f1c9a52-0b1e-4b6e-9a0c-2d4c8a9be001', '6f1c9a52-0b1e-4b6e-9a0c-2d4c8a9be001'],
    ['Order_17.b', 'Order_17.b'],
    ['', '%'],
    ['..', '%002e.'],
    ['../a', '%002e.%002fa'],
    ['metadata', '%006detadata'],
    ['Lock', '%004cock'],
    ['taskflow-ts.json', '%0074askflow-ts.json'],
    ['ü\0', '%00fc%0000'],
  ])('of %j is %s', (uuid, name) => {
    expect(nameOf(uuid)).toBe(name)
  })
})

describe('the fields of an object', () => {
  test('are the texts that were put together', () => {
    const space = fc.constantFrom('', ' ', '\n', '\t ')
    const text = fc
      .tuple(fc.jsonValue(), fc.constantFrom(0, 1, 2))
      .map(([value, indent]) => JSON.stringify(value, undefined, indent))
    const field = fc.tuple(fc.string(), text, space, space)
    fc.assert(
      fc.property(fc.uniqueArray(field, { selector: ([key]) => key }), (fields) => {
        const json = `{${fields
          .map(([key, value, a, b]) => `${a}${JSON.stringify(key)}${b}:${a}${value}${b}`)
          .join(',')}}`
        expect([...fieldsOf(json)]).toEqual(fields.map(([key, value]) => [key, value]))
      }),
    )
  })

  test('may be as long as they like', () => {
    const long = JSON.stringify(`${'"\\[{'.repeat(300_000)}`)
    expect(fieldsOf(`{"a":[${long}],"b":${long}}`).get('b') === long).toBe(true)
  })
})
