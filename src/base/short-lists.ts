/**
 * Lists of which there are many, and most of them short.
 *
 * For graphs and atoms, which have some each. The virtual machine gives a list that grows, by `push`
 * or by spreading, room for sixteen more, which is many times what most of them need for good.
 *
 * @module
 */

/** Up to so many items, a list has no more room than it needs. */
const SHORT = 8

const NONE: readonly never[] = []

/** A copy that has no more room than it needs; an empty one is shared. */
export function settled<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice()
}

/** The list with one item more: the same list, or one in its place. */
export function appended<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item] // most lists end here, or with the next
  if (list.length === 1) return [list[0] as T, item]
  if (list.length < SHORT) return list.concat([item])
  list.push(item)
  return list
}
