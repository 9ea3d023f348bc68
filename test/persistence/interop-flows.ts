/**
 * The flows of python/interop.py, in TypeScript, and what is in a book, as that script prints it.
 *
 * @module
 */
import {
  type AtomDetail,
  type Backend,
  type Engine,
  type FlowItem,
  LogBook,
  linear,
  load,
  loadLogBook,
  task,
  times,
} from '../../src/index.ts'
import { atomPayload, atomRecord } from '../../src/persistence/records.ts'
import type { AtomState } from '../../src/states/atom.ts'

/** What all flows are given. */
export const GIVEN = { text: 'ü "1" \\ \u2603', list: [1, 2.5, null, true] }

/** An atom of a book, as Python's `to_dict` has it. */
export type AtomContents = Readonly<Record<string, unknown>>

/** What is in a book. */
export interface Contents {
  readonly uuid: string
  readonly name: string
  readonly meta: unknown
  readonly created_at: string
  readonly flows: Readonly<
    Record<
      string,
      {
        readonly uuid: string
        readonly state: string | null
        readonly meta: unknown
        readonly atoms: Readonly<Record<string, AtomContents>>
      }
    >
  >
}

/** Flows by name, writing down what they do. */
export function flows(calls: string[]): Readonly<Record<string, () => FlowItem>> {
  const reserve = (name = 'reserve', provides = 'quota') =>
    task(name, {
      requires: ['given'],
      provides,
      execute({ given }: { readonly given: unknown }): unknown {
        calls.push(name)
        return { id: 7, given }
      },
      revert(): string {
        calls.push(`${name} revert`)
        return 'undone'
      },
    })
  const pair = task('pair', {
    requires: ['quota'],
    provides: ['left', 'right'] as const,
    execute: ({ quota }: { readonly quota: { readonly id: number } }) => [quota.id, null] as const,
  })
  const boom = task('boom', {
    execute(): never {
      calls.push('boom')
      throw new RangeError('boom', { cause: new TypeError('why') })
    },
  })
  const fragile = task('fragile', {
    execute: () => 'fragile',
    revert(): never {
      throw new Error('bang')
    },
  })
  const flaky = (goodAttempt: number) =>
    task('flaky', {
      requires: ['attempt'],
      provides: 'second',
      execute({ attempt }: { readonly attempt: number }): number {
        calls.push('flaky')
        if (attempt < goodAttempt) throw new Error(`attempt ${attempt}`)
        return attempt
      },
    })
  const gather = task('gather', {
    requires: ['quota', 'second', 'given'],
    provides: 'all',
    execute(inputs: {
      readonly quota: { readonly id: number }
      readonly second: number
      readonly given: unknown
    }) {
      calls.push('gather')
      return [inputs.quota.id, inputs.second, inputs.given]
    },
  })
  const again = (attempts: number) => times(attempts, { name: 'again', provides: 'attempt' })
  return {
    succeeded: () => linear('succeeded').add(reserve(), pair),
    reverted: () => linear('reverted').add(reserve(), boom),
    stuck: () => linear('stuck').add(reserve(), fragile, boom),
    retried: () => linear('retried', { retry: again(3) }).add(flaky(3)),
    'given up': () => linear('given up', { retry: again(2) }).add(reserve(), flaky(3)),
    suspended: () => linear('suspended', { retry: again(3) }).add(reserve(), flaky(2), gather),
    undoing: () => linear('undoing').add(reserve('first', 'first'), reserve(), boom),
  }
}

const SUSPENDED: Readonly<Record<string, readonly [atom: string, state: AtomState]>> = {
  suspended: ['flaky', 'SUCCESS'],
  undoing: ['reserve', 'REVERTED'],
}

/** Runs all flows in a new book; gives its uuid. */
export async function write(backend: Backend): Promise<string> {
  const book = new LogBook('ts')
  book.meta = { by: 'ts', n: [1, null] }
  for (const [name, make] of Object.entries(flows([]))) {
    const engine = load(make(), { store: { given: GIVEN }, book, backend } as never) as Engine
    const [atom, state] = SUSPENDED[name] ?? []
    if (state !== undefined) {
      engine.atomNotifier.register(state, (_, details) => {
        if ('taskName' in details && details.taskName === atom) void engine.suspend()
      })
    }
    await settle(engine)
  }
  return book.uuid
}

/** Goes on with the suspended flows of a book; gives what they did. */
export async function resume(backend: Backend, uuid: string): Promise<readonly string[]> {
  const calls: string[] = []
  const known = flows(calls)
  for (const detail of await loadLogBook(backend, uuid)) {
    if (detail.state !== 'SUSPENDED') continue
    const flow = known[detail.name]?.()
    if (flow === undefined) throw new Error(`there is no flow '${detail.name}'`)
    await settle(load(flow, { flowDetail: detail, backend } as never) as Engine)
  }
  return calls
}

async function settle(engine: Engine): Promise<void> {
  // What became of it stands in the record.
  await engine.run().catch(() => {})
}

/** What is in a book, through our reader and back. */
export async function contents(backend: Backend, uuid: string): Promise<Contents> {
  const book = await loadLogBook(backend, uuid)
  return {
    uuid,
    name: book.name,
    meta: book.meta,
    created_at: book.createdAt.toISOString(),
    flows: Object.fromEntries(
      [...book].map((detail) => [
        detail.name,
        {
          uuid: detail.uuid,
          state: detail.state,
          meta: detail.meta,
          atoms: Object.fromEntries([...detail].map((atom) => [atom.name, atomContents(atom)])),
        },
      ]),
    ),
  }
}

function atomContents(atom: AtomDetail): AtomContents {
  const { uuid, name, kind, state, intention, version, meta, payload } = atomRecord(
    atom,
    atomPayload(atom),
  )
  const parse = (text: string | null | undefined): unknown => JSON.parse(text ?? 'null')
  return {
    uuid,
    name,
    type: kind === 'task' ? 'TASK_DETAIL' : 'RETRY_DETAIL',
    state,
    intention,
    version: version ?? null,
    meta: parse(meta),
    results: parse(payload?.results),
    failure: parse(payload?.failure),
    revert_results: parse(payload?.revertResults),
    revert_failure: parse(payload?.revertFailure),
  }
}
