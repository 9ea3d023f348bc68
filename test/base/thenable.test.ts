/**
 * What is made of a value that may be a promise.
 *
 * @module
 */
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { awaitable, onRejection, withEnd } from '../../src/base/thenable.ts'

type Then = (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => unknown

/** An object whose `then` is found by a function. */
function withThen(find: () => unknown): object {
  return Object.defineProperty({}, 'then', { get: find })
}

function thenable(then: Then): object {
  return withThen(() => then)
}

async function outcomeOf(pending: unknown): Promise<unknown> {
  try {
    return { value: await pending }
  } catch (reason) {
    return { reason }
  }
}

describe('a value', () => {
  test.each([
    ['an object whose then is no function', withThen(() => 1)],
    ['a plain object', {}],
    ['an array', []],
    ['null', null],
    ['undefined', undefined],
    ['a string', 'then'],
    ['a function', () => undefined],
  ])('that await gives as it is is none to await: %s', (_what, value) => {
    expect(awaitable(value)).toBeUndefined()
  })

  test('that is an ordinary promise is taken itself, without another promise', () => {
    const promise = Promise.resolve(1)
    expect(awaitable(promise)).toBe(promise)
  })

  class OwnPromise<T> extends Promise<T> {}
  const overridden = Object.defineProperty(Promise.resolve('slot'), 'then', {
    value: (resolve: (value: unknown) => void) => resolve('then'),
  })
  const disguised = Object.defineProperty(Promise.resolve('slot'), 'constructor', { value: Object })

  test.each<readonly [string, () => unknown]>([
    ['a promise of a class of its own', () => OwnPromise.resolve(1)],
    ['a promise of another realm', () => runInNewContext('Promise.resolve(1)')],
    ['a rejected one of another realm', () => runInNewContext('Promise.reject(1)')],
    ['a promise with a then of its own', () => overridden],
    ['a promise with a constructor of its own', () => disguised],
    ['a thenable', () => thenable((resolve) => resolve(1))],
    ['one that inherits then', () => Object.create(thenable((resolve) => resolve(1)))],
    ['a function with a then', () => Object.assign(() => 1, Object.fromEntries([['then', call]]))],
    ['one that rejects', () => thenable((_resolve, reject) => reject('no'))],
    ['one that rejects with undefined', () => thenable((_resolve, reject) => reject(undefined))],
    ['one whose then throws', () => thenable(() => thrown('from then'))],
    ['one whose then cannot be read', () => withThen(() => thrown('from the getter'))],
    ['one that throws after it has resolved', () => thenable((resolve) => thrown(resolve(1)))],
    ['one that settles twice', () => thenable((resolve, reject) => [resolve(1), reject(2)])],
    [
      'one that resolves to a thenable',
      () => thenable((resolve) => resolve(thenable((done) => done('inner')))),
    ],
    [
      'one that rejects with a thenable',
      () => thenable((_resolve, reject) => reject(Promise.resolve('not adopted'))),
    ],
  ])('is what await would give: %s', async (_what, make) => {
    const pending = awaitable(make())
    expect(pending).toBeInstanceOf(Promise)
    expect(Object.getPrototypeOf(pending)).toBe(Promise.prototype)
    expect(await outcomeOf(pending)).toEqual(await outcomeOf(make()))
  })

  test('is asked for its then once, and calls it once', async () => {
    let reads = 0
    let calls = 0
    const value = withThen(() => {
      reads += 1
      return reads > 1
        ? undefined
        : (resolve: (value: unknown) => void) => {
            calls += 1
            resolve('once')
          }
    })
    expect(await awaitable(value)).toBe('once')
    expect([reads, calls]).toEqual([1, 1])
  })

  test('is called in a later turn, as await does', async () => {
    const seen: string[] = []
    const pending = awaitable(thenable((resolve) => resolve(seen.push('then'))))
    seen.push('caller')
    await pending
    expect(seen).toEqual(['caller', 'then'])
  })
})

test.each([
  ['fulfils', () => Promise.resolve(1)],
  ['rejects', () => Promise.reject(new Error('no'))],
])('what a promise gives is given on when it %s, and the end is heard', async (_what, make) => {
  let ends = 0
  const given = withEnd(make(), () => {
    ends += 1
  })
  expect(await outcomeOf(given)).toEqual(await outcomeOf(make()))
  expect(ends).toBe(1)
})

describe('a rejection that nobody waits for', () => {
  test('is reported, and one of what is no promise is not', async () => {
    const reported: unknown[] = []
    onRejection(Promise.reject(undefined), (error) => reported.push(error))
    onRejection(Promise.resolve(1), (error) => reported.push(error))
    onRejection('no promise', (error) => reported.push(error))
    await new Promise(setImmediate)
    expect(reported).toEqual([undefined])
  })
})

function thrown(what: unknown): never {
  throw new Error(String(what))
}

function call(resolve: (value: unknown) => void): void {
  resolve('called')
}
