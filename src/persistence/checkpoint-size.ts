/**
 * How large the texts of a checkpoint are, in characters: the length of a string costs nothing.
 *
 * For those who decide what goes into one transaction, or one statement.
 *
 * @module
 */
import type { AtomRecord, Checkpoint } from './backend.ts'

/** How large an atom is, in characters. */
export function charactersOf(atom: AtomRecord): number {
  const { name, meta, payload } = atom
  let count = name.length + meta.length
  if (payload === undefined) return count
  const { results, failure, revertResults, revertFailure } = payload
  for (const text of [results, failure, revertResults, revertFailure]) count += text?.length ?? 0
  return count
}

/** How large a checkpoint is, in characters. */
export function checkpointCharacters({ book, flow, atoms }: Checkpoint): number {
  let count = (book?.meta.length ?? 0) + (flow?.meta.length ?? 0)
  for (const atom of atoms) count += charactersOf(atom)
  return count
}
