import { describe, expect, test, vi } from 'vitest'
import { times } from '../../src/atoms/controllers.ts'
import { task } from '../../src/atoms/function-task.ts'
import { Failure } from '../../src/base/failure.ts'
import { load } from '../../src/engine/load.ts'
import { linear } from '../../src/flows/linear.ts'
import { DynamicLoggingListener } from '../../src/listeners/dynamic-logging.ts'
import { collecting } from './lines.ts'

/** TaskFlow's reference, appendix B.2: a key goes in, a token comes out, then something fails. */
function sample() {
  return linear('outer').add(
    task('a', {
      provides: { pick: ['token', 'n'] },
      execute: ({ key }: { key: string }) => ({ token: `t-${key}`, n: 1 }),
    }),
    linear('inner', { retry: times(1, { name: 'r' }) }).add(
      task('b', {
        execute() {
          throw new Error('boom')
        },
      }),
    ),
  )
}

const SAMPLE = { store: { key: 's3cret' } }
const MASKS = { maskInputsKeys: ['key'], maskOutputsKeys: ['token'] }

describe('DynamicLoggingListener', () => {
  test('logs what is bad at the failure level, with what came before, and masks keys', async () => {
    const { logger, lines } = collecting()
    const engine = load(sample(), { ...SAMPLE, commit: 'move' })
    using _log = new DynamicLoggingListener(engine, { logger, ...MASKS })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(lines).toEqual([
      "DEBUG Flow 'outer' (uuid) transitioned into state 'RUNNING' from state 'PENDING'",
      "DEBUG Task 'a' (uuid) transitioned into state 'RUNNING' from state 'PENDING'",
      "DEBUG Task 'a' (uuid) transitioned into state 'SUCCESS' from state 'RUNNING' with result '{ token: '***', n: 1 }'",
      "DEBUG Retry 'r' (uuid) transitioned into state 'RUNNING' from state 'PENDING'",
      "DEBUG Retry 'r' (uuid) transitioned into state 'SUCCESS' from state 'RUNNING' with result '1'",
      "DEBUG Task 'b' (uuid) transitioned into state 'RUNNING' from state 'PENDING'",
      `WARN Task 'b' (uuid) transitioned into state 'FAILURE' from state 'RUNNING'
4 predecessors (most recent first):
  Atom 'r' { intention: 'EXECUTE', state: 'SUCCESS', requires: {}, provides: [ [ 1, {} ] ] }
  |__Flow 'inner'
     |__Atom 'a' { intention: 'EXECUTE', state: 'SUCCESS', requires: { key: '***' }, provides: { token: '***', n: 1 } }
        |__Flow 'outer'
Failure: Error: boom
  at …`,
      "DEBUG Task 'b' (uuid) transitioned into state 'REVERTING' from state 'FAILURE'",
      "WARN Task 'b' (uuid) transitioned into state 'REVERTED' from state 'REVERTING' with result 'undefined'",
      "DEBUG Retry 'r' (uuid) transitioned into state 'REVERTING' from state 'SUCCESS'",
      "WARN Retry 'r' (uuid) transitioned into state 'REVERTED' from state 'REVERTING' with result 'undefined'",
      "WARN Flow 'outer' (uuid) transitioned into state 'REVERTED' from state 'RUNNING'",
    ])
  })

  test('shows what came before also when the failure was dealt with before it is told', async () => {
    const { logger, lines } = collecting()
    const engine = load(sample(), SAMPLE)
    using _log = new DynamicLoggingListener(engine, { logger, taskStates: ['FAILURE'], ...MASKS })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(lines.find((line) => line.includes("'b'"))).toBe(
      `WARN Task 'b' (uuid) transitioned into state 'FAILURE' from state 'RUNNING'
4 predecessors (most recent first):
  Atom 'r' { intention: 'REVERT', state: 'SUCCESS', requires: {}, provides: [ [ 1, { b: [Failure: Error: boom] } ] ] }
  |__Flow 'inner'
     |__Atom 'a' { intention: 'EXECUTE', state: 'SUCCESS', requires: { key: '***' }, provides: { token: '***', n: 1 } }
        |__Flow 'outer'
Failure: Error: boom
  at …`,
    )
  })

  test('shows nothing of the inputs and outputs of hidden atoms', async () => {
    const { logger, lines } = collecting()
    const engine = load(sample(), SAMPLE)
    using _log = new DynamicLoggingListener(engine, { logger, hideInputsOutputsOf: ['a', 'r'] })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(lines).toContain(
      "DEBUG Task 'a' (uuid) transitioned into state 'SUCCESS' from state 'RUNNING'",
    )
    const all = lines.join('\n')
    expect(all).toContain("Atom 'r' { intention: 'REVERT', state: 'SUCCESS' }")
    expect(all).toContain("Atom 'a' { intention: 'EXECUTE', state: 'SUCCESS' }")
    expect(all).not.toContain('s3cret')
  })

  test('masks what is provided under a masked symbol, whole or by position', async () => {
    const { logger, lines } = collecting()
    const engine = load(
      linear('f').add(
        task('whole', { provides: 'token', execute: () => 's3cret', revert: () => 'undone' }),
        task('part', { provides: ['user', 'token2', 'absent'], execute: () => ['ann', 's3cret'] }),
        task('text', { provides: ['user2', 'token3'], execute: () => 's3cret' }),
        task('other', {
          rebind: { given: 'token' },
          execute: ({ given }: { given: string }): string => {
            throw new Error(`no ${given.length}`)
          },
        }),
      ),
    )
    const maskOutputsKeys = ['token', 'token2', 'token3', 'absent']
    using _log = new DynamicLoggingListener(engine, {
      logger,
      taskStates: ['SUCCESS', 'REVERTED', 'FAILURE'],
      flowStates: [],
      maskInputsKeys: ['token'],
      maskOutputsKeys,
    })
    await expect(engine.run()).rejects.toThrow('no 6')
    expect(lines.join('\n')).not.toContain('s3cret')
    expect(lines.map((line) => line.split('\n')[0])).toEqual([
      "DEBUG Task 'whole' (uuid) transitioned into state 'SUCCESS' from state 'RUNNING' with result '***'",
      "DEBUG Task 'part' (uuid) transitioned into state 'SUCCESS' from state 'RUNNING' with result '[ 'ann', '***' ]'",
      "DEBUG Task 'text' (uuid) transitioned into state 'SUCCESS' from state 'RUNNING' with result '***'",
      "WARN Task 'other' (uuid) transitioned into state 'FAILURE' from state 'RUNNING'",
      "WARN Task 'other' (uuid) transitioned into state 'REVERTED' from state 'REVERTING' with result 'undefined'",
      "WARN Task 'text' (uuid) transitioned into state 'REVERTED' from state 'REVERTING' with result 'undefined'",
      "WARN Task 'part' (uuid) transitioned into state 'REVERTED' from state 'REVERTING' with result 'undefined'",
      "WARN Task 'whole' (uuid) transitioned into state 'REVERTED' from state 'REVERTING' with result 'undone'",
    ])
  })

  test('masks the inputs of arguments that are rebound to a masked symbol', async () => {
    const { logger, lines } = collecting()
    const engine = load(
      linear('f').add(
        task('uses', {
          rebind: { given: 'password' },
          execute: ({ given }: { given: string }) => given.length,
        }),
        task('fails', {
          execute() {
            throw new Error('boom')
          },
        }),
      ),
      { store: { password: 's3cret' } },
    )
    using _log = new DynamicLoggingListener(engine, {
      logger,
      maskInputsKeys: ['password'],
    })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(lines.join('\n')).toContain("requires: { given: '***' }, provides: 6 }")
    expect(lines.join('\n')).not.toContain('s3cret')
  })

  test('masks all attempts of a retry that provides a masked symbol', async () => {
    const { logger, lines } = collecting()
    const engine = load(
      linear('f', { retry: times(2, { name: 'r', provides: ['token'] as never }) }).add(
        task('b', {
          execute() {
            throw new Error('boom')
          },
        }),
      ),
    )
    using _log = new DynamicLoggingListener(engine, {
      logger,
      level: 'info',
      failureLevel: 'error',
      maskOutputsKeys: ['token'],
    })
    await expect(engine.run()).rejects.toThrow('boom')
    const all = lines.join('\n')
    expect(all).toContain("requires: {}, provides: '***' }")
    expect(all).toContain("into state 'SUCCESS' from state 'RUNNING' with result '***'")
    expect(all).toContain(
      "ERROR Retry 'r' (uuid) transitioned into state 'RETRYING' from state 'SUCCESS'",
    )
    expect(lines.filter((line) => !/^(INFO|ERROR) /.test(line))).toEqual([])
  })

  test('writes no tree about a revert that failed, and the flow ends at the failure level', async () => {
    const { logger, lines } = collecting()
    const engine = load(
      linear('f').add(
        task('a', {
          execute() {
            throw new Error('boom')
          },
          revert() {
            throw new Error('stuck')
          },
        }),
      ),
    )
    using _log = new DynamicLoggingListener(engine, {
      logger,
      taskStates: ['REVERT_FAILURE'],
      flowStates: ['FAILURE'],
    })
    await expect(engine.run()).rejects.toThrow()
    expect(lines).toEqual([
      "WARN Task 'a' (uuid) transitioned into state 'REVERT_FAILURE' from state 'REVERTING'\nFailure: Error: stuck\n  at …",
      "WARN Flow 'f' (uuid) transitioned into state 'FAILURE' from state 'RUNNING'",
    ])
  })

  test('takes a failure that a task returns for a value', async () => {
    const { logger, lines } = collecting()
    const engine = load(task('a', { execute: () => Failure.from(new Error('mild')) }))
    using _log = new DynamicLoggingListener(engine, { logger, taskStates: ['SUCCESS'] })
    await engine.run()
    expect(lines).toContain(
      "DEBUG Task 'a' (uuid) transitioned into state 'SUCCESS' from state 'RUNNING' with result '[Failure: Error: mild]'",
    )
  })

  test('writes failures with the given formatter', async () => {
    const { logger, lines } = collecting()
    const engine = load(sample(), SAMPLE)
    using _log = new DynamicLoggingListener(engine, {
      logger,
      failureFormatter: { format: (failure, atom, state) => `${atom} ${state} ${failure}` },
    })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(lines).toContain(
      "WARN Task 'b' (uuid) transitioned into state 'FAILURE' from state 'RUNNING'\nb FAILURE Failure: Error: boom",
    )
  })

  test('logs to the console when told nothing', async () => {
    const debug = vi.spyOn(console, 'debug').mockImplementation(() => {})
    const engine = load(task('t', { execute() {} }))
    using _log = new DynamicLoggingListener(engine)
    await engine.run()
    expect(debug.mock.calls.length).toBe(4)
    debug.mockRestore()
  })
})
