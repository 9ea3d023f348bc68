/**
 * Runs that end their process each time they are taken up.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Backend,
  type Checkpoint,
  compareAll,
  defineFlow,
  type Engine,
  type FlowDefinition,
  ForwardingBackend,
  linear,
  listUnfinished,
  loadFlowDetail,
  loadFromDetail,
  loadFromFactory,
  type Resumed,
  resumeAll,
  type TaskContext,
  task,
} from '../../src/index.ts'
import { directory } from '../../src/persistence/directory.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { errorOf } from '../engine/steps.ts'

const HOUR_MS = 3_600_000

let folder: string
let clock: FakeClock
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  clock = new FakeClock(new Date())
})
afterEach(() => rmSync(folder, { recursive: true }))

const BACKENDS: readonly (readonly [name: string, open: () => Backend])[] = [
  ['sqlite', () => sqlite(join(folder, 'flows.db'))],
  ['directory', () => directory(join(folder, 'flows'))],
]

/** A process that never comes back; the lease of its engine lapses. */
interface Death {
  /** What it was at when it died. */
  readonly at: Promise<void>
}

/** The backend of one process: when that has died, nothing of it is written any more. */
class Mortal extends ForwardingBackend {
  isDead = false

  override save(checkpoint: Checkpoint): Promise<void> {
    return this.isDead ? new Promise(() => {}) : super.save(checkpoint)
  }
}

/** A flow whose second task takes its process with it as long as it is poisonous. */
function poisonous() {
  let death = Promise.withResolvers<void>()
  let isPoisonous = true
  const calls: string[] = []
  const definition = defineFlow('poison', () =>
    linear('poison').add(
      task('before', { execute: () => void calls.push('before') }),
      task('deadly', {
        requires: [],
        async execute(_: object, { signal }: TaskContext) {
          calls.push('deadly')
          if (!isPoisonous) return
          death.resolve()
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason))
          })
        },
      }),
    ),
  )
  return {
    definition,
    calls,
    heal: () => {
      isPoisonous = false
    },
    nextDeath: (): Death => {
      death = Promise.withResolvers()
      return { at: death.promise }
    },
  }
}

/** Begins a run, which takes its process with it. */
async function begin(backend: Backend, { definition, nextDeath }: ReturnType<typeof poisonous>) {
  const { at } = nextDeath()
  const mortal = new Mortal(backend)
  const engine = loadFromFactory(definition, [], { backend: mortal, clock })
  engine.run().catch(() => {})
  await at
  mortal.isDead = true
  clock.advance(HOUR_MS)
  return engine.storage.flowUuid
}

/** Resumes all in a process; undefined when a run has taken the process with it. */
async function lifeOf(
  backend: Backend,
  flows: readonly FlowDefinition[],
  { at }: Death,
  options: { readonly maxTakeUps?: number } = {},
): Promise<readonly Resumed[] | undefined> {
  const mortal = new Mortal(backend)
  const resumed = resumeAll({ backend: mortal, flows, clock, ...options })
  const end = await Promise.race([resumed, at.then(() => undefined)])
  mortal.isDead = true
  clock.advance(HOUR_MS)
  return end
}

describe.each(BACKENDS)('on %s, a run that ends its process each time', (_name, open) => {
  test('is put aside after five take-ups, with a reason, and stays so', async () => {
    await using backend = open()
    const poison = poisonous()
    const uuid = await begin(backend, poison)
    const flows = [poison.definition]
    for (let takeUp = 1; takeUp <= 5; takeUp += 1) {
      expect(await lifeOf(backend, flows, poison.nextDeath()), `take-up ${takeUp}`).toBeUndefined()
    }
    for (let again = 0; again < 2; again += 1) {
      expect(await lifeOf(backend, flows, poison.nextDeath())).toMatchObject([
        {
          uuid,
          outcome: 'put aside',
          state: 'SUSPENDED',
          error: {
            code: 'PUT_ASIDE',
            takeUps: 5,
            message: expect.stringContaining("'deadly' was RUNNING"),
          },
        },
      ])
    }
    const { flow } = await backend.loadFlow(uuid)
    expect(flow).toMatchObject({ state: 'SUSPENDED', owner: undefined })
    expect(poison.calls.filter((one) => one === 'deadly')).toHaveLength(6)
  })

  test('is released by whoever runs it by hand', async () => {
    await using backend = open()
    const poison = poisonous()
    const uuid = await begin(backend, poison)
    const flows = [poison.definition]
    const maxTakeUps = 1
    expect(await lifeOf(backend, flows, poison.nextDeath(), { maxTakeUps })).toBeUndefined()
    expect(await lifeOf(backend, flows, poison.nextDeath(), { maxTakeUps })).toMatchObject([
      { outcome: 'put aside' },
    ])
    poison.heal()
    const detail = await loadFlowDetail(backend, uuid)
    await loadFromDetail(detail, { backend, flows, clock, maxTakeUps }).run()
    const stored = await loadFlowDetail(backend, uuid)
    expect(stored).toMatchObject({ state: 'SUCCESS' })
    expect(stored).toMatchObject({ meta: {}, engineMeta: { takeUps: undefined } })
    expect(poison.calls.filter((one) => one === 'before')).toHaveLength(1)
  })

  test('is taken up again when the limit is raised', async () => {
    await using backend = open()
    const poison = poisonous()
    await begin(backend, poison)
    const flows = [poison.definition]
    await lifeOf(backend, flows, poison.nextDeath(), { maxTakeUps: 1 })
    await lifeOf(backend, flows, poison.nextDeath(), { maxTakeUps: 1 })
    poison.heal()
    expect(await lifeOf(backend, flows, poison.nextDeath())).toMatchObject([
      { outcome: 'finished', state: 'SUCCESS' },
    ])
  })

  test('is put aside by an engine that is loaded by hand again and again', async () => {
    await using backend = open()
    const poison = poisonous()
    const uuid = await begin(backend, poison)
    const flows = [poison.definition]
    const found: string[] = []
    const byHand = async (): Promise<unknown> => {
      const { at } = poison.nextDeath()
      const mortal = new Mortal(backend)
      for await (const detail of listUnfinished(mortal)) {
        const run = errorOf(loadFromDetail(detail, { backend: mortal, flows, clock }).run())
        const error = await Promise.race([run, at.then(() => 'died')])
        mortal.isDead = true
        clock.advance(HOUR_MS)
        if (error !== undefined) return error
      }
      return 'nothing to do'
    }
    for (let takeUp = 1; takeUp <= 5; takeUp += 1) expect(await byHand()).toBe('died')
    expect(await byHand()).toMatchObject({ code: 'PUT_ASIDE' })
    expect(await byHand()).toBe('nothing to do')
    for await (const detail of listUnfinished(backend, { putAside: true })) found.push(detail.uuid)
    for await (const { flowUuid } of compareAll({ backend, flows })) found.push(flowUuid)
    expect(found).toEqual([uuid, uuid])
  })

  test('can be reverted though it was put aside', async () => {
    await using backend = open()
    const poison = poisonous()
    const uuid = await begin(backend, poison)
    const flows = [poison.definition]
    await lifeOf(backend, flows, poison.nextDeath(), { maxTakeUps: 1 })
    await lifeOf(backend, flows, poison.nextDeath(), { maxTakeUps: 1 })
    const detail = await loadFlowDetail(backend, uuid)
    await loadFromDetail(detail, { backend, flows, clock }).revert()
    expect(await loadFlowDetail(backend, uuid)).toMatchObject({ state: 'REVERTED' })
  })
})

describe('the take-ups of a run', () => {
  let backend: Backend
  beforeEach(() => {
    backend = sqlite(join(folder, 'flows.db'))
  })
  afterEach(() => backend.close())

  test('are counted anew when something has come of it', async () => {
    let death = Promise.withResolvers<void>()
    const names = Array.from({ length: 12 }, (_, i) => `t${i}`)
    let fatal = ''
    const definition = defineFlow('slow', () =>
      linear('slow').add(
        ...names.map((name) =>
          task(name, {
            requires: [],
            async execute(_: object, { signal }: TaskContext) {
              if (name !== fatal) return
              death.resolve()
              await new Promise((_, reject) => {
                signal.addEventListener('abort', () => reject(signal.reason))
              })
            },
          }),
        ),
      ),
    )
    fatal = 't0'
    loadFromFactory(definition, [], { backend, clock })
      .run()
      .catch(() => {})
    await death.promise
    clock.advance(HOUR_MS)
    for (const name of names.slice(1)) {
      fatal = name
      death = Promise.withResolvers()
      const life = await lifeOf(backend, [definition], { at: death.promise }, { maxTakeUps: 2 })
      expect(life).toBeUndefined()
    }
    fatal = ''
    death = Promise.withResolvers()
    expect(await lifeOf(backend, [definition], { at: death.promise })).toMatchObject([
      { outcome: 'finished', state: 'SUCCESS' },
    ])
  })

  test('are counted anew when it was suspended', async () => {
    const poison = poisonous()
    const uuid = await begin(backend, poison)
    const flows = [poison.definition]
    const maxTakeUps = 2
    for (let round = 0; round < 3; round += 1) {
      const death = poison.nextDeath()
      expect(await lifeOf(backend, flows, death, { maxTakeUps })).toBeUndefined()
      const onEngine = (engine: Engine): void => {
        engine.notifier.register('RUNNING', () => void engine.suspend())
      }
      const [resumed] = await resumeAll({ backend, flows, clock, onEngine, maxTakeUps })
      expect(resumed).toMatchObject({ uuid, outcome: 'finished', state: 'SUSPENDED' })
      expect(await lifeOf(backend, flows, poison.nextDeath(), { maxTakeUps })).toBeUndefined()
    }
  })

  test('do not count those that were refused', async () => {
    const poison = poisonous()
    const uuid = await begin(backend, poison)
    const other = defineFlow('poison', () => linear('poison').add(task('z', { execute() {} })))
    for (let round = 0; round < 7; round += 1) {
      const [resumed] = await resumeAll({ backend, flows: [other], clock })
      expect(resumed).toMatchObject({ uuid, outcome: 'unknown' })
      clock.advance(HOUR_MS)
    }
    poison.heal()
    const [resumed] = await resumeAll({ backend, flows: [poison.definition], clock })
    expect(resumed).toMatchObject({ outcome: 'finished', state: 'SUCCESS' })
  })

  test('put aside the one that ends the process, and not those beside it', async () => {
    const poison = poisonous()
    await begin(backend, poison)
    const slow = defineFlow('slow', () =>
      linear('slow').add(task('takes-its-time', { execute: () => sleep(100) })),
    )
    const dead = new Mortal(backend)
    for (let i = 0; i < 4; i += 1) {
      const engine = loadFromFactory(slow, [], { backend: dead, clock })
      const started = new Promise((resolve) => engine.atomNotifier.register('RUNNING', resolve))
      engine.run().catch(() => {})
      await started
    }
    dead.isDead = true
    clock.advance(HOUR_MS)
    const flows = [poison.definition, slow]
    const ends: (readonly Resumed[] | undefined)[] = []
    for (let life = 0; life < 7; life += 1) {
      ends.push(await lifeOf(backend, flows, poison.nextDeath()))
    }
    expect(ends.map((end) => end?.map(({ outcome }) => outcome))).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
      ['put aside'],
      ['put aside'],
    ])
    expect(await backend.countFlows({ name: 'slow', states: ['SUCCESS'] })).toBe(4)
  })
})

test('a run that kills its process is put aside by the processes after it', () => {
  const file = join(folder, 'take-up.ts')
  const at = (path: string): string =>
    JSON.stringify(pathToFileURL(join(process.cwd(), 'src', path)).href)
  writeFileSync(
    file,
    `import { defineFlow, linear, loadFromFactory, resumeAll, task } from ${at('index.ts')}
import { sqlite } from ${at('persistence/sql/sqlite.ts')}
let isKilling = process.argv[2] === 'factory'
const poison = defineFlow('poison', () => {
  if (isKilling) process.kill(process.pid, 'SIGKILL')
  return linear('poison').add(
    task('deadly', { execute: () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}) } }),
  )
})
const backend = sqlite(${JSON.stringify(join(folder, 'runs.db'))})
if (process.argv[2] === 'start') await loadFromFactory(poison, [], { backend }).run()
const resumed = await resumeAll({ backend, flows: [poison], maxTakeUps: 3 })
console.log(resumed.map(({ outcome }) => outcome).join())
`,
  )
  const life = (how: string) => spawnSync(process.execPath, [file, how], { encoding: 'utf8' })
  expect(life('start').signal).toBe('SIGKILL')
  // Whether the flow is made or run: both end the process.
  for (const how of ['run', 'factory', 'run']) expect(life(how).signal).toBe('SIGKILL')
  expect(life('run').stdout.trim()).toBe('put aside')
  expect(life('factory').stdout.trim()).toBe('put aside')
}, 60_000)
