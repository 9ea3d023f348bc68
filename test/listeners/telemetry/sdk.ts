/**
 * What tests of telemetry share: the SDK with exporters that keep everything in memory.
 *
 * @module
 */
import { context } from '@opentelemetry/api'
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

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

/** A tracer and the spans it made, in the order in which they ended. */
export function tracing() {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans()
  return {
    tracer: provider.getTracer('test'),
    spans,
    /** The only span of that name. */
    span(name: string): ReadableSpan {
      const [found, ...others] = spans().filter((one) => one.name === name)
      if (found === undefined || others.length > 0) {
        throw new Error(`no or several '${name}' in ${spans().map((one) => one.name)}`)
      }
      return found
    },
    /** Each span as `parent > span`, in the order in which they ended. */
    tree(): readonly string[] {
      const names = new Map(spans().map((one) => [one.spanContext().spanId, one.name]))
      return spans().map(({ name, parentSpanContext }) => {
        const parent = names.get(parentSpanContext?.spanId ?? '')
        return parent === undefined ? name : `${parent} > ${name}`
      })
    },
  }
}

/** What one set of attributes has, by metric: a sum, or the count and sum of a histogram. */
export interface Measured {
  readonly name: string
  readonly unit: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly value: number | { readonly count: number; readonly sum?: number | undefined }
}

/** A meter and what it was told. */
export function metering() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  return {
    meter: provider.getMeter('test'),
    async measured(): Promise<readonly Measured[]> {
      await provider.forceFlush()
      const [newest] = exporter.getMetrics().slice(-1)
      return (newest?.scopeMetrics ?? []).flatMap(({ metrics }) =>
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => {
            const { name, unit } = descriptor
            if (typeof value === 'number') return { name, unit, attributes, value }
            const { count, sum } = value as { readonly count: number; readonly sum?: number }
            return { name, unit, attributes, value: { count, sum } }
          }),
        ),
      )
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  }
}
