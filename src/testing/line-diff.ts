/**
 * What differs between two texts, line by line.
 *
 * @module
 */

/**
 * All lines of both texts in order: `- ` before one that only the first has, `+ ` before one that
 * only the second has. As few of these as possible.
 */
export function diffLines(expected: readonly string[], actual: readonly string[]): string[] {
  const common = commonLengths(expected, actual)
  const lengthAt = (i: number, j: number): number => common[i]?.[j] ?? 0
  const lines: string[] = []
  let i = 0
  let j = 0
  while (i < expected.length || j < actual.length) {
    if (i < expected.length && j < actual.length && expected[i] === actual[j]) {
      lines.push(`  ${expected[i]}`)
      i += 1
      j += 1
    } else if (
      j >= actual.length ||
      (i < expected.length && lengthAt(i + 1, j) >= lengthAt(i, j + 1))
    ) {
      lines.push(`- ${expected[i]}`)
      i += 1
    } else {
      lines.push(`+ ${actual[j]}`)
      j += 1
    }
  }
  return lines
}

/** For each pair of positions, how many lines the rests of the two texts have in common. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly number[][] {
  const lengths = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  )
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? []
    for (let j = b.length - 1; j >= 0; j -= 1) {
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  return lengths
}
