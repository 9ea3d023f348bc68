import { describe, expect, test, vi } from 'vitest'
import { times } from '../../src/atoms/controllers.ts'
import { task } from '../../src/atoms/function-task.ts'
import { load } from '../../src/engine/load.ts'
import { linear } from '../../src/flows/linear.ts'
import { LoggingListener } from '../../src/listeners/logging.ts'
import { PrintingListener } from '../../src/listeners/printing.ts'
import { collecting, settled } from './lines.ts'

function failing() {
  return linear('f', { retry: times(1, { name: 'r' }) }).add(
    task('a', { execute: () => ({ n: 1 }) }),
    task('b', {
      execute() {
        throw new Error('boom', { cause: new TypeError('root') })
      },
    }),
  )
}

const MOVES = [
  "engine 'f' has moved flow 'f' (uuid) into state 'RUNNING' from state 'PENDING'",
  "engine 'f' has moved retry 'r' (uuid) into state 'RUNNING' from state 'PENDING'",
  "engine 'f' has moved retry 'r' (uuid) into state 'SUCCESS' from state 'RUNNING' with result '1' (failure=false)",
  "engine 'f' has moved task 'a' (uuid) into state 'RUNNING' from state 'PENDING'",
  "engine 'f' has moved task 'a' (uuid) into state 'SUCCESS' from state 'RUNNING' with result '{ n: 1 }' (failure=false)",
  "engine 'f' has moved task 'b' (uuid) into state 'RUNNING' from state 'PENDING'",
  "engine 'f' has moved task 'b' (uuid) into state 'FAILURE' from state 'RUNNING' with result 'Failure: Error: boom' (failure=true)\n" +
    'Failure: Error: boom\n  at …\nCaused by Failure: TypeError: root\n  at …',
  "engine 'f' has moved task 'b' (uuid) into state 'REVERTING' from state 'FAILURE'",
  "engine 'f' has moved task 'b' (uuid) into state 'REVERTED' from state 'REVERTING' with result 'undefined' (failure=false)",
  "engine 'f' has moved task 'a' (uuid) into state 'REVERTING' from state 'SUCCESS'",
  "engine 'f' has moved task 'a' (uuid) into state 'REVERTED' from state 'REVERTING' with result 'undefined' (failure=false)",
  "engine 'f' has moved retry 'r' (uuid) into state 'REVERTING' from state 'SUCCESS'",
  "engine 'f' has moved retry 'r' (uuid) into state 'REVERTED' from state 'REVERTING' with result 'undefined' (failure=false)",
  "engine 'f' has moved flow 'f' (uuid) into state 'REVERTED' from state 'RUNNING'",
]

describe('LoggingListener', () => {
  test("logs every move at its level, in TaskFlow's words", async () => {
    const { logger, lines } = collecting()
    const engine = load(failing())
    using _log = new LoggingListener(engine, { logger, level: 'info' })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(lines).toEqual(MOVES.map((text) => `INFO ${text}`))
  })

  test('logs to the console at debug when told nothing', async () => {
    const debug = vi.spyOn(console, 'debug').mockImplementation(() => {})
    const engine = load(task('t', { execute: () => 'done' }))
    using _log = new LoggingListener(engine, { flowStates: [], taskStates: ['SUCCESS'] })
    await engine.run()
    expect(debug.mock.calls.map(([text]) => settled(text))).toEqual([
      "engine 't' has moved task 't' (uuid) into state 'SUCCESS' from state 'RUNNING' with result 'done' (failure=false)",
    ])
    debug.mockRestore()
  })

  test('does the flow no harm when the logger throws', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const throwing = () => {
      throw new Error('disk full')
    }
    const logger = { debug: throwing, info: throwing, warn: throwing, error: throwing }
    const engine = load(linear('f').add(task('a', { provides: 'x', execute: () => 1 })))
    using _log = new LoggingListener(engine, { logger })
    await engine.run()
    expect(engine.storage.fetch('x')).toBe(1)
    expect(warn.mock.calls.length).toBe(1)
    warn.mockRestore()
  })
})

describe('PrintingListener', () => {
  test('prints every move', async () => {
    const texts: string[] = []
    const engine = load(failing())
    using _printed = new PrintingListener(engine, { write: (text) => texts.push(settled(text)) })
    await expect(engine.run()).rejects.toThrow('boom')
    expect(texts).toEqual(MOVES.map((text) => `${text}\n`))
  })

  test('prints to the standard output when told nothing', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
    const engine = load(task('t', { execute() {} }))
    using _printed = new PrintingListener(engine, { flowStates: ['SUCCESS'], taskStates: [] })
    await engine.run()
    const texts = write.mock.calls.map(([text]) => settled(String(text)))
    write.mockRestore()
    expect(texts).toEqual([
      "engine 't' has moved flow 't' (uuid) into state 'SUCCESS' from state 'RUNNING'\n",
    ])
  })
})
