import { describe, expect, test, vi } from 'vitest'
import { task } from '../../src/atoms/function-task.ts'
import { load } from '../../src/engine/load.ts'
import type { TaskProgressed } from '../../src/engine/progress.ts'
import { linear } from '../../src/flows/linear.ts'
import { unordered } from '../../src/flows/unordered.ts'
import { ProgressListener } from '../../src/listeners/progress.ts'
import { CommonDetail } from '../../src/persistence/atom-detail.ts'

const copy = (name: string) =>
  task(name, {
    requires: [],
    execute(_inputs: object, { progress }) {
      progress(0.5, { files: 120 })
    },
    revert(_inputs: object, { progress }) {
      progress(0.25)
    },
  })

function collecting(): {
  readonly heard: string[]
  readonly tell: (one: TaskProgressed) => void
} {
  const heard: string[] = []
  const tell = ({ taskName, state, progress, details }: TaskProgressed): void =>
    void heard.push(`${taskName} ${state} ${progress} ${JSON.stringify(details) ?? '-'}`)
  return { heard, tell }
}

describe('ProgressListener', () => {
  test('hears the progress of every task, forwards and backwards', async () => {
    const { heard, tell } = collecting()
    const boom = task('boom', {
      execute() {
        throw new Error('boom')
      },
    })
    const engine = load(linear('f').add(copy('a'), boom))
    using _progress = new ProgressListener(engine, tell)
    await expect(engine.run()).rejects.toThrow('boom')
    expect(heard).toEqual([
      'a RUNNING 0 -',
      'a RUNNING 0.5 {"files":120}',
      'a SUCCESS 1 -',
      'boom RUNNING 0 -',
      'boom REVERTING 0 -',
      'boom REVERTED 1 -',
      'a REVERTING 0 -',
      'a REVERTING 0.25 -',
      'a REVERTED 1 -',
    ])
  })

  test('hears of one engine only, though engines share a task', async () => {
    const shared = copy('shared')
    const { heard, tell } = collecting()
    const watched = load(unordered('watched').add(shared), { engine: 'parallel' })
    using _progress = new ProgressListener(watched, tell)
    await load(linear('other').add(shared)).run()
    expect(heard).toEqual([])
    await watched.run()
    expect(heard.length).toBe(3)
  })

  test('tells the identity of the record', async () => {
    const uuids = new Set<string>()
    const engine = load(linear('f').add(copy('a')))
    using _progress = new ProgressListener(engine, ({ taskUuid }) => uuids.add(taskUuid))
    await engine.run()
    expect([...uuids]).toEqual([engine.storage.getAtomUuid('a')])
  })

  test('is not paid for where nobody listens: records get no identity for it', async () => {
    const uuid = vi.spyOn(CommonDetail.prototype, 'uuid', 'get')
    await load(linear('f').add(copy('a'))).run()
    expect(uuid).not.toHaveBeenCalled()
    uuid.mockRestore()
  })

  test('stops at the end of its block', async () => {
    const { heard, tell } = collecting()
    const engine = load(linear('f').add(copy('a')))
    {
      using _progress = new ProgressListener(engine, tell)
      expect(engine.progressNotifier.size).toBe(1)
    }
    expect(engine.progressNotifier.size).toBe(0)
    await engine.run()
    expect(heard).toEqual([])
  })

  test('that throws is reported once and harms nobody', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const engine = load(linear('f').add(copy('a'), copy('b')))
    using _progress = new ProgressListener(engine, () => {
      throw new Error('no bar')
    })
    await engine.run()
    expect(warn).toHaveBeenCalledOnce()
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^a callback for 'update_progress' threw and was passed over \(reported once\): Error: no bar/,
    )
    warn.mockRestore()
  })

  test('refuses what cannot be told', () => {
    const engine = load(linear('f').add(copy('a')))
    expect(() => new ProgressListener(engine, undefined as never)).toThrow(
      'tell must be a function, got undefined',
    )
    expect(engine.progressNotifier.size).toBe(0)
  })
})
