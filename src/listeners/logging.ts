/**
 * Logs every move at one level.
 *
 * @module
 */
import { CONSOLE_LOGGER, type Logger } from '../base/logger.ts'
import { DumpingListener } from './dumping.ts'
import type { ListenerOptions, Watched } from './listener.ts'

/** A method of a {@link Logger}. */
export type LogLevel = keyof Logger

/** How {@link LoggingListener} logs. Every option may be left out. */
export interface LoggingOptions extends ListenerOptions {
  /**
   * Where lines go.
   *
   * @defaultValue `console`
   */
  readonly logger?: Logger | undefined
  /**
   * The level of all lines.
   *
   * @defaultValue `'debug'`
   */
  readonly level?: LogLevel | undefined
}

/**
 * Logs every move of the flow, its tasks and its retries at one level. Results are not masked:
 * `DynamicLoggingListener` does that.
 *
 * @example
 * using _log = new LoggingListener(engine, { logger, level: 'info' })
 */
export class LoggingListener extends DumpingListener {
  readonly #logger: Logger
  readonly #level: LogLevel

  constructor(engine: Watched, options: LoggingOptions = {}) {
    const { logger = CONSOLE_LOGGER, level = 'debug' } = options
    super(engine, options)
    this.#logger = logger
    this.#level = level
  }

  protected override dump(text: string): void {
    this.#logger[this.#level](text)
  }
}
