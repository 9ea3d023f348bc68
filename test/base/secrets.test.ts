import { describe, expect, test } from 'vitest'
import { maskUrls, SecretKeys, SecretMask } from '../../src/base/secrets.ts'
import { fc } from '../properties.ts'

describe('maskUrls', () => {
  test.each([
    ['postgres://me:secret@host/db', 'postgres://me:***@host/db'],
    ['postgres://me:p@ss@host/db', 'postgres://me:***@host/db'],
    ['redis://:secret@host', 'redis://:***@host'],
    ['at mysql://a:b@h/x and amqp://c:d@h/y.', 'at mysql://a:***@h/x and amqp://c:***@h/y.'],
    [
      'postgres://host/db?user=me&password=secret&x=1',
      'postgres://host/db?user=me&password=***&x=1',
    ],
    ['host=h password=secret dbname=d', 'host=h password=*** dbname=d'],
    ['https://api/x?access_token=abc', 'https://api/x?access_token=***'],
    ['postgres://me@host/db', 'postgres://me@host/db'],
    ['me@host.example: 12:30', 'me@host.example: 12:30'],
    ['a=b', 'a=b'],
  ])('%s', (text, masked) => {
    expect(maskUrls(text)).toBe(masked)
  })

  test('lets no password of a URL through', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_%!$@:+.-]{4,12}$/)
    fc.assert(
      fc.property(word, fc.stringMatching(/^[a-z]{1,8}$/), (password, host) => {
        const masked = maskUrls(`cannot reach postgres://user:<${password}>@${host}/db now`)
        expect(masked).toBe(`cannot reach postgres://user:***@${host}/db now`)
      }),
    )
  })
})

describe('SecretMask', () => {
  test('knows the password of a URL wherever it stands, encoded or not', () => {
    const mask = new SecretMask()
    mask.learn('postgres://me:open%20sesame@host/db')
    expect(mask.apply('role me with password "open sesame" (open%20sesame) was refused')).toBe(
      'role me with password "***" (***) was refused',
    )
  })

  test('does not mask what is met everywhere', () => {
    const mask = new SecretMask()
    mask.learn('postgres://me:me@host/db')
    expect(mask.apply('something from postgres://me:me@host')).toBe(
      'something from postgres://me:***@host',
    )
  })
})

test('keys that sound like secrets are secret, and those that are named', () => {
  const keys = new SecretKeys(['name'])
  const secret = ['password', 'dbPassword', 'API_KEY', 'apiToken', 'clientSecret', 'Cookie', 'name']
  expect(secret.filter((key) => !keys.has(key))).toEqual([])
  expect(['size', 'path', 'keyboard', 'names'].filter((key) => keys.has(key))).toEqual([])
})
