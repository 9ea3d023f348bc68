/**
 * Reads files of cases.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Case } from './case.ts'

const FOLDER = join(import.meta.dirname, 'cases')

/** The files of the cases in the repository. */
export function caseFiles(): readonly string[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'))
  return names.sort().map((name) => join(FOLDER, name))
}

/**
 * The cases in a file.
 *
 * @throws SyntaxError naming the line that is no JSON.
 */
export function readCases(file: string): readonly Case[] {
  const cases: Case[] = []
  for (const [i, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      cases.push(JSON.parse(line) as Case)
    } catch (cause) {
      throw new SyntaxError(`line ${i + 1} of ${basename(file)} is not JSON`, { cause })
    }
  }
  return cases
}
