/**
 * What a retry says about itself, how it is named, and which definitions are refused.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { History } from '../../src/atoms/history.ts'
import { type Decision, Retry, type RetryOptions, retry } from '../../src/atoms/retry.ts'
import { CONTEXT } from './context.ts'

class Patient extends Retry {
  constructor(name?: string, options?: RetryOptions) {
    super(name, options)
  }

  override execute({ limit, history }: { limit?: number; history: History }): unknown {
    return [limit, history.length]
  }

  override onFailure(): Decision {
    return 'RETRY'
  }
}

/** A retry of any specification, be it wrong. */
function define(spec: object): Retry<never, object> {
  return retry('patient', spec as never)
}

function argumentsOf(bindings: readonly { argument: string; symbol: string }[]): readonly string[] {
  return bindings.map(({ argument, symbol }) => `${argument}=${symbol}`)
}

const HISTORY = new History([['first', {}]])
const onFailure = (): Decision => 'REVERT'

describe('the name', () => {
  test('is that of the class until the retry joins a flow', () => {
    const made = new Patient()
    expect(made.name).toBe('Patient')
    made.joinFlow('deploy')
    expect(made.name).toBe('deploy_retry')
  })

  test('stays that of the first flow', () => {
    const made = new Patient()
    made.joinFlow('deploy')
    made.joinFlow('other')
    expect(made.name).toBe('deploy_retry')
  })

  test('that is given stays when the retry joins a flow', () => {
    const made = new Patient('patient')
    made.joinFlow('deploy')
    expect(made.name).toBe('patient')
  })

  test.each([
    ['empty', '', "not be empty, got ''"],
    ['no text', 5, 'be a string, got 5'],
    ['null', null, 'be a string, got null'],
  ])('that is %s is refused', (_what, name, what) => {
    expect(() => new Patient(name as string)).toThrow(
      new TypeError(`the name of a retry must ${what}`),
    )
  })
})

describe('the inputs', () => {
  test('do not count the history, which a retry gets anyway', () => {
    const made = new Patient('patient', { provides: 'value' })
    expect(made.requires).toEqual(new Set(['limit']))
    expect(made.provides).toEqual(new Set(['value']))
    expect(made.kind).toBe('retry')
    expect(made.revertBindings).toEqual([])
  })

  test('of revert do not count the failures either, and are renamed as those of execute', () => {
    const made = define({
      execute: ({ limit, history }: Record<string, unknown>) => [limit, history],
      onFailure,
      revert: ({ limit, zone, history, flowFailures }: Record<string, unknown>) => [
        limit,
        zone,
        history,
        flowFailures,
      ],
      rebind: { limit: 'max' },
    })
    expect(argumentsOf(made.executeBindings)).toEqual(['limit=max'])
    expect(argumentsOf(made.revertBindings)).toEqual(['limit=max', 'zone=zone'])
    expect(made.requires).toEqual(new Set(['max', 'zone']))
  })

  test('are listed when execute does not destructure', () => {
    const execute = (inputs: object): unknown => inputs
    expect(define({ execute, onFailure, requires: ['limit'] }).requires).toEqual(new Set(['limit']))
    expect(define({ execute, onFailure, requires: [] }).requires).toEqual(new Set())
    expect(() => define({ execute, onFailure })).toThrow(
      /^'patient' does not say which inputs execute takes/,
    )
  })

  test('that the rebind names and revert does not take are no inputs of revert', () => {
    const made = define({
      execute: ({ limit }: Record<string, unknown>) => limit,
      onFailure,
      revert: ({ history }: Record<string, unknown>) => history,
      rebind: { limit: 'max' },
    })
    expect(made.revertBindings).toEqual([])
  })
})

test('a retry of functions calls them with inputs and context, as methods of what was handed in', () => {
  const spec = {
    calls: [] as unknown[],
    requires: [],
    execute(...args: unknown[]) {
      this.calls.push(['execute', ...args])
      return 'value'
    },
    onFailure(...args: unknown[]) {
      this.calls.push(['onFailure', ...args])
      return 'RETRY'
    },
    revert(...args: unknown[]) {
      this.calls.push(['revert', ...args])
      return 'undone'
    },
  }
  const made = define(spec) as Retry
  const inputs = { history: HISTORY }
  const undoing = { history: HISTORY, flowFailures: {} }
  expect(made.execute(inputs, CONTEXT)).toBe('value')
  expect(made.onFailure(inputs, CONTEXT)).toBe('RETRY')
  expect(made.revert?.(undoing, CONTEXT)).toBe('undone')
  expect(spec.calls).toEqual([
    ['execute', inputs, CONTEXT],
    ['onFailure', inputs, CONTEXT],
    ['revert', undoing, CONTEXT],
  ])
})

test('a retry of functions has no revert when none is given', () => {
  expect(define({ execute: () => 1, onFailure }).revert).toBeUndefined()
})

describe('a wrong definition is refused:', () => {
  test.each([
    [
      'with a revert that is no function',
      { execute: () => 1, onFailure, revert: 5 },
      /^'patient' has a revert that is number: write a function$/,
    ],
    ['of null', null as never, /^retry 'patient' needs an object with execute and onFailure/],
    ['of nothing', undefined as never, /^retry 'patient' needs an object/],
    [
      'without execute',
      { onFailure },
      /^'patient' has no execute: write a method execute\({ history }\) { … }$/,
    ],
    [
      'without onFailure',
      { execute: () => 1 },
      /^'patient' has no onFailure: write a method onFailure\({ history }\) { … }$/,
    ],
    [
      'with an onFailure that is no function',
      { execute: () => 1, onFailure: 'RETRY' },
      /^'patient' has no onFailure/,
    ],
    [
      'with a priority that is none',
      { execute: () => 1, onFailure, priority: '1' },
      /^priority of 'patient' must be a number, got '1'$/,
    ],
    [
      'with requires that are no list',
      { execute: () => 1, onFailure, requires: 'a' },
      /^'patient' has a field 'requires' for execute that is not a list/,
    ],
    [
      'with a name that execute does not take',
      { execute: ({ history }: { history: unknown }) => history, onFailure, requires: ['a'] },
      /^'patient' requires or rebinds 'a', which execute does not take/,
    ],
    [
      'with provides that have no name',
      { execute: () => 1, onFailure, provides: {} },
      /^'patient' provides something without a name/,
    ],
  ])('%s', (_what, spec, message) => {
    expect(() => define(spec)).toThrow(TypeError)
    expect(() => define(spec)).toThrow(message)
  })

  test('of a class whose onFailure is a field, which is not there yet', () => {
    class Late extends Retry {
      override execute(): void {}
      override onFailure = onFailure
    }
    expect(() => new Late()).toThrow("'Late' has no onFailure: write a method onFailure")
  })
})
