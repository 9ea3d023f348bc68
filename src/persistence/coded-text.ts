/**
 * The form in which a text that went through a payload codec stands in a column.
 *
 * It is JSON, since PostgreSQL keeps these columns as such, and an object, since Python TaskFlow
 * expects one in some. It is a tag that values are never stored as, so that no value can be taken
 * for it, and whoever reads it without the codec is refused instead of given a cipher as the value.
 *
 * @module
 */

/** Looked for in what the database gives back, which may have changed the spaces. */
const CODED = /^\s*\{\s*"\$taskflow"\s*:\s*\[\s*"Coded"\s*,/

/** What is stored of a text that the codec made. */
export function codedText(text: string): string {
  return `{"$taskflow":["Coded",${JSON.stringify(text)}]}`
}

/** True when a stored text went through a codec. */
export function isCoded(stored: string): boolean {
  return CODED.test(stored)
}

/** The text that the codec made; undefined when the stored form is damaged. */
export function textInCode(stored: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(stored)
    const parts: unknown = (parsed as { readonly $taskflow?: unknown }).$taskflow
    const text: unknown = Array.isArray(parts) && parts.length === 2 ? parts[1] : undefined
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}
