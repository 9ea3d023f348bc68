/**
 * Every TypeScript snippet of the pages compiles, runs to its end, and prints what it says.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { pages, snippetsOf, writeSnippets } from './snippets.ts'

const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'taskflow-ts-docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const snippets = pages().flatMap(snippetsOf)
const files = writeSnippets(folder, snippets)

describe('snippets', () => {
  test('are there', () => {
    expect(snippets.length).toBeGreaterThan(20)
  })

  test('compile', async () => {
    const tsc = execute(resolve('node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'])
    const { stdout } = await tsc.catch((error: { readonly stdout: string }) => error)
    expect(stdout).toBe('')
  })

  test.concurrent.for(snippets)('$place runs and prints what it says', async (snippet) => {
    const file = files.get(snippet) ?? ''
    const { stdout } = await execute(process.execPath, [file], { cwd: dirname(file) })
    expect(stdout.split('\n').slice(0, -1)).toEqual(snippet.prints)
  })
})
