/**
 * The main job is killed with SIGKILL at every task and at random moments, also while it undoes
 * and while it resumes; in the end there is one volume more, or nothing of it is left.
 *
 * @module
 */
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { TASK_NAMES } from '../../examples/create-volume/flow.ts'
import {
  type Contents,
  findChangedKeys,
  findLeftovers,
  findMiscounts,
  findReruns,
  findUnannounced,
  inspect,
  phaseOf,
} from './data-folder.ts'
import { CREATE_VOLUME, type Ended, type Kill, runProgram } from './program.ts'

/** Change it to kill at other moments: KILL_SEED=7 npx vitest run test/examples/kill.test.ts */
const SEED = Number(process.env['KILL_SEED'] ?? 1)
const RANDOM_KILLS = Number(process.env['KILL_COUNT'] ?? 100)

/** Slow enough that moments between the steps are hit, and not only those of the disk. */
const SLOW_MS = 4
/** So many runs share a data folder, before the next one is begun. */
const RUNS_PER_FOLDER = 10
/** Parts of the kills that count from the start of the process, and not from its first line. */
const EARLY_PART = 0.1
/** Parts of the resumes that are killed as well. */
const KILLED_RESUMES = 0.3
const TIMEOUT_MS = 240_000

const root = mkdtempDisposableSync(join(tmpdir(), 'kill-'))
afterAll(() => root.remove())
const request = join(root.path, 'request.json')
writeFileSync(request, '{"name": "killed", "size": "2 MiB"}')

/** How often a kill hit each phase, of those at random moments. */
const hits = new Map<string, number>()

function count(phase: string): void {
  hits.set(phase, (hits.get(phase) ?? 0) + 1)
}

/** A data folder and what is known of it. */
class Site {
  readonly folder: string
  volumeCount = 0
  runCount = 0
  #last: Contents

  constructor(name: string) {
    this.folder = join(root.path, name)
    mkdirSync(this.folder)
    this.#last = inspect(this.folder)
  }

  /** Creates a volume, or is killed while doing so. */
  create(args: readonly string[], kill?: Kill): Promise<Ended> {
    this.runCount += 1
    return this.#run([request, ...args], kill)
  }

  /** Finishes what is unfinished, or is killed while doing so. */
  resume(args: readonly string[] = [], kill?: Kill): Promise<Ended> {
    return this.#run(['--resume', ...args], kill)
  }

  async #run(args: readonly string[], kill: Kill | undefined): Promise<Ended> {
    const ended = await runProgram(CREATE_VOLUME, ['--data', this.folder, ...args], kill)
    this.#look(args.join(' '))
    return ended
  }

  /** Checks what must hold whether the process ended or was killed. */
  #look(label: string): void {
    const now = inspect(this.folder)
    expect(findMiscounts(now), label).toEqual([])
    expect(findUnannounced(now), label).toEqual([])
    expect(findReruns(this.#last, now), label).toEqual([])
    expect(findChangedKeys(now), label).toEqual([])
    this.#last = now
  }

  /** Where the flow is that was not there when the others were looked at. */
  phase(known: ReadonlySet<string>): string {
    return phaseOf(this.#last, known)
  }

  /** The flows that are stored, by uuid. */
  get known(): ReadonlySet<string> {
    return new Set(this.#last.flows.map(({ uuid }) => uuid))
  }

  /** Checks what must hold when everything is finished. */
  settle(hasFailed: boolean, known: ReadonlySet<string>, label: string): void {
    const fresh = this.#last.flows.filter(({ uuid }) => !known.has(uuid))
    expect(fresh.length, `${label}: flows`).toBeLessThanOrEqual(1)
    for (const { state } of fresh) {
      expect(state, `${label}: flow`).toBe(hasFailed ? 'REVERTED' : 'SUCCESS')
    }
    if (!hasFailed) this.volumeCount += fresh.length
    expect(findLeftovers(this.#last, this.volumeCount), label).toEqual([])
  }
}

/** Does jobs, two at a time: there are two processors at least. */
async function inTwoLanes<T>(jobs: readonly T[], work: (job: T, lane: number) => Promise<void>) {
  const waiting = [...jobs]
  const lane = async (_: unknown, number: number) => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      await work(job, number)
    }
  }
  await Promise.all([1, 2].map(lane))
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function diceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const KILLED = { signal: 'SIGKILL' }

test('a kill in every task, resumed, makes exactly one volume', {
  timeout: TIMEOUT_MS,
}, async () => {
  const sites = [new Site('tasks-0'), new Site('tasks-1')]
  const pairs = TASK_NAMES.flatMap((first, i) => [
    { first, second: undefined },
    { first, second: TASK_NAMES[Math.min(i + 1, TASK_NAMES.length - 1)] },
    { first, second: first },
  ])
  await inTwoLanes(pairs, async ({ first, second }, lane) => {
    const site = sites[lane] as Site
    const known = site.known
    const label = `killed in ${first}, then in ${second}`
    expect(await site.create(['--kill', first]), label).toMatchObject(KILLED)
    expect(site.phase(known), label).toBe(`RUNNING ${first}, after its effect`)
    if (second !== undefined) {
      expect(await site.resume(['--kill', second]), label).toMatchObject(KILLED)
      expect(site.phase(known), label).toBe(`RUNNING ${second}, after its effect`)
    }
    expect(await site.resume(), label).toMatchObject({ code: 0, stderr: '' })
    site.settle(false, known, label)
  })
})

test('a kill in every task or revert of a run that fails on purpose leaves nothing', {
  timeout: TIMEOUT_MS,
}, async () => {
  const sites = [new Site('reverts-0'), new Site('reverts-1')]
  const kills = TASK_NAMES.flatMap((task) => [
    { fail: 'finish', flag: '--kill', task, phase: `RUNNING ${task}` },
    { fail: task, flag: '--kill', task, phase: `RUNNING ${task}` },
    ...(task === 'extract-request'
      ? []
      : [
          { fail: 'finish', flag: '--kill-revert', task, phase: `REVERTING ${task}` },
          { fail: task, flag: '--kill-revert', task, phase: `REVERTING ${task}` },
        ]),
  ])
  await inTwoLanes(kills, async ({ fail, flag, task, phase }, lane) => {
    const site = sites[lane] as Site
    const known = site.known
    const label = `--fail ${fail} ${flag} ${task}`
    expect(await site.create(['--fail', fail, flag, task]), label).toMatchObject(KILLED)
    expect(site.phase(known), label).toBe(`${phase}, after its effect`)
    expect(await site.resume(), label).toMatchObject({ code: 0, stderr: '' })
    site.settle(true, known, label)
  })
})

/** How long a run takes that nobody kills, in milliseconds. */
interface Pace {
  /** From its start to its first line. */
  readonly startMs: number
  /** From its first line to its end. */
  readonly talkMs: number
}

/** A run that is killed, and resumes of it of which some are killed. */
interface Round {
  /** The task that fails on purpose. */
  readonly fail: string | undefined
  readonly kill: Kill
  readonly resumeKills: readonly Kill[]
}

function drawRound(dice: () => number, fails: boolean, { startMs, talkMs }: Pace): Round {
  const moment = (part: number): Kill =>
    dice() < EARLY_PART
      ? { from: 'start', delayMs: dice() * startMs }
      : { from: 'first line', delayMs: dice() * talkMs * part }
  const last = TASK_NAMES.length - 1
  const failing = fails ? Math.round(dice() ** 0.5 * last) : last // later tasks have more to undo
  return {
    fail: fails ? TASK_NAMES[failing] : undefined,
    kill: moment(0.2 + (0.8 * failing) / last),
    resumeKills: [1, 2].filter(() => dice() < KILLED_RESUMES).map(() => moment(0.7)),
  }
}

async function measure(site: Site, args: readonly string[]): Promise<Pace> {
  const startedAtMs = performance.now()
  const { talkMs } = await site.create(args)
  return { talkMs, startMs: performance.now() - startedAtMs - talkMs }
}

test.each([
  { variant: 'that succeeds', fails: false },
  { variant: 'that fails on purpose', fails: true },
])(
  `${RANDOM_KILLS} kills at random moments of a run $variant`,
  { timeout: TIMEOUT_MS },
  async ({ fails }) => {
    const name = `random-${fails ? 'failing' : 'succeeding'}`
    const slow = ['--slow', String(SLOW_MS)]
    const pace = await measure(
      new Site(`${name}-pace`),
      fails ? [...slow, '--fail', 'finish'] : slow,
    )
    const dice = diceOf(SEED + Number(fails))
    const rounds = Array.from({ length: RANDOM_KILLS }, (_, number) => {
      return { number, ...drawRound(dice, fails, pace) }
    })
    const sites: Site[] = []
    await inTwoLanes(rounds, async ({ number, fail, kill, resumeKills }, lane) => {
      if ((sites[lane]?.runCount ?? RUNS_PER_FOLDER) >= RUNS_PER_FOLDER) {
        sites[lane] = new Site(`${name}-${number}`)
      }
      const site = sites[lane] as Site
      const known = site.known
      const label = `seed ${SEED}, kill ${number}: ${JSON.stringify({ fail, kill, resumeKills })}`
      await site.create([...slow, ...(fail === undefined ? [] : ['--fail', fail])], kill)
      count(site.phase(known))
      for (const resumeKill of resumeKills) {
        const { signal } = await site.resume(slow, resumeKill)
        if (signal !== undefined) count(`resume: ${site.phase(known)}`)
      }
      expect(await site.resume(), label).toMatchObject({ code: 0, stderr: '' })
      site.settle(fails, known, label)
    })
  },
)

test('the random moments hit tasks and reverts under way, in resumes as well', () => {
  const lines = [...hits].sort().map(([phase, count]) => `${String(count).padStart(5)}  ${phase}`)
  process.stdout.write(`random kills (seed ${SEED}) by what they hit:\n${lines.join('\n')}\n`)
  const phases = [...hits.keys()].join('\n')
  expect(phases).toMatch(/^RUNNING /m)
  expect(phases).toMatch(/^REVERTING /m)
  expect(phases).toMatch(/^resume: R(UNN|EVERT)ING /m)
})
