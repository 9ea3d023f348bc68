/**
 * Colours and signs for states, and texts cut to the width of the terminal.
 *
 * @module
 */
import { stripVTControlCharacters, styleText } from 'node:util'
import type { Output, Terminal } from './terminal.ts'

/** The styles in use. */
export type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'magenta' | 'red' | 'yellow'

/** Styles texts, or leaves them as they are. */
export class Paint {
  /** False where styles are left out. */
  readonly hasColours: boolean
  /** False where the terminal may not know more than ASCII. */
  readonly isUnicode: boolean

  constructor(options: { readonly hasColours: boolean; readonly isUnicode: boolean }) {
    this.hasColours = options.hasColours
    this.isUnicode = options.isUnicode
  }

  /** As the settings of the process want it, for one of its streams. */
  static for(output: Output, { env }: Pick<Terminal, 'env'>): Paint {
    const { NO_COLOR, FORCE_COLOR, TERM, LC_ALL, LC_CTYPE, LANG } = env
    const isWanted = output.isTTY && TERM !== 'dumb'
    const isForced = FORCE_COLOR !== undefined && FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
    const isRefused = NO_COLOR !== undefined && NO_COLOR !== ''
    const locale = LC_ALL || LC_CTYPE || LANG || 'UTF-8'
    return new Paint({
      hasColours: !isRefused && (isWanted || isForced),
      isUnicode: /utf-?8/i.test(locale) && TERM !== 'linux',
    })
  }

  /** The text in a style. */
  in(style: Style, text: string): string {
    return this.hasColours ? styleText(style, text, { validateStream: false }) : text
  }

  /** The name of a state in its colour. */
  state(state: string): string {
    const style = STYLE_OF[state]
    return style === undefined ? state : this.in(style, state)
  }

  /** A sign for a state, one character wide, in its colour; with a frame, what moves turns. */
  sign(state: string, frame?: number): string {
    const [unicode, ascii] = SIGN_OF[state] ?? ['?', '?']
    const isMoving = state === 'RUNNING' || state === 'REVERTING' || state === 'RETRYING'
    const frames = this.isUnicode ? '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏' : '|/-\\'
    const still = this.isUnicode ? unicode : ascii
    const sign = isMoving && frame !== undefined ? (frames[frame % frames.length] as string) : still
    const style = STYLE_OF[state]
    return style === undefined ? sign : this.in(style, sign)
  }

  /** A bar of that many characters, filled from 0 to 1. */
  bar(progress: number, width: number): string {
    const full = Math.round(progress * width)
    const [on, off] = this.isUnicode ? ['█', '░'] : ['#', '.']
    return `${this.in('cyan', on.repeat(full))}${this.in('dim', off.repeat(width - full))}`
  }

  /** What stands for what was left out. */
  get ellipsis(): string {
    return this.isUnicode ? '…' : '~'
  }

  /** A text of one style cut to a width. */
  cut(text: string, width: number): string {
    return cutTo(text, width, this.ellipsis)
  }
}

const STYLE_OF: Readonly<Record<string, Style | undefined>> = {
  PENDING: 'dim',
  RUNNING: 'cyan',
  SUCCESS: 'green',
  FAILURE: 'red',
  REVERTING: 'yellow',
  REVERTED: 'yellow',
  REVERT_FAILURE: 'red',
  RETRYING: 'magenta',
  IGNORE: 'dim',
  SUSPENDING: 'magenta',
  SUSPENDED: 'magenta',
  RESUMING: 'cyan',
}

/** As in the renderings of plans, and what stands for it in ASCII. */
const SIGN_OF: Readonly<Record<string, readonly [string, string] | undefined>> = {
  PENDING: ['○', '.'],
  RUNNING: ['▶', '>'],
  SUCCESS: ['✓', '+'],
  FAILURE: ['✗', 'x'],
  REVERTING: ['↺', '<'],
  REVERTED: ['↩', '<'],
  REVERT_FAILURE: ['‼', '!'],
  IGNORE: ['⊘', '-'],
  RETRYING: ['⟳', 'r'],
}

/** Characters that take two columns: CJK and its forms, Hangul, and what is drawn as emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' })
const PLAIN = /^[\x20-\x7e]*$/

/** How many columns a text takes, styles not counted. */
export function widthOf(text: string): number {
  const bare = stripVTControlCharacters(text)
  if (PLAIN.test(bare)) return bare.length
  let width = 0
  for (const { segment } of GRAPHEMES.segment(bare)) width += widthOfGrapheme(segment)
  return width
}

function widthOfGrapheme(segment: string): number {
  return WIDE.test(segment) || segment.includes('\ufe0f') ? 2 : 1
}

/** A text without styles cut to a width, saying by an ellipsis that it was. */
export function cutTo(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text
  if (width < 1) return ''
  let cut = ''
  let used = 0
  for (const { segment } of GRAPHEMES.segment(text)) {
    used += widthOfGrapheme(segment)
    if (used > width - 1) break
    cut += segment
  }
  return `${cut}${ellipsis}`
}

/** A text filled up with spaces to a width. */
export function padTo(text: string, width: number): string {
  return `${text}${' '.repeat(Math.max(0, width - widthOf(text)))}`
}
