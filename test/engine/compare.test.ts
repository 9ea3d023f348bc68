import { describe, expect, test } from 'vitest'
import {
  type Backend,
  CorruptRecordError,
  compare,
  compareAll,
  defineFlow,
  FlowDetail,
  type FlowItem,
  type FlowMismatchError,
  linear,
  loadFlowDetail,
  loadFromFactory,
  memory,
  NotFoundError,
  type Provides,
  type RunVerdict,
  TaskDetail,
  task,
} from '../../src/index.ts'
import { errorOf, loadLoosely, type StepOptions, workshop } from './steps.ts'

const { step } = workshop()

/** Runs the flow of a definition until the first atom has succeeded. */
async function begin(flow: () => FlowItem, backend: Backend, name = flow().name): Promise<string> {
  const engine = loadFromFactory(defineFlow(name, flow), [], { backend } as never)
  engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
  await engine.run()
  return engine.storage.flowUuid
}

async function all(verdicts: AsyncIterable<RunVerdict>): Promise<readonly RunVerdict[]> {
  const list: RunVerdict[] = []
  for await (const verdict of verdicts) list.push(verdict)
  return list
}

describe('compare', () => {
  const flow = (c: StepOptions = {}) => linear('f').add(step('a', { provides: 'x' }), step('c', c))

  test('a record of nothing fits every flow that could be run at all', () => {
    const verdict = compare(new FlowDetail('f'), flow())
    expect(verdict).toEqual({ canResume: true, differences: [] })
    const needy = compare(new FlowDetail('f'), flow({ requires: ['nowhere'] }))
    expect(needy).toMatchObject({ canResume: false, differences: [{ difference: 'input' }] })
  })

  test('counts on what is stored with the run, and on what will be given', async () => {
    const backend = memory()
    const first = loadLoosely(flow(), { backend, store: { kept: 1 } })
    first.atomNotifier.register('SUCCESS', () => void first.suspend())
    await first.run()
    const read = () => loadFlowDetail(backend, first.storage.flowUuid)
    expect(compare(await read(), flow({ requires: ['kept'] })).canResume).toBe(true)
    const needy = () => flow({ requires: ['given'] })
    expect(compare(await read(), needy()).canResume).toBe(false)
    expect(compare(await read(), needy(), { store: { given: 1 } }).canResume).toBe(true)
    const options = { backend, flowDetail: await read() }
    expect(await errorOf(loadLoosely(needy(), options).run())).toMatchObject({
      code: 'FLOW_MISMATCH',
    })
    await loadLoosely(needy(), { ...options, flowDetail: await read(), store: { given: 1 } }).run()
  })

  test('an engine that is prepared takes values until it begins', async () => {
    const backend = memory()
    const uuid = await begin(flow, backend)
    const flowDetail = await loadFlowDetail(backend, uuid)
    const engine = loadLoosely(flow({ requires: ['late'] }), { backend, flowDetail })
    engine.compile()
    await engine.prepare()
    expect(() => engine.validate()).toThrow(/nothing provides 'late'/)
    engine.storage.injectAtomArgs('c', { late: 1 })
    await engine.run()
    expect(engine.storage.getFlowState()).toBe('SUCCESS')
  })

  test('a record without promises is taken at its word, as far as the part is there', () => {
    const detail = new FlowDetail('f')
    const atom = new TaskDetail('a')
    atom.succeed(['X'])
    detail.add(atom)
    const picking = (provides: Provides) =>
      linear('f').add(step('a', { provides }), step('c', { requires: ['x'] }))
    expect(compare(detail, picking('x')).differences).toEqual([
      expect.objectContaining({ difference: 'added' }),
    ])
    expect(compare(detail, picking(['x'])).canResume).toBe(true)
    expect(compare(detail, picking(['y', 'x'])).canResume).toBe(false)
    const { differences } = compare(detail, picking({ pick: ['x'] }))
    expect(differences.map(({ message }) => message)).toEqual([
      "'c' is new",
      "'c' cannot have its input 'x': the stored result of 'a' has no field 'x'",
    ])
  })

  test('the error says what cannot be accepted', async () => {
    const backend = memory()
    const flowDetail = await loadFlowDetail(backend, await begin(flow, backend))
    const engine = loadLoosely(linear('f').add(step('c')), { flowDetail })
    expect(((await errorOf(engine.run())) as Error).message).toContain("accept: ['removed']")
    const other = loadLoosely(flow({ requires: ['z'] }), { flowDetail })
    const { message } = (await errorOf(other.run())) as FlowMismatchError
    expect(message).toContain("'c' cannot have its input 'z': nothing provides 'z'")
    expect(message).not.toContain('accept')
  })

  test('what an atom promised, and its version, are those of its last start', async () => {
    const backend = memory()
    const uuid = await begin(flow, backend)
    const next = flow({ provides: { pick: ['length'] }, version: '3.1' })
    await loadLoosely(next, { backend, flowDetail: await loadFlowDetail(backend, uuid) }).run()
    const detail = await loadFlowDetail(backend, uuid)
    expect(detail.find('a')).toMatchObject({
      version: '1.0',
      provisions: [{ symbol: 'x', index: undefined }],
    })
    expect(detail.find('c')).toMatchObject({
      version: '3.1',
      provisions: [{ symbol: 'length', index: 'length' }],
    })
  })
})

describe('compareAll', () => {
  const ab = () => linear('ab').add(step('a'), step('b'))

  test('gives a verdict on each unfinished run, and changes nothing', async () => {
    const backend = memory()
    const [good, bad] = [await begin(ab, backend, 'good'), await begin(ab, backend, 'bad')]
    await loadFromFactory(defineFlow('good', ab), [], { backend } as never).run()
    const before = await Promise.all([good, bad].map((uuid) => backend.loadFlow(uuid)))
    const flows = [defineFlow('good', ab), defineFlow('bad', () => linear('ab').add(step('b')))]
    const verdicts = await all(compareAll({ backend, flows }))
    expect(verdicts.toSorted((one, two) => Number(one.canResume) - Number(two.canResume))).toEqual([
      {
        flowUuid: bad,
        flowName: 'ab',
        state: 'SUSPENDED',
        canResume: false,
        differences: [
          expect.objectContaining({ difference: 'removed', atom: 'a', blocking: true }),
        ],
        error: undefined,
      },
      {
        flowUuid: good,
        flowName: 'ab',
        state: 'SUSPENDED',
        canResume: true,
        differences: [],
        error: undefined,
      },
    ])
    expect(await Promise.all([good, bad].map((uuid) => backend.loadFlow(uuid)))).toEqual(before)
  })

  test('what cannot be read, made or compiled is a verdict too', async () => {
    const backend = memory()
    const names = ['unknown', 'throws', 'twice', 'corrupt', 'good']
    const uuids = new Map<string, string>()
    for (const name of names) uuids.set(name, await begin(ab, backend, name))
    const broken: Backend = Object.create(backend, {
      loadFlow: {
        value: (uuid: string) =>
          uuid === uuids.get('corrupt')
            ? Promise.reject(new CorruptRecordError('atomdetails 1', 'it is torn'))
            : backend.loadFlow(uuid),
      },
      listFlows: { value: (filter: object) => backend.listFlows(filter) },
    })
    const failure = new Error('no such pool')
    const flows = [
      defineFlow('throws', () => {
        throw failure
      }),
      defineFlow('twice', () => linear('ab').add(step('a'), linear('g').add(step('a')))),
      defineFlow('corrupt', ab),
      defineFlow('good', ab),
    ]
    const verdicts = await all(compareAll({ backend: broken, flows: flows as never }))
    const of = (name: string) => verdicts.find(({ flowUuid }) => flowUuid === uuids.get(name))
    expect(verdicts).toHaveLength(names.length)
    expect(of('unknown')).toMatchObject({ canResume: false, error: expect.any(NotFoundError) })
    expect(of('throws')).toMatchObject({ canResume: false, error: failure, flowName: 'ab' })
    expect(of('twice')).toMatchObject({ canResume: false, error: { code: 'DUPLICATE' } })
    expect(of('corrupt')).toMatchObject({ canResume: false, state: undefined, flowName: undefined })
    expect(of('corrupt')?.error).toBeInstanceOf(CorruptRecordError)
    expect(of('good')).toMatchObject({ canResume: true, error: undefined })
  })

  test('calls a factory once for many runs with the same arguments', async () => {
    const backend = memory()
    const atoms = Array.from({ length: 30 }, (_, i) => `t${i}`)
    const flow = (pool: string) =>
      linear(pool).add(...atoms.map((name) => task(name, { execute() {} })))
    const old = defineFlow('f', flow)
    for (let i = 0; i < 40; i += 1) {
      const engine = loadFromFactory(old, [i % 2 === 0 ? 'p' : 'q'], { backend } as never)
      engine.atomNotifier.register('SUCCESS', () => void engine.suspend())
      await engine.run()
    }
    const made: string[] = []
    const counting = defineFlow('f', (pool: string) => {
      made.push(pool)
      return flow(pool)
    })
    const verdicts = await all(compareAll({ backend, flows: [counting] as never }))
    expect(verdicts.filter(({ canResume }) => canResume)).toHaveLength(40)
    expect(made.sort()).toEqual(['p', 'q'])
  })
})
