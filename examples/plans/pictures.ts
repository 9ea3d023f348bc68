/**
 * Draws the pictures of docs/plans.md: plans, and runs whose time passes as the tasks say.
 *
 * @module
 */
import { type Clock, DurationListener, type Engine, load, plan } from '../../src/index.ts'
import { toSvg } from '../../src/plans/svg.ts'
import { createVolume, type Services } from '../create-volume/flow.ts'
import { moveServer, tidyDisk, type Work } from './flows.ts'

const VOLUME = { rawName: 'data', rawSize: '10 GiB', rawVolumeType: 'ssd' }

/** The pictures, by the names of their files. */
export async function pictures(): Promise<Readonly<Record<string, string>>> {
  return {
    'create-volume.svg': await toSvg(
      plan(createVolume(services(idle)), { store: Object.keys(VOLUME) }),
    ),
    'create-volume-reverted.svg': await volumeThatFailed(),
    'deciders.svg': await toSvg(plan(tidyDisk(), { store: ['disk'] })),
    'nested-retries.svg': await toSvg(plan(moveServer(idle), { store: ['serverId'] })),
    'nested-retries-run.svg': await serverThatMoved(),
  }
}

async function volumeThatFailed(): Promise<string> {
  const time = new PictureTime()
  const flow = createVolume(services(time.work))
  const engine = load(flow, { store: VOLUME })
  await runWith(engine, time)
  const { flowDetail } = engine.storage
  return toSvg(plan(flow, { store: VOLUME }), { flowDetail })
}

async function serverThatMoved(): Promise<string> {
  const time = new PictureTime()
  const flow = moveServer(time.work)
  const store = { serverId: 'server-7' }
  const engine = load(flow, { store })
  await runWith(engine, time)
  const { flowDetail } = engine.storage
  return toSvg(plan(flow, { store }), { flowDetail })
}

async function runWith<R extends object>(engine: Engine<R>, clock: Clock): Promise<void> {
  using _durations = new DurationListener(engine as never, { clock })
  // A run that fails is as good a picture.
  await engine.run().catch(() => {})
}

/** A clock that goes on when somebody works, so that each run of a picture takes the same time. */
class PictureTime implements Clock {
  #ms = 0

  readonly work: Work = (ms) => {
    this.#ms += ms
  }

  now(): Date {
    return new Date(this.#ms)
  }

  elapsedMs(): number {
    return this.#ms
  }
}

function idle(): void {}

/** Services whose pool has no room. */
function services(work: Work): Services {
  const full = async () => {
    work(310)
    throw new Error('no space left in the pool')
  }
  const takes = (ms: number) => () => work(ms)
  return {
    quota: { reserve: takes(12), release: takes(9), commit: takes(7), giveBack: takes(8) },
    volumes: { create: takes(21), remove: takes(16), setStatus: takes(5) },
    pool: { allocate: full, remove: async () => work(120) },
  } as unknown as Services
}
