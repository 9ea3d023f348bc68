import { describe, expect, test } from 'vitest'
import { task } from '../../src/atoms/function-task.ts'
import { Failure } from '../../src/base/failure.ts'
import { load } from '../../src/engine/load.ts'
import type { FlowItem } from '../../src/flows/flow.ts'
import { graph } from '../../src/flows/graph.ts'
import { linear } from '../../src/flows/linear.ts'
import { unordered } from '../../src/flows/unordered.ts'
import { FailureFormatter } from '../../src/listeners/failure-formatter.ts'
import { Listener, type Watched } from '../../src/listeners/listener.ts'
import { settled } from './lines.ts'

const ok = (name: string, execute: () => unknown = () => name) => task(name, { execute })

const bad = (name = 'bad') =>
  task(name, {
    execute() {
      throw new Error('boom')
    },
  })

/** What the formatter writes when the task `bad` fails. */
async function report(flow: FlowItem, options = {}): Promise<string> {
  const engine = load(flow, { commit: 'move', ...options } as never)
  const texts: string[] = []
  class Reporter extends Listener {
    protected override taskMoved(state: string, { result }: { result?: unknown }): void {
      const formatter = new FailureFormatter(engine)
      texts.push(formatter.format(result as Failure, 'bad', state as 'FAILURE'))
    }
  }
  using _reporter = new Reporter(engine, { taskStates: ['FAILURE'] })
  await expect(engine.run()).rejects.toThrow('boom')
  return settled(texts.join('\n'))
}

describe('FailureFormatter', () => {
  test('draws branches, and describes each atom once', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ok(name)) as [
      ReturnType<typeof ok>,
      ReturnType<typeof ok>,
      ReturnType<typeof ok>,
      ReturnType<typeof ok>,
    ]
    const z = bad()
    const diamond = graph('g').add(a, b, c, d, z)
    diamond.link(a, b).link(a, c).link(b, d).link(c, d).link(d, z).link(a, z)
    const shown = (name: string) =>
      `Atom '${name}' { intention: 'EXECUTE', state: 'SUCCESS', requires: {}, provides: '${name}' }`
    expect(await report(diamond)).toBe(
      [
        '5 predecessors (most recent first):',
        `  ${shown('a')}`,
        `  |__Flow 'g'`,
        `  ${shown('d')}`,
        `  |__${shown('b')}`,
        `  |  |__Atom 'a' (shown elsewhere)`,
        `  |__${shown('c')}`,
        `     |__Atom 'a' (shown elsewhere)`,
        'Failure: Error: boom',
        '  at …',
      ].join('\n'),
    )
  })

  test('steps over the ends of flows', async () => {
    const inner = unordered('u').add(ok('x'), linear('deep').add(ok('y')))
    expect(await report(linear('f').add(inner, bad()))).toMatchInlineSnapshot(`
      "5 predecessors (most recent first):
        Atom 'x' { intention: 'EXECUTE', state: 'SUCCESS', requires: {}, provides: 'x' }
        |__Flow 'u'
           |__Flow 'f'
        Atom 'y' { intention: 'EXECUTE', state: 'SUCCESS', requires: {}, provides: 'y' }
        |__Flow 'deep'
           |__Flow 'u' (shown elsewhere)
      Failure: Error: boom
        at …"
    `)
  })

  test('writes only the failure when nothing came before', async () => {
    expect(await report(bad())).toBe('Failure: Error: boom\n  at …')
    expect(await report(linear('f').add(bad()))).toBe(
      "1 predecessor (most recent first):\n  Flow 'f'\nFailure: Error: boom\n  at …",
    )
  })

  test('writes at most 200 lines about what came before, the nearest', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ok(`t${i}`))
    for (const flow of [
      linear('f').add(...many, bad()),
      linear('g').add(unordered('u').add(...many.map(({ name }) => ok(name))), bad()),
    ]) {
      const lines = (await report(flow)).split('\n')
      expect(lines[0]).toBe('The nearest 200 predecessors (most recent first):')
      expect(lines.length).toBe(1 + 200 + 2)
    }
  })

  test('keeps large values short', async () => {
    const text = await report(
      linear('f').add(
        ok('big', () => 'x'.repeat(1e6)),
        bad(),
      ),
    )
    expect(text.length).toBeLessThan(1500)
  })

  test('leaves out what cannot be found', async () => {
    const engine = load(
      linear('f').add(
        task('a', { execute: ({ n }: { n: number }) => n }),
        task('bad', { execute() {} }),
      ),
      { store: {} as never },
    )
    engine.compile()
    await engine.prepare()
    const failure = Failure.fromRecord(Failure.from('gone').toRecord())
    expect(new FailureFormatter(engine).format(failure, 'bad', 'FAILURE')).toBe(
      [
        '2 predecessors (most recent first):',
        "  Atom 'a' { intention: 'EXECUTE', state: 'PENDING' }",
        "  |__Flow 'f'",
        'Failure: string: gone',
        'Traceback not available.',
      ].join('\n'),
    )
  })

  test('writes only the failure before the engine is compiled, and of an atom that is not there', () => {
    const engine = load(linear('f').add(ok('a')))
    const failure = new Failure({ message: 'no', typeNames: ['Error'] })
    const text = 'Failure: Error: no\nTraceback not available.'
    expect(new FailureFormatter(engine).format(failure, 'a', 'FAILURE')).toBe(text)
    engine.compile()
    expect(new FailureFormatter(engine).format(failure, 'zz', 'FAILURE')).toBe(text)
  })

  test('lets errors other than missing values through', () => {
    const engine = load(linear('f').add(ok('a'), bad()))
    engine.compile()
    const storage = Object.assign(Object.create(engine.storage), {
      getAtomIntention: () => 'EXECUTE',
      getAtomState: () => 'SUCCESS',
      fetchMappedArgs() {
        throw new TypeError('broken')
      },
    })
    const watched = Object.assign(Object.create(engine), { storage }) as Watched
    Object.defineProperty(watched, 'compilation', { value: engine.compilation })
    const failure = new Failure({ message: 'no', typeNames: ['Error'] })
    expect(() => new FailureFormatter(watched).format(failure, 'bad', 'FAILURE')).toThrow('broken')
  })
})
