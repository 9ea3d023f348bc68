/**
 * Prints every move, for programs run by hand.
 *
 * @module
 */
import { harmless } from '../base/printable.ts'
import { DumpingListener } from './dumping.ts'
import type { ListenerOptions, Watched } from './listener.ts'

/** Takes a text that ends with a line break. */
export type Write = (text: string) => void

/** Writes to the standard output of the process; what could steer a terminal is escaped. */
export const WRITE_TO_STDOUT: Write = (text) => void process.stdout.write(harmless(text))

/** How {@link PrintingListener} prints. Every option may be left out. */
export interface PrintingOptions extends ListenerOptions {
  /**
   * Takes the texts, line breaks included.
   *
   * @defaultValue writes to the standard output
   */
  readonly write?: Write | undefined
}

/**
 * Prints every move of the flow, its tasks and its retries, with the stack of failures.
 *
 * @example
 * using _printed = new PrintingListener(engine, { write: (text) => process.stderr.write(text) })
 */
export class PrintingListener extends DumpingListener {
  readonly #write: Write

  constructor(engine: Watched, options: PrintingOptions = {}) {
    super(engine, options)
    this.#write = options.write ?? WRITE_TO_STDOUT
  }

  protected override dump(text: string): void {
    this.#write(`${text}\n`)
  }
}
