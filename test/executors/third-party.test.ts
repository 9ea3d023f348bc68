/**
 * An executor as a third party would write it: workers join and leave, and only text goes to them.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  type AtomCall,
  answerRequest,
  type CallAnswer,
  type CallRequest,
  callAtom,
  type Executor,
  load,
  requestOf,
  resultOf,
  type Task,
  task,
  unordered,
} from '../../src/index.ts'
import { executorContract } from '../../src/testing/contract.ts'
import {
  CONTRACT_WORK,
  type ContractWork,
  type ContractWorkName,
  explore,
} from '../../src/testing/index.ts'

/** What workers know how to do, by the name of the task and the method. */
const KNOWN = new Map<string, ContractWorkName>()

/** A task whose functions are known to the workers alone. */
function remoteTask({ name, execute, revert, requires, options }: ContractWork): Task {
  const elsewhere = (_inputs: object): never => {
    throw new Error('called where the engine is')
  }
  KNOWN.set(`${name}.execute`, execute)
  if (revert !== undefined) KNOWN.set(`${name}.revert`, revert)
  return task(name, {
    ...options,
    requires,
    execute: elsewhere,
    ...(revert !== undefined && { revert: elsewhere }),
  }) as Task
}

/** What a worker does with a text. Everything that it says goes back as text. */
async function work(text: string, signal: AbortSignal, say: (text: string) => void): Promise<void> {
  const request = JSON.parse(text) as CallRequest
  const known = KNOWN.get(`${request.atom}.${request.direction}`)
  const answer = await answerRequest(
    request,
    (inputs, context) => {
      if (known === undefined) throw new Error(`no worker knows '${request.atom}'`)
      return CONTRACT_WORK[known](inputs, context)
    },
    { signal, progress: (progress) => say(JSON.stringify({ progress })) },
  )
  say(JSON.stringify({ answer }))
}

/** Sends calls to as many workers as have joined, one to each at a time. */
class Office implements Executor {
  /** How many are there for every run: they come when the office starts. */
  readonly #staff: number
  readonly #listeners = new Set<() => void>()
  /** Calls under way, and what ends each of them. */
  readonly #underWay = new Map<AtomCall, (why: string) => void>()
  #waiting: (() => void)[] = []
  #busyCount = 0
  #capacity = 0

  constructor(staff: number) {
    this.#staff = staff
  }

  get capacity(): number {
    return this.#capacity
  }

  start(): void {
    this.join(this.#staff - this.#capacity)
  }

  stop(): void {
    this.#capacity = 0
    for (const end of this.#underWay.values()) end('the office was closed')
  }

  onMoreCapacity(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Workers join. */
  join(count: number): void {
    this.#capacity += count
    for (const listener of this.#listeners) listener()
  }

  call(call: AtomCall): unknown {
    if (call.atom.kind === 'retry') return callAtom(call)
    if (call.direction === 'revert' && call.atom.revert === undefined) return undefined
    return this.#send(call)
  }

  giveUp(call: AtomCall): void {
    this.#underWay.get(call)?.('it was given up')
  }

  async #send(call: AtomCall): Promise<unknown> {
    const { context } = call
    while (this.#busyCount >= this.#capacity) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#busyCount += 1
    const { promise, resolve, reject } = Promise.withResolvers<CallAnswer>()
    this.#underWay.set(call, (why) => reject(new Error(`'${call.atom.name}' ended: ${why}`)))
    try {
      void work(JSON.stringify(requestOf(call)), context.signal, (text) => {
        const { progress, answer } = JSON.parse(text)
        if (progress === undefined) resolve(answer)
        else context.progress(progress.fraction, progress.details)
      })
      return resultOf(await promise)
    } finally {
      this.#underWay.delete(call)
      this.#busyCount -= 1
      this.#waiting.shift()?.()
    }
  }
}

executorContract({ name: 'an office', make: () => new Office(2), taskFor: remoteTask })

function flowOf(count: number) {
  const names = Array.from({ length: count }, (_, i) => `report-${i}`)
  return unordered('reports').add(
    ...names.map((name) =>
      remoteTask({ name, execute: 'report', revert: undefined, requires: [], options: {} }),
    ),
  )
}

describe('an engine', () => {
  test('makes, starts and stops the executor of its factory in every run', async () => {
    const seen: string[] = []
    class Noted extends Office {
      override start(): void {
        seen.push('start')
        super.start()
      }
      override stop(): void {
        seen.push('stop')
        super.stop()
      }
    }
    const engine = load(flowOf(2), {
      engine: ({ clock, logger }) => {
        seen.push(`made with ${typeof clock.now} and ${typeof logger.warn}`)
        return new Noted(1)
      },
    })
    await engine.run()
    await engine.reset()
    await engine.run()
    expect(seen).toEqual(['made with function and function', 'start', 'stop', 'start', 'stop'])
  })

  test('starts the executor that it was given, and does not stop it', async () => {
    const office = new Office(1)
    await load(flowOf(2), { engine: 'parallel', executor: office }).run()
    expect(office.capacity).toBe(1)
  })

  test('waits for room where there is none yet, and takes what comes', async () => {
    const office = new Office(0)
    const engine = load(flowOf(4), { engine: 'parallel', executor: office })
    let isDone = false
    const run = engine.run().then(() => {
      isDone = true
    })
    for (let i = 0; i < 20; i += 1) await setImmediate()
    expect([isDone, engine.storage.getFlowState()]).toEqual([false, 'RUNNING'])
    office.join(1)
    office.join(2)
    await run
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('starts more when room comes between the start of a task and its end', async () => {
    const together = Promise.withResolvers<void>()
    let count = 0
    const meeting = ['a', 'b'].map((name) =>
      task(name, {
        async execute() {
          count += 1
          if (count === 2) together.resolve()
          await together.promise // as long as the other has not begun
        },
      }),
    )
    class Here extends Office {
      override call(call: AtomCall): unknown {
        return callAtom(call)
      }
    }
    const executor = new Here(1)
    const engine = load(unordered('f').add(...meeting), { engine: 'parallel', executor })
    engine.atomNotifier.register('RUNNING', () => {
      if (executor.capacity === 1) executor.join(1)
    })
    await engine.run()
    expect([count, executor.capacity]).toEqual([2, 2])
  })

  test('may be suspended and cancelled while it waits for room', async () => {
    const executor = new Office(0)
    const suspended = load(flowOf(2), { engine: 'parallel', executor })
    const run = suspended.run()
    await setImmediate()
    await suspended.suspend()
    await run
    expect(suspended.storage.getFlowState()).toBe('SUSPENDED')
    const cancelled = load(flowOf(2), { engine: 'parallel', executor })
    const refused = expect(cancelled.run()).rejects.toMatchObject({ code: 'CANCELLED' })
    await setImmediate()
    await cancelled.cancel()
    await refused
  })

  test('does not begin a run whose executor cannot start, and can run it later', async () => {
    let isReachable = false
    class Far extends Office {
      override start(): void {
        if (!isReachable) throw new Error('the post office is closed')
        super.start()
      }
    }
    const engine = load(flowOf(1), { engine: () => new Far(1) })
    await expect(engine.run()).rejects.toThrow('the post office is closed')
    expect(engine.storage.getFlowState()).toBe('PENDING')
    isReachable = true
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test.each([
    { made: 'threads', message: "what engine() makes must be an Executor, got 'threads'" },
    { made: { capacity: -1, call() {} }, message: 'capacity of what engine() makes must be' },
    { made: { capacity: 1, call() {}, start: 1 }, message: 'start of what engine() makes must be' },
  ])('is not loaded with a factory that makes $made', ({ made, message }) => {
    expect(() => load(flowOf(1), { engine: () => made as never })).toThrow(message)
  })
})

test('the crash explorer stops the executors of processes that died', async () => {
  const seen = { start: 0, stop: 0 }
  class Counted implements Executor {
    readonly capacity = 2
    call(call: AtomCall): unknown {
      return callAtom(call)
    }
    start(): void {
      seen.start += 1
    }
    stop(): void {
      seen.stop += 1
    }
  }
  const flow = () => unordered('f').add(task('a', { execute: () => 1, revert: () => {} }))
  await explore(flow, { world: () => ({}), engine: () => new Counted() })
  expect(seen.start).toBeGreaterThan(5)
  expect(seen.stop).toBeGreaterThanOrEqual(seen.start)
})

test('a request says by when the answer is wanted', async () => {
  const deadlines: unknown[] = []
  class Watched extends Office {
    override call(call: AtomCall): unknown {
      const { runUuid, atomUuid, deadline } = requestOf(call)
      deadlines.push(runUuid, atomUuid, deadline)
      return super.call(call)
    }
  }
  const execute = 'nothing'
  const options = { timeoutMs: 60_000 }
  const one = remoteTask({ name: 'one', execute, revert: undefined, requires: [], options })
  const now = new Date('2026-03-01T10:00:00Z')
  const clock = { now: () => now, elapsedMs: () => 0 }
  const engine = load(unordered('f').add(one), { engine: () => new Watched(1), clock })
  await engine.run()
  const { flowDetail } = engine.storage
  const atomUuid = flowDetail.find('one')?.uuid
  expect(deadlines).toEqual([flowDetail.uuid, atomUuid, new Date('2026-03-01T10:01:00Z')])
})

test('a retry has no request', () => {
  const call = { atom: { kind: 'retry', name: 'patient' } } as unknown as AtomCall
  expect(() => requestOf(call)).toThrow("retry 'patient' cannot be sent: call it with callAtom()")
})
