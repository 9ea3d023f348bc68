import { describe, expect, test } from 'vitest'
import {
  defineFlow,
  FlowDetail,
  type FlowItem,
  type FlowMismatchError,
  flowFromDetail,
  linear,
  loadFromDetail,
  loadFromFactory,
  RetryDetail,
  TaskDetail,
  times,
} from '../../src/index.ts'
import { recording } from './recording.ts'
import { errorOf, loadLoosely, thrownBy, workshop } from './steps.ts'

describe('a flow detail that does not fit', () => {
  function finished(...names: readonly string[]): FlowDetail {
    const detail = new FlowDetail('f')
    detail.state = 'SUSPENDED'
    for (const name of names) {
      const atom = new TaskDetail(name)
      atom.succeed(name)
      detail.add(atom)
    }
    return detail
  }

  test('all differences stand in one error; nothing ran and nothing was changed', async () => {
    const detail = finished('a', 'gone', 'was-task')
    const { step, names } = workshop()
    const flow = linear('f').add(
      step('new'),
      step('a'),
      linear('g', { retry: times(2, { name: 'was-task' }) }),
    )
    const backend = recording()
    const engine = loadLoosely(flow, { flowDetail: detail, backend })
    const error = (await errorOf(engine.run())) as FlowMismatchError
    expect(error.code).toBe('FLOW_MISMATCH')
    expect(error.differences.map(({ difference, atom }) => `${difference} ${atom}`)).toEqual([
      'kind was-task',
      'removed gone',
      'inserted new',
    ])
    for (const { message } of error.differences) expect(error.message).toContain(message)
    expect(names()).toEqual([])
    expect(backend.checkpoints).toEqual([])
    expect([...detail].map(({ name }) => name)).toEqual(['a', 'gone', 'was-task'])
    expect(detail.state).toBe('SUSPENDED')
  })

  test('the differences that are left are refused when some are accepted', async () => {
    const { step } = workshop()
    const options = { flowDetail: finished('a', 'gone'), accept: ['removed'] as const }
    const engine = loadLoosely(linear('f').add(step('new'), step('a')), options)
    const error = (await errorOf(engine.run())) as FlowMismatchError
    expect(error.differences).toMatchObject([{ difference: 'inserted', atom: 'new' }])
  })

  test('another kind cannot be accepted', async () => {
    const flowDetail = finished('a')
    const flow = linear('f', { retry: times(2, { name: 'a' }) })
    expect(() => loadLoosely(flow, { flowDetail, accept: ['kind'] as never })).toThrow(
      "accept[0] must be 'inserted', 'provides', 'removed' or 'version', got 'kind'",
    )
    const accept = ['inserted', 'provides', 'removed', 'version'] as const
    const error = await errorOf(loadLoosely(flow, { flowDetail, accept }).run())
    expect(error).toMatchObject({ code: 'FLOW_MISMATCH' })
  })

  test('what has not run may be gone, new at the end, or moved', async () => {
    const detail = finished('a', 'b')
    detail.add(new TaskDetail('gone'))
    const { step, names } = workshop()
    const flow = linear('f').add(step('b'), step('a'), step('c'))
    await loadLoosely(flow, { flowDetail: detail }).run()
    expect(names()).toEqual(['c'])
  })

  test('the record of the store fits every flow', async () => {
    const detail = finished('a')
    const { step } = workshop()
    loadLoosely(linear('f').add(step('a')), { flowDetail: detail, store: { x: 1 } })
    await loadLoosely(linear('f').add(step('a')), { flowDetail: detail }).run()
  })

  test('a record of a retry where the flow has a task is refused', async () => {
    const detail = new FlowDetail('f')
    detail.add(new RetryDetail('a'))
    const engine = loadLoosely(linear('f').add(workshop().step('a')), { flowDetail: detail })
    expect(await errorOf(engine.run())).toMatchObject({
      code: 'FLOW_MISMATCH',
      differences: [{ difference: 'kind', atom: 'a' }],
    })
  })
})

describe('definitions of flows by name', () => {
  const one = defineFlow('one', () => linear('f'))

  test('a record that names a definition nobody gave is refused, and both are named', () => {
    const detail = loadFromFactory(
      defineFlow('other', () => linear('f')),
      [],
    ).storage.flowDetail
    const error = thrownBy(() => loadFromDetail(detail, { flows: [one] }))
    expect(error).toMatchObject({ code: 'NOT_FOUND' })
    expect(error).toHaveProperty('message', expect.stringMatching(/'other'.*'one'/s))
    expect(thrownBy(() => flowFromDetail(detail, []))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a record that names no definition is refused', () => {
    const detail = new FlowDetail('f')
    expect(thrownBy(() => flowFromDetail(detail, [one]))).toMatchObject({ code: 'NOT_FOUND' })
    detail.engineMeta = { factory: { name: 3 } }
    expect(thrownBy(() => flowFromDetail(detail, [one]))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a record with keyword arguments, as Python makes them, is refused', () => {
    const { flowDetail } = loadFromFactory(one, []).storage
    flowDetail.engineMeta = { factory: { name: 'one', args: [], kwargs: { size: 3 } } }
    expect(thrownBy(() => flowFromDetail(flowDetail, [one]))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('size'),
    })
  })

  test('two definitions of one name are refused', () => {
    const { flowDetail } = loadFromFactory(one, []).storage
    const flows = [one, defineFlow('one', () => linear('g'))]
    expect(thrownBy(() => flowFromDetail(flowDetail, flows))).toMatchObject({
      code: 'DUPLICATE',
      names: ['one'],
    })
  })

  test.each(['', undefined, 3])('a definition called %j is refused', (name) => {
    expect(thrownBy(() => defineFlow(name as string, () => linear('f')))).toBeInstanceOf(TypeError)
  })

  test('a definition without a factory is refused', () => {
    expect(thrownBy(() => defineFlow('d', linear('f') as never))).toBeInstanceOf(TypeError)
  })

  test('a factory that makes no flow is refused, and named', () => {
    const broken = defineFlow('broken', () => undefined as unknown as FlowItem)
    const error = thrownBy(() => loadFromFactory(broken, []))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toHaveProperty('message', expect.stringContaining("'broken'"))
  })
})
