import { createTraceState, type SpanContext } from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import { task } from '../../../src/atoms/function-task.ts'
import { load } from '../../../src/engine/load.ts'
import { linear } from '../../../src/flows/linear.ts'
import { readTraceParent, traceParentOf } from '../../../src/listeners/telemetry/trace-parent.ts'
import { TelemetryListener } from '../../../src/listeners/telemetry.ts'
import { FlowDetail } from '../../../src/persistence/flow-detail.ts'
import { memory } from '../../../src/persistence/memory.ts'
import { loadFlowDetail } from '../../../src/persistence/reader.ts'
import { tracing } from './sdk.ts'

const two = () =>
  linear('f').add(...['a', 'b'].map((name) => task(name, { execute: async () => {} })))

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

describe('the link to the earlier run', () => {
  test('leads from a resumed run to the one that was suspended, over engines', async () => {
    await using backend = memory()
    const before = tracing()
    const first = load(two(), { backend })
    {
      using _telemetry = new TelemetryListener(first, { tracer: before.tracer })
      using _stop = first.atomNotifier.register('SUCCESS', () => void first.suspend())
      await first.run()
    }
    expect(before.span('flow f').links).toEqual([])

    const after = tracing()
    const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
    const second = load(two(), { backend, flowDetail })
    using _telemetry = new TelemetryListener(second, { tracer: after.tracer })
    await second.run()
    const { traceId, spanId, traceFlags } = before.span('flow f').spanContext()
    expect(after.span('flow f').links).toMatchObject([{ context: { traceId, spanId, traceFlags } }])
    expect(after.span('flow f').attributes['taskflow.flow.resumed']).toBe(true)
    expect(after.tree()).toEqual(['flow f > task b', 'flow f'])
    expect(second.storage.flowMeta['traceparent']).toContain(
      after.span('flow f').spanContext().spanId,
    )
  })

  test('is stored before the first task starts, so that a crash in it leaves it', async () => {
    await using backend = memory()
    const { tracer, span } = tracing()
    let found: unknown
    const engine = load(
      linear('f').add(
        task('a', {
          async execute() {
            const stored = await loadFlowDetail(backend, engine.storage.flowUuid)
            found = stored.meta['traceparent']
          },
        }),
      ),
      { backend },
    )
    using _telemetry = new TelemetryListener(engine, { tracer })
    await engine.run()
    const { traceId, spanId } = span('flow f').spanContext()
    expect(found).toBe(`00-${traceId}-${spanId}-01`)
  })

  test('leads to whoever made the flow detail, if it says so', async () => {
    const { tracer, span } = tracing()
    const flowDetail = new FlowDetail('f')
    flowDetail.meta = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'vendor=1' }
    const engine = load(two(), { flowDetail })
    using _telemetry = new TelemetryListener(engine, { tracer })
    await engine.run()
    const [link] = span('flow f').links
    expect(link?.context).toMatchObject({ traceId, spanId, isRemote: true })
    expect(link?.context.traceState?.get('vendor')).toBe('1')
    expect(span('flow f').attributes['taskflow.flow.resumed']).toBe(false)
    expect(engine.storage.flowMeta['tracestate']).toBe('')
  })
})

describe('the stored span', () => {
  test.each([
    { flags: 1, state: undefined },
    { flags: 0, state: undefined },
    { flags: 1, state: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' },
  ])('is read as it was written: %o', ({ flags, state }) => {
    const context: SpanContext = { traceId, spanId, traceFlags: flags }
    if (state !== undefined) context.traceState = createTraceState(state)
    const read = readTraceParent(traceParentOf(context, {}) ?? {})
    expect(read).toMatchObject({ traceId, spanId, traceFlags: flags })
    expect(read?.traceState?.serialize()).toBe(state)
  })

  test.each([
    undefined,
    7,
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01xx`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
  ])('is none when the metadata has %o', (traceparent) => {
    expect(readTraceParent({ traceparent })).toBeUndefined()
  })

  test('of a later version of the format is read as far as it is known', () => {
    const read = readTraceParent({ traceparent: `01-${traceId}-${spanId}-01-more` })
    expect(read).toMatchObject({ traceId, spanId, traceFlags: 1 })
  })
})
