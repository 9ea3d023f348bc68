/**
 * Draws a run at the bottom of a terminal, again and again in the same place.
 *
 * What other code prints meanwhile is put above the picture. Follows the terminal when its size
 * changes: the terminal has broken the lines anew by then, and it is known how often.
 *
 * @module
 */

import { every, SYSTEM_CLOCK } from '../../base/clock.ts'
import type { Door, GuardedTerminal } from '../door.ts'
import { widthOf } from '../paint.ts'
import type { Interception } from '../terminal.ts'

const FRAME_MS = 80
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const TO_LINE_END = '\u001b[K'
const TO_SCREEN_END = '\u001b[J'

/** Gives the lines of the picture for a terminal of that size. */
export type Draw = (columns: number, rows: number) => readonly string[]

/** A picture that is drawn until it is ended or disposed. */
export class LivePicture implements Disposable {
  readonly #out: Door
  readonly #draw: Draw
  readonly #past: Interception
  readonly #ending = new DisposableStack()
  /** The lines that stand in the terminal now. */
  #lines: readonly string[] = []
  #isOver = false

  constructor(terminal: GuardedTerminal, draw: Draw) {
    this.#out = terminal.out
    this.#draw = draw
    this.#past = this.#ending.use(terminal.intercept((text) => this.print(text)))
    const showCursor = (): void => this.#past.write(SHOW_CURSOR)
    this.#past.write(HIDE_CURSOR)
    this.#ending.defer(showCursor)
    // Whatever ends the process in the middle, the cursor must be seen afterwards.
    process.once('exit', showCursor)
    this.#ending.defer(() => void process.off('exit', showCursor))
    this.#ending.use(this.#out.onResize(() => this.refresh()))
    const frames = every(SYSTEM_CLOCK, FRAME_MS, () => this.refresh())
    this.#ending.defer(() => frames.cancel())
    this.refresh()
  }

  /** Draws what there is now. */
  refresh(): void {
    if (this.#isOver) return
    const { columns, rows } = this.#out
    // A line as wide as the terminal would leave the cursor where terminals differ.
    this.#replace('', this.#draw(Math.max(10, columns - 1), Math.max(4, rows - 1)))
  }

  /** Prints text above the picture. */
  print(text: string): void {
    if (this.#isOver) {
      this.#past.write(text)
      return
    }
    const lines = text.replaceAll('\n', `${TO_LINE_END}\n`)
    this.#replace(text.endsWith('\n') ? lines : `${lines}${TO_LINE_END}\n`, this.#lines)
  }

  /** Draws for the last time, as many lines as are wanted, and leaves them there. */
  end(last: Draw): void {
    if (this.#isOver) return
    const { columns, rows } = this.#out
    this.#replace('', last(Math.max(10, columns - 1), rows))
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#lines.length > 0) this.#past.write('\n')
    this.#ending.dispose()
  }

  #replace(above: string, drawn: readonly string[]): void {
    const { columns } = this.#out
    const lines = drawn.map((line) => this.#out.clean(line))
    const upper = this.#lines.slice(0, -1)
    const height = upper.reduce((sum, line) => sum + heightOf(line, columns), 0)
    const up = height > 0 ? `\u001b[${height}A` : ''
    const text = lines.map((line) => `${line}${TO_LINE_END}`).join('\n')
    // The cursor is left where the last line begins: there it stays when lines are broken anew, and
    // a ^C that the terminal echoes makes no new line.
    this.#past.write(`\r${up}${above}${text}${TO_SCREEN_END}\r`)
    this.#lines = lines
  }
}

/** How many lines of the terminal a line takes, now that it may be narrower. */
function heightOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(widthOf(line) / Math.max(1, columns)))
}
