/**
 * The fields of a JSON object as they were written.
 *
 * For the directory backend, which gives the text of a value back unchanged: parsing it and
 * writing it anew would lose spaces, the form of numbers and the order of keys.
 *
 * @module
 */

/** The texts of the values of an object, by key; the text must be valid JSON. */
export function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  let at = skip(text, skip(text, 0) + 1)
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at)
    const start = skip(text, skip(text, keyEnd) + 1)
    const end = endOfValue(text, start)
    fields.set(JSON.parse(text.slice(at, keyEnd)) as string, text.slice(start, end))
    at = skip(text, end)
    if (text[at] === ',') at = skip(text, at + 1)
  }
  return fields
}

function skip(text: string, from: number): number {
  let at = from
  while (' \t\n\r'.includes(text[at] ?? '-')) at += 1
  return at
}

/** Behind the closing quote of the string that opens at `from`. */
function endOfString(text: string, from: number): number {
  let end = from
  let escapes: number
  do {
    end = text.indexOf('"', end + 1)
    escapes = 0
    while (text[end - 1 - escapes] === '\\') escapes += 1
  } while (escapes % 2 === 1)
  return end + 1
}

function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return endOfString(text, from)
  if (first !== '{' && first !== '[') return next(/[\s,}\]]/g, text, from)
  let depth = 0
  let at = from
  do {
    const mark = text[at]
    if (mark === '"') at = endOfString(text, at)
    else {
      depth += mark === '{' || mark === '[' ? 1 : -1
      at += 1
    }
    if (depth > 0) at = next(/["{}[\]]/g, text, at)
  } while (depth > 0)
  return at
}

function next(mark: RegExp, text: string, from: number): number {
  mark.lastIndex = from
  return mark.exec(text)?.index ?? text.length
}
