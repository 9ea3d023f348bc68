/**
 * What tests of listeners share: a logger that collects, and a clock that is set by hand.
 *
 * @module
 */
import type { Clock } from '../../src/base/clock.ts'
import type { Logger } from '../../src/base/logger.ts'

/** A text without what differs from run to run: uuids, and the places in stacks. */
export function settled(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')
    .replaceAll(/(\n\s+at [^\n]*)+/g, '\n  at …')
}

/** A logger that collects `LEVEL text`, settled. */
export function collecting(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = []
  const at = (level: string) => (text: string) => void lines.push(`${level} ${settled(text)}`)
  const logger = { debug: at('DEBUG'), info: at('INFO'), warn: at('WARN'), error: at('ERROR') }
  return { logger, lines }
}

/** A clock that goes on only when told to. */
export class HandClock implements Clock {
  #ms = 0

  /** Goes on by so many milliseconds. */
  advance(ms: number): void {
    this.#ms += ms
  }

  now(): Date {
    return new Date(1_000_000 + this.#ms)
  }

  elapsedMs(): number {
    return this.#ms
  }
}
