/**
 * A run as OpenTelemetry sees it: spans, linked where another engine goes on, and metrics.
 *
 * @module
 */
import { context, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { linear, load, loadFlowDetail, memory, task, times } from '../src/index.ts'
import { observed, TelemetryListener } from '../src/listeners/telemetry.ts'

// What a program sets up once; these exporters keep in memory what others send away.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const spans = new InMemorySpanExporter()
const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
const tracer: Tracer = tracing.getTracer('shop')
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({
  exporter: metrics,
  exportIntervalMillis: 60_000,
})
const metering = new MeterProvider({ readers: [reader] })
const meter = metering.getMeter('shop')

let callCount = 0

function order() {
  return linear('order', { retry: times(2, { name: 'twice' }) }).add(
    task('reserve', {
      provides: 'reservation',
      execute: () => 'r-1',
      revert() {},
    }),
    task('charge', {
      async execute({ reservation }: { reservation: string }) {
        callCount += 1
        const call = tracer.startSpan('POST /charges')
        call.setAttribute('reservation', reservation).end()
        if (callCount === 1) throw new RangeError('card service is busy')
      },
    }),
  )
}

await using backend = observed(memory(), { meter })
const first = load(order(), { backend })
{
  using _telemetry = new TelemetryListener(first, { tracer, meter })
  using _stop = first.atomNotifier.register('SUCCESS', (_state, details) => {
    if ('taskName' in details && details.taskName === 'reserve') void first.suspend()
  })
  await first.run()
}

const flowDetail = await loadFlowDetail(backend, first.storage.flowUuid)
const second = load(order(), { backend, flowDetail })
using _telemetry = new TelemetryListener(second, { tracer, meter })
await second.run()

const finished = spans.getFinishedSpans()
const names = new Map(finished.map((span) => [span.spanContext().spanId, span.name]))

function print(span: ReadableSpan, indent: string): void {
  const { name, attributes, links, events } = span
  const state = attributes['taskflow.flow.state'] ?? attributes['taskflow.atom.state']
  console.log(`${indent}${name}${state === undefined ? '' : `: ${state}`}`)
  for (const link of links) console.log(`${indent}  link to: ${names.get(link.context.spanId)}`)
  for (const event of events) {
    const message = event.attributes?.['exception.message'] ?? ''
    console.log(`${indent}  event: ${event.name} ${message}`.trimEnd())
  }
  const id = span.spanContext().spanId
  for (const child of finished) {
    if (child.parentSpanContext?.spanId === id) print(child, `${indent}  `)
  }
}

for (const span of finished) if (span.parentSpanContext === undefined) print(span, '')

await metering.forceFlush()
for (const { metrics: all } of metrics.getMetrics().at(-1)?.scopeMetrics ?? []) {
  for (const { descriptor, dataPoints } of all) {
    // How long things took is different each time.
    const counts = dataPoints.map(({ value }) => (typeof value === 'number' ? value : undefined))
    const total = counts.reduce((sum = 0, count = 0) => sum + count, 0)
    const isMeasured = counts.includes(undefined)
    console.log(`${descriptor.name}: ${isMeasured ? `measured in ${descriptor.unit}` : total}`)
  }
}
await metering.shutdown()
