/**
 * Spans and metrics of runs, for OpenTelemetry: the face of `taskflow-ts/telemetry`.
 *
 * Needs the package `@opentelemetry/api`; which SDK takes what is told here is the program's choice.
 *
 * @module
 */
export { TelemetryListener, type TelemetryOptions } from './telemetry/listener.ts'
export { type ObservedOptions, observed } from './telemetry/observed.ts'
