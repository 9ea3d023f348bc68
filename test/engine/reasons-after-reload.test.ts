/**
 * Whether a failure is tried again is judged the same before and after a crash.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  type ErrorType,
  Failure,
  type FailureRecord,
  linear,
  load,
  loadFlowDetail,
  memory,
  NonRetryableError,
  type RetryOptions,
  TimeoutError,
  task,
  times,
} from '../../src/index.ts'
import { runUntilCrash } from './crash.ts'

class QuotaError extends Error {}
class VolumeQuotaError extends QuotaError {}

/** As a minifier names a class. */
function minified<T extends object>(type: T): T {
  return Object.defineProperty(type, 'name', { value: 'e' })
}

const Declined = minified(class extends NonRetryableError {})

const ERRORS: Readonly<Record<string, () => unknown>> = {
  quota: () => new VolumeQuotaError('no space'),
  declined: () => new Declined('no funds'),
  unavailable: () => Object.assign(new Error('busy'), { code: 503, retryable: true }),
  forbidden: () => Object.assign(new Error('no'), { code: 403, retryable: false }),
  missing: () => Object.assign(new Error('no file'), { code: 'ENOENT' }),
  several: () => new AggregateError([new QuotaError('a'), new Error('b')], 'all'),
  suppressed: () => new SuppressedError(new Error('closing'), new QuotaError('working')),
  lookalike: () => Object.assign(new Error('x'), { name: 'TimeoutError' }),
  timeout: () => new TimeoutError('late'),
  text: () => 'no space',
  nothing: () => undefined,
}

const RULES: Readonly<Record<string, RetryOptions['retryOn']>> = {
  all: undefined,
  'a class': [VolumeQuotaError],
  'a class above': [QuotaError],
  'our class': [TimeoutError],
  'a name': ['VolumeQuotaError', 'string', 'undefined'],
  'a code': ({ code }) => code === 'ENOENT' || code === 503,
  'a field': ({ fields }) => fields['retryable'] === true,
  'errors inside': ({ errors }) => errors.some((one) => one.check(QuotaError) !== undefined),
  'any class': [Error],
}

/** How often a task was called in all when the process died after its first failure was stored. */
async function attempts(thrown: () => unknown, retryOn: RetryOptions['retryOn'], crashes: boolean) {
  let count = 0
  const flow = () =>
    linear('f', { retry: times(2, { retryOn }) }).add(
      task('bad', {
        execute() {
          count += 1
          throw thrown()
        },
      }),
    )
  const backend = memory()
  if (!crashes) {
    await load(flow(), { backend })
      .run()
      .catch(() => {})
    return count
  }
  const holdsFailure = ({ atoms }: { atoms: readonly { name: string; state: string }[] }) =>
    atoms.some(({ name, state }) => name === 'bad' && state === 'FAILURE')
  const at = { at: holdsFailure as never, when: 'after' } as const
  const remains = await runUntilCrash(flow(), at, { backend, neverResolve: true })
  const flowDetail = await loadFlowDetail(backend, remains?.uuid ?? '')
  expect(flowDetail.find('bad')?.failure?.hasThrown).toBe(false)
  await load(flow(), { backend, flowDetail })
    .run()
    .catch(() => {})
  return count
}

describe.each(Object.entries(ERRORS))('%s', (_name, thrown) => {
  test.each(Object.entries(RULES))('is tried again, or not, for %s', async (_rule, retryOn) => {
    expect(await attempts(thrown, retryOn, true)).toBe(await attempts(thrown, retryOn, false))
  })
})

test.each([
  ['a subclass of NonRetryableError, minified', ERRORS['declined'], undefined, 1],
  ['a code that is a number', ERRORS['unavailable'], RULES['a code'], 2],
  ['another number', ERRORS['forbidden'], RULES['a code'], 1],
  ['an error that only has the name of a class', ERRORS['lookalike'], [TimeoutError], 1],
  ['an error inside of another', ERRORS['suppressed'], RULES['errors inside'], 2],
] as const)('%s', async (_what, thrown, retryOn, expected) => {
  for (const crashes of [false, true]) {
    expect(await attempts(thrown as never, retryOn as RetryOptions['retryOn'], crashes)).toBe(
      expected,
    )
  }
})

test('a wait that the error asks for is asked for after a reload as well', () => {
  const failure = Failure.from(Object.assign(new Error('busy'), { retryAfterMs: 5_000 }))
  const back = Failure.fromRecord(failure.toRecord())
  const history = { length: 1 } as never
  expect([failure, back].map((one) => times(2).delayMs(history, one))).toEqual([5_000, 5_000])
})

test('what an older version stored is judged as it was', () => {
  const record: FailureRecord = {
    exception_str: 'late',
    traceback_str: '',
    exc_type_names: ['TimeoutError', 'FlowError', 'Error', 'Exception'],
    version: 1,
    exc_args: ['late', 'TIMEOUT'],
    causes: [],
  }
  const failure = Failure.fromRecord(record)
  expect(failure.code).toBe('TIMEOUT')
  const types: readonly ErrorType[] = [QuotaError, TimeoutError]
  expect(failure.check(...types)).toBe(TimeoutError)
})
