/**
 * Text of others made fit to be printed.
 *
 * For whatever writes to a terminal, a log or a pipe: names, messages and values come from
 * databases and other systems, and some characters steer a terminal, hide text or reverse it.
 *
 * @module
 */

/**
 * Control characters, characters of format (among them those that change the direction of text),
 * separators of lines, and halves of pairs. The joiners of scripts and of emoji stay, since
 * they do nothing else.
 */
const UNSAFE = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu
/** The same without what JSON escapes by itself. */
const UNSAFE_IN_JSON = /(?![\u200c\u200d])[\u007f-\u009f\p{Cf}\u2028\u2029]/gu

/** A text of several lines, with what could steer a terminal shown as `\x1b` or `\u202e`. */
export function harmless(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNSAFE, escaped)
}

/** As {@link harmless}, on one line. */
export function oneLine(text: string): string {
  return harmless(flat(text)).replaceAll('\t', '\\x09')
}

/** A text on one line, line breaks turned into spaces. */
export function flat(text: string): string {
  return text.includes('\n') ? text.replaceAll(/\s*\n\s*/g, ' ') : text
}

/** A JSON text in which what could steer a terminal is escaped; it says the same. */
export function harmlessJson(json: string): string {
  return json.replaceAll(UNSAFE_IN_JSON, (character) =>
    [...Array(character.length).keys()].map((i) => unit(character.charCodeAt(i))).join(''),
  )
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
  return code <= 0xffff ? unit(code) : `\\u{${code.toString(16)}}`
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}
