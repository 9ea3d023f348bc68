/**
 * Who hears what, in which order, and what becomes of callbacks that throw.
 *
 * @module
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ANY, type Callback, Notifier } from '../../src/base/notifier.ts'

interface Events {
  opened: { readonly name: string }
  closed: { readonly name: string }
}

const DETAILS = { name: 'vol-1' }

/** The warnings of the process, which are kept from the console. */
function catchWarnings(): unknown[][] {
  const warnings: unknown[][] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((...warning: unknown[]) => {
    warnings.push(warning)
  })
  return warnings
}

/** A callback that throws the given value. */
function throwing(value: unknown): () => never {
  return () => {
    throw value
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('notify', () => {
  test('calls those for every event first, then those for the event, each in order', () => {
    const notifier = new Notifier<Events>()
    const calls: string[] = []
    notifier.register('opened', () => calls.push('opened 1'))
    notifier.register(ANY, () => calls.push('any 1'))
    notifier.register('opened', () => calls.push('opened 2'))
    notifier.register(ANY, () => calls.push('any 2'))
    notifier.notify('opened', DETAILS)
    expect(calls).toEqual(['any 1', 'any 2', 'opened 1', 'opened 2'])
  })

  test('hands over the event and the same details', () => {
    const notifier = new Notifier<Events>()
    const got: unknown[][] = []
    notifier.register(ANY, (...args) => got.push(args))
    notifier.register('closed', (...args) => got.push(args))
    notifier.notify('closed', DETAILS)
    expect(got).toEqual([
      ['closed', DETAILS],
      ['closed', DETAILS],
    ])
    expect(got.every(([, details]) => details === DETAILS)).toBe(true)
  })

  test('does not call those of other events', () => {
    const notifier = new Notifier<Events>()
    const callback = vi.fn()
    notifier.register('opened', callback)
    notifier.notify('closed', DETAILS)
    expect(callback).not.toHaveBeenCalled()
  })

  test("drops '*', which cannot happen", () => {
    const notifier = new Notifier<Record<string, unknown>>()
    const callback = vi.fn()
    notifier.register(ANY, callback)
    notifier.notify(ANY, {})
    expect(callback).not.toHaveBeenCalled()
  })

  test('passes over a callback whose filter gives false', () => {
    const notifier = new Notifier<Events>()
    const callback = vi.fn()
    notifier.register('opened', callback, { filter: ({ name }) => name === 'vol-2' })
    notifier.notify('opened', DETAILS)
    notifier.notify('opened', { name: 'vol-2' })
    expect(callback.mock.calls).toEqual([['opened', { name: 'vol-2' }]])
  })

  test('a callback that registers another one does not have it called for this event', () => {
    const notifier = new Notifier<Events>()
    const late = vi.fn()
    notifier.register('opened', () => void notifier.register('opened', late))
    notifier.notify('opened', DETAILS)
    expect(late).not.toHaveBeenCalled()
  })

  test('a callback that ends its own registration does not make the next one miss the event', () => {
    const notifier = new Notifier<Events>()
    const next = vi.fn()
    const once: Callback<'opened', unknown> = () => void notifier.deregister('opened', once)
    notifier.register('opened', once)
    notifier.register('opened', next)
    notifier.notify('opened', DETAILS)
    expect(next).toHaveBeenCalledOnce()
    expect(notifier.size).toBe(1)
  })
})

describe('a callback that throws', () => {
  test('does not keep the others from being called', () => {
    catchWarnings()
    const notifier = new Notifier<Events>()
    const after = vi.fn()
    notifier.register(ANY, throwing(new Error('no disk')))
    notifier.register('opened', after)
    notifier.notify('opened', DETAILS)
    expect(after).toHaveBeenCalledOnce()
  })

  test('is reported once with the others of its owner, in all notifiers', () => {
    const warnings = catchWarnings()
    const [one, other] = [new Notifier<Events>(), new Notifier<Events>()]
    const [owner, another] = [{}, {}]
    one.register('opened', throwing(1), { owner })
    one.register('closed', throwing(2), { owner })
    other.register('opened', throwing(3), { owner })
    other.register('opened', throwing(4), { owner: another })
    for (const notifier of [one, other]) {
      notifier.notify('opened', DETAILS)
      notifier.notify('closed', DETAILS)
    }
    expect(warnings.map(([text]) => String(text).at(-1))).toEqual(['1', '4'])
  })

  test('is called again and reported once', () => {
    const warnings = catchWarnings()
    const notifier = new Notifier<Events>()
    const callback = vi.fn(throwing(new Error('no disk')))
    notifier.register('opened', callback)
    notifier.notify('opened', DETAILS)
    notifier.notify('opened', DETAILS)
    expect(callback).toHaveBeenCalledTimes(2)
    expect(warnings).toEqual([
      [
        expect.stringMatching(
          /^a callback for 'opened' threw and was passed over .*Error: no disk\n/,
        ),
        'TaskflowListenerWarning',
      ],
    ])
  })

  test.each([
    [
      'an error without a stack',
      Object.assign(new Error('no disk'), { stack: undefined }),
      'no disk',
    ],
    ['a string', 'no disk', 'no disk'],
    ['undefined', undefined, 'undefined'],
    ['a symbol', Symbol('disk'), 'Symbol(disk)'],
  ])('is reported when it throws %s', (_what, value, shown) => {
    const warnings = catchWarnings()
    const notifier = new Notifier<Events>()
    notifier.register('opened', throwing(value))
    notifier.notify('opened', DETAILS)
    expect(warnings[0]?.[0]).toMatch(
      /^a callback for 'opened' threw and was passed over \(reported once\): /,
    )
    expect(warnings[0]?.[0]).toContain(shown)
  })

  test('may be async: its rejection is reported and ends nothing', async () => {
    const warnings = catchWarnings()
    const notifier = new Notifier<Events>()
    const rejecting = (): unknown => Promise.reject(new Error('no disk'))
    notifier.register('opened', rejecting)
    notifier.notify('opened', DETAILS)
    notifier.notify('opened', DETAILS)
    await new Promise(setImmediate)
    expect(warnings).toHaveLength(1)
  })

  test('may throw what cannot be printed as text', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new TypeError('not to be read')
      },
    })
    for (const value of [Object.create(null), proxy, hostile]) {
      const warnings = catchWarnings()
      const notifier = new Notifier<Events>()
      notifier.register('opened', throwing(value))
      notifier.notify('opened', DETAILS)
      expect(warnings).toHaveLength(1)
    }
  })

  test('may give a thenable that cannot be awaited', async () => {
    const warnings = catchWarnings()
    const notifier = new Notifier<Events>()
    const get = (): never => {
      throw new TypeError('no then')
    }
    notifier.register('opened', () => Object.defineProperty({}, 'then', { get }) as never)
    notifier.notify('opened', DETAILS)
    await new Promise(setImmediate)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.[0]).toContain('no then')
  })

  test('may have an async filter: it is called, and a rejection is reported', async () => {
    const warnings = catchWarnings()
    const notifier = new Notifier<Events>()
    const callback = vi.fn()
    const filter = (): never => Promise.reject(undefined) as never
    notifier.register('opened', callback, { filter })
    notifier.notify('opened', DETAILS)
    await new Promise(setImmediate)
    expect([callback.mock.calls.length, warnings.length]).toEqual([1, 1])
  })

  test('may also be a filter: its callback is not called', () => {
    const warnings = catchWarnings()
    const notifier = new Notifier<Events>()
    const callback = vi.fn()
    notifier.register('opened', callback, { filter: throwing(new Error('no name')) })
    notifier.notify('opened', DETAILS)
    expect(callback).not.toHaveBeenCalled()
    expect(warnings).toHaveLength(1)
  })
})

describe('register', () => {
  test('refuses what is no function', () => {
    expect(() => new Notifier<Events>().register('opened', 'log' as never)).toThrow(
      new TypeError("the callback for 'opened' must be a function, not string"),
    )
  })

  test('refuses an event that is not among those given, and tells which are', () => {
    const notifier = new Notifier<Events>(['opened', 'closed'])
    expect(() => notifier.register('moved' as 'opened', () => undefined)).toThrow(
      new TypeError("'moved' is not an event of this notifier; it has '*', 'opened', 'closed'"),
    )
    expect(notifier.size).toBe(0)
  })

  test.each(['opened', ANY] as const)('takes %s when events are given', (event) => {
    const notifier = new Notifier<Events>(['opened'])
    notifier.register(event, () => undefined)
    expect(notifier.size).toBe(1)
  })

  test('refuses the same callback for the same event', () => {
    const notifier = new Notifier<Events>()
    const callback = (): void => undefined
    notifier.register('opened', callback)
    expect(() => notifier.register('opened', callback)).toThrow(
      new TypeError("the callback is registered for 'opened' already"),
    )
  })

  test('takes the same callback for another event, and with another filter', () => {
    const notifier = new Notifier<Events>()
    const callback = (): void => undefined
    notifier.register('opened', callback)
    notifier.register('closed', callback)
    notifier.register('opened', callback, { filter: () => true })
    expect(notifier.size).toBe(3)
  })

  test('gives what ends the registration, for using', () => {
    const notifier = new Notifier<Events>()
    const callback = vi.fn()
    {
      using _registration = notifier.register('opened', callback, { filter: () => true })
      notifier.notify('opened', DETAILS)
    }
    notifier.notify('opened', DETAILS)
    expect(callback).toHaveBeenCalledOnce()
    expect(notifier.size).toBe(0)
  })
})

describe('deregister', () => {
  test('ends one registration and keeps the others of the event', () => {
    const notifier = new Notifier<Events>()
    const [gone, kept] = [vi.fn(), vi.fn()]
    notifier.register('opened', gone)
    notifier.register('opened', kept)
    expect(notifier.deregister('opened', gone)).toBe(true)
    notifier.notify('opened', DETAILS)
    expect(gone).not.toHaveBeenCalled()
    expect(kept).toHaveBeenCalledOnce()
  })

  test.each([
    ['another callback', 'opened', () => undefined, {}],
    ['another event', 'closed', undefined, {}],
    ['another filter', 'opened', undefined, { filter: () => true }],
  ] as const)('gives false for %s', (_what, event, other, options) => {
    const notifier = new Notifier<Events>()
    const callback = (): void => undefined
    notifier.register('opened', callback)
    expect(notifier.deregister(event, other ?? callback, options)).toBe(false)
    expect(notifier.size).toBe(1)
  })
})

describe('hears', () => {
  test('is true only for events that somebody is registered for', () => {
    const notifier = new Notifier<Events>()
    expect(notifier.hears('opened')).toBe(false)
    const registration = notifier.register('opened', () => undefined)
    expect([notifier.hears('opened'), notifier.hears('closed')]).toEqual([true, false])
    registration[Symbol.dispose]()
    expect(notifier.hears('opened')).toBe(false)
  })

  test("is true for all events when somebody is registered for '*'", () => {
    const notifier = new Notifier<Events>()
    notifier.register(ANY, () => undefined)
    expect([notifier.hears('opened'), notifier.hears('closed')]).toEqual([true, true])
  })
})

test('reset ends all registrations', () => {
  const notifier = new Notifier<Events>()
  const callback = vi.fn()
  notifier.register('opened', callback)
  notifier.register(ANY, callback)
  notifier.reset()
  notifier.notify('opened', DETAILS)
  expect(notifier.size).toBe(0)
  expect(callback).not.toHaveBeenCalled()
})
