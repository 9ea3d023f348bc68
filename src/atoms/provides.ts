/**
 * Under which symbols a result, or parts of it, are known: TaskFlow's `provides` and `save_as`.
 *
 * @module
 */

import { demandSymbol } from '../base/names.ts'

/**
 * What an atom provides:
 * - a name: the whole result is known by it;
 * - an array of names: element i of the result is known by the i-th name;
 * - `{ pick: [...] }`: each named field of the result is known by its name.
 */
export type Provides = string | readonly string[] | { readonly pick: readonly string[] }

/** One symbol and the part of the result that it stands for. */
export interface Provision {
  /** The name that other atoms ask for. */
  readonly symbol: string
  /** Position or field in the result; undefined for the whole result. */
  readonly index: number | string | undefined
}

const NOTHING: readonly Provision[] = []

/**
 * The symbols that a `provides` stands for. A name that is given twice keeps its last position.
 *
 * @throws TypeError when it has none of the three forms.
 */
export function provisionsOf(atom: string, provides: Provides | undefined): readonly Provision[] {
  if (provides === undefined) return NOTHING
  if (typeof provides === 'string') {
    demandSymbol(`what '${atom}' provides`, provides)
    return [{ symbol: provides, index: undefined }]
  }
  const byPosition = Array.isArray(provides)
  const names: unknown = byPosition
    ? provides
    : (provides as { readonly pick?: unknown } | null)?.pick
  if (!Array.isArray(names) || !names.every((name): name is string => typeof name === 'string')) {
    throw new TypeError(
      `'${atom}' provides something without a name: write a name, a list of names by position, or { pick: ['field'] }`,
    )
  }
  const indexes = new Map<string, number | string>()
  names.forEach((name, i) => {
    demandSymbol(`what '${atom}' provides`, name)
    indexes.set(name, byPosition ? i : name)
  })
  return [...indexes].map(([symbol, index]) => ({ symbol, index }))
}

/** A part of a result, or the absence of it. */
export type Extraction = { readonly found: true; readonly value: unknown } | typeof ABSENT

const ABSENT = { found: false } as const

/** Takes the part of a result that a symbol stands for; strings and arrays have positions. */
export function extract(result: unknown, index: Provision['index']): Extraction {
  if (index === undefined) return { found: true, value: result }
  if (typeof index === 'number') {
    if (typeof result !== 'string' && !Array.isArray(result)) return ABSENT
    return index < result.length ? { found: true, value: result[index] } : ABSENT
  }
  if (typeof result !== 'object' || result === null || !Object.hasOwn(result, index)) return ABSENT
  return { found: true, value: (result as Readonly<Record<string, unknown>>)[index] }
}
