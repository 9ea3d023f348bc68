import { describe, expect, test, vi } from 'vitest'
import { times } from '../../src/atoms/controllers.ts'
import { task } from '../../src/atoms/function-task.ts'
import { load } from '../../src/engine/load.ts'
import { linear } from '../../src/flows/linear.ts'
import { CaptureListener } from '../../src/listeners/capturing.ts'
import { Listener, type Watched } from '../../src/listeners/listener.ts'

const one = () => linear('f').add(task('a', { provides: 'x', execute: () => 1 }))

/** One failure, one retry, then success. */
function flaky() {
  let count = 0
  return linear('f', { retry: times(2) }).add(
    task('a', {
      execute() {
        count += 1
        if (count === 1) throw new Error('boom')
        return count
      },
    }),
  )
}

function moves(captured: CaptureListener): readonly string[] {
  return captured.values.map(([kind, state]) => `${kind} ${state}`)
}

describe('Listener', () => {
  test('hears of flow, tasks and retries by default', async () => {
    const engine = load(flaky())
    using captured = new CaptureListener(engine)
    await engine.run()
    expect(moves(captured)).toEqual([
      'flow RUNNING',
      'retry RUNNING',
      'retry SUCCESS',
      'task RUNNING',
      'task FAILURE',
      'task REVERTING',
      'task REVERTED',
      'retry RETRYING',
      'task PENDING',
      'retry RUNNING',
      'retry SUCCESS',
      'task RUNNING',
      'task SUCCESS',
      'flow SUCCESS',
    ])
    const [, , details] = captured.values.at(-1) ?? []
    expect(details).toMatchObject({ flowName: 'f', oldState: 'RUNNING' })
  })

  test('hears only of the states it asks for, and of each once', async () => {
    const engine = load(flaky())
    using captured = new CaptureListener(engine, {
      flowStates: [],
      taskStates: ['FAILURE', 'SUCCESS', 'SUCCESS'],
      retryStates: ['*', 'RETRYING'],
    })
    await engine.run()
    expect(moves(captured)).toEqual([
      'retry RUNNING',
      'retry SUCCESS',
      'task FAILURE',
      'retry RETRYING',
      'retry RUNNING',
      'retry SUCCESS',
      'task SUCCESS',
    ])
  })

  test('refuses a state that there is not, and registers nothing then', () => {
    const engine = load(one())
    expect(() => new CaptureListener(engine, { flowStates: ['DONE' as never] })).toThrow(
      /^flowStates must be '\*' or among 'PENDING', .*, got 'DONE'$/,
    )
    expect(() => new CaptureListener(engine, { taskStates: ['RETRYING' as never] })).toThrow(
      TypeError,
    )
    expect([engine.notifier.size, engine.atomNotifier.size]).toEqual([0, 0])
  })

  test('stops listening at the end of its block', async () => {
    const engine = load(one())
    let captured: CaptureListener
    {
      using listener = new CaptureListener(engine)
      captured = listener
      expect([engine.notifier.size, engine.atomNotifier.size]).toEqual([1, 2])
    }
    expect([engine.notifier.size, engine.atomNotifier.size]).toEqual([0, 0])
    await engine.run()
    expect(captured.values).toEqual([])
  })

  test('registering or deregistering twice makes no difference', async () => {
    const engine = load(one())
    const captured = new CaptureListener(engine, { taskStates: [], retryStates: [] })
    captured.register()
    await engine.run()
    captured.deregister()
    captured.deregister()
    await engine.reset()
    expect(moves(captured)).toEqual(['flow RUNNING', 'flow SUCCESS'])
    captured.register()
    await engine.run()
    expect(moves(captured).slice(2)).toEqual(['flow RUNNING', 'flow SUCCESS'])
  })

  test('two listeners of one class hear independently', async () => {
    const engine = load(one())
    using first = new CaptureListener(engine)
    {
      using _second = new CaptureListener(engine)
    }
    await engine.run()
    expect(first.values.length).toBe(4)
  })

  test('disposing never throws, and warns when deregistering does', () => {
    class Broken extends Listener {
      override deregister(): void {
        throw new Error('stuck')
      }
    }
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const broken = new Broken(load(one()))
    expect(() => broken[Symbol.dispose]()).not.toThrow()
    expect(warn).toHaveBeenCalledWith(
      "a listener of flow 'f' could not be deregistered: Error: stuck",
      'TaskflowListenerWarning',
    )
    warn.mockRestore()
  })

  test.each(['serial', 'parallel'] as const)(
    'that throws at every move is reported once, and the %s flow is as without it',
    async (kind) => {
      class Broken extends Listener {
        protected override flowMoved(): void {
          throw new Error('flow')
        }
        protected override async taskMoved(): Promise<void> {
          throw new Error('task')
        }
        protected override retryMoved(): void {
          throw new Error('retry')
        }
      }
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const states = ['RUNNING', 'SUCCESS'] as const
      const engine = load(flaky(), { engine: kind })
      using broken = new Broken(engine, {
        flowStates: states,
        taskStates: states,
        retryStates: states,
      })
      using captured = new CaptureListener(engine)
      await engine.run()
      await new Promise(setImmediate)
      expect(warn.mock.calls.map(([text]) => String(text).split('\n')[0])).toEqual([
        "a callback for 'RUNNING' threw and was passed over (reported once): Error: flow",
      ])
      expect(captured.values.length).toBe(14)
      expect(engine.storage.getFlowState()).toBe('SUCCESS')
      broken.deregister()
      broken.register()
      await engine.reset()
      await engine.run()
      expect(warn).toHaveBeenCalledTimes(2)
      warn.mockRestore()
    },
  )

  test('does nothing where nothing is overridden', async () => {
    class Idle extends Listener {}
    const engine = load(flaky())
    using idle = new Idle(engine)
    await engine.run()
    expect(idle).toBeInstanceOf(Listener)
  })

  test('can suspend the engine that it listens to', async () => {
    class Stopper extends Listener {
      protected override taskMoved(state: string): void {
        if (state === 'SUCCESS') void this.engine.suspend()
      }
    }
    const engine = load(linear('f').add(...['a', 'b'].map((name) => task(name, { execute() {} }))))
    {
      using _stopper = new Stopper(engine)
      await engine.run()
    }
    expect(engine.storage.getFlowState()).toBe('SUSPENDED')
  })

  test('takes an engine whatever the types of its results', () => {
    const typed = load(one())
    const value: number = 0 as ReturnType<typeof typed.storage.fetch<'x'>>
    const watched: Watched = typed
    const single: Watched = load(task('t', { execute: ({ n }: { n: number }) => n }), {
      store: { n: value },
    })
    expect([watched.storage.flowName, single.storage.flowName]).toEqual(['f', 't'])
  })
})
