/**
 * How wide text is, in columns of a terminal and in pixels of a picture, and how it is made to fit.
 *
 * For the renderings. Fonts differ: the widths are those of the wider of two common ones, so that
 * text fits whichever is there.
 *
 * @module
 */

/** Widths of the characters from space to tilde in thousandths of the font size: DejaVu Sans or
 * Liberation Sans (Arial), whichever is wider. */
const WIDTHS: readonly number[] = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
  636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 556, 1015, 684, 686, 722, 770, 667,
  611, 778, 752, 295, 500, 667, 557, 863, 748, 787, 667, 787, 722, 667, 611, 732, 684, 989, 685,
  667, 685, 390, 337, 390, 838, 556, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
  278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
]
/** Of a character that is in no table: signs and letters of other alphabets are rarely wider. */
const OTHER_WIDTH = 1000
const WIDE_WIDTH = 1400

const MARKS = /^\p{M}$/u
/** East Asian letters and pictures, which take two columns. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]$/u
/** What would break a line, turn its direction or is no character: none of it is for a picture. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\u2028\u2029\ufffe\uffff]/gu

const ELLIPSIS = '…'

/** Text without characters that cannot be seen, each replaced by its number. */
export function inOneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')
    .replaceAll(UNSEEN, (one) => `\\u{${(one.codePointAt(0) as number).toString(16)}}`)
}

/** How many columns of a terminal a text takes. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const one of text) columns += MARKS.test(one) ? 0 : WIDE.test(one) ? 2 : 1
  return columns
}

/** How many pixels a text takes, at the most, at a font size. */
export function pixelsOf(text: string, fontSize: number): number {
  let width = 0
  for (const one of text) width += widthOf(one)
  return (width * fontSize) / 1000
}

function widthOf(one: string): number {
  const known = WIDTHS[(one.codePointAt(0) as number) - 32]
  if (known !== undefined) return known
  if (MARKS.test(one)) return 0
  return WIDE.test(one) ? WIDE_WIDTH : OTHER_WIDTH
}

/** Takes letters out of the middle of a text until it is not wider than a number of pixels. */
export function shorten(text: string, fontSize: number, maxPixels: number): string {
  if (pixelsOf(text, fontSize) <= maxPixels) return text
  const letters = [...text]
  let room = (maxPixels * 1000) / fontSize - OTHER_WIDTH
  const head: string[] = []
  const tail: string[] = []
  for (let i = 0, j = letters.length - 1; i <= j; ) {
    const isHead = head.length <= tail.length
    const one = letters[isHead ? i : j] as string
    room -= widthOf(one)
    if (room < 0) break
    if (isHead) {
      head.push(one)
      i += 1
    } else {
      tail.unshift(one)
      j -= 1
    }
  }
  return [...head, ELLIPSIS, ...tail].join('')
}

/**
 * Breaks a text into lines of at most `width` columns, at spaces where there are any. The first
 * line opens with one text, the others with another.
 */
export function wrap(text: string, first: string, rest: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  const flush = (): void => {
    lines.push(line.trimEnd())
    line = rest
    isEmpty = true
  }
  for (const word of text.split(' ')) {
    let left = word
    if (!isEmpty && columnsOf(line) + 1 + columnsOf(left) > width) flush()
    if (!isEmpty) line += ' '
    while (columnsOf(line) + columnsOf(left) > width) {
      const part = headOf(left, Math.max(1, width - columnsOf(line)))
      line += part
      left = left.slice(part.length)
      if (left === '') break
      flush()
    }
    line += left
    isEmpty = false
  }
  if (!isEmpty) flush()
  return lines
}

/** As much of a text as fits, at least one letter. */
function headOf(text: string, columns: number): string {
  let head = ''
  for (const one of text) {
    if (head !== '' && columnsOf(head) + columnsOf(one) > columns) break
    head += one
  }
  return head
}
