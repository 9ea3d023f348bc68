/**
 * Keeps with a flow which span its newest run had, so that the next run can be linked to it.
 *
 * In the metadata of the flow, as `traceparent` and `tracestate` of W3C Trace Context. Whoever
 * makes a flow detail may put them there too, and links the first run to a span of its own.
 *
 * @module
 */
import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api'

const TRACE_PARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/

/** The span that is told of in the metadata of a flow; undefined when there is none. */
export function readTraceParent(meta: Readonly<Record<string, unknown>>): SpanContext | undefined {
  const { traceparent, tracestate } = meta
  if (typeof traceparent !== 'string') return undefined
  const [, traceId = '', spanId = '', flags = ''] = TRACE_PARENT.exec(traceparent) ?? []
  const found: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  }
  if (!isSpanContextValid(found)) return undefined
  if (typeof tracestate === 'string') found.traceState = createTraceState(tracestate)
  return found
}

/**
 * What to add to the metadata of a flow. Undefined when the span is not valid, as without an SDK:
 * what is there stays then.
 */
export function traceParentOf(
  span: SpanContext,
  meta: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> | undefined {
  if (!isSpanContextValid(span)) return undefined
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0')
  const traceparent = `00-${span.traceId}-${span.spanId}-${flags}`
  const tracestate = span.traceState?.serialize() ?? ''
  const isOfOtherSpan = typeof meta['tracestate'] === 'string'
  return tracestate !== '' || isOfOtherSpan ? { traceparent, tracestate } : { traceparent }
}
