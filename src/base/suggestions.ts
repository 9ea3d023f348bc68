/**
 * What somebody may have meant who mistyped a name.
 *
 * @module
 */

/** The known names that differ least from the one that was written, at most three. */
export function nearest(written: string, known: Iterable<string>): readonly string[] {
  const wanted = written.toLowerCase()
  const limit = Math.max(1, Math.floor(written.length / 3))
  return [...new Set(known)]
    .map((name) => ({ name, distance: distanceOf(wanted, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= limit || startsAlike(wanted, name.toLowerCase()))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name)
}

/** `; did you mean 'a' or 'b'?`, or nothing. */
export function didYouMean(written: string, known: Iterable<string>): string {
  const names = nearest(written, known).map((name) => `'${name}'`)
  return names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`
}

function startsAlike(a: string, b: string): boolean {
  return a.length >= 3 && (b.startsWith(a) || a.startsWith(b))
}

/** How many characters must be put in, left out, replaced or swapped with their neighbour. */
function distanceOf(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(before, j - 2) + 1)
      }
      row.push(least)
    }
    before = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
