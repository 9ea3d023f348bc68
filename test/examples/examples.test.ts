/**
 * Every example runs, and prints what stands beside it; so do the first programs of TaskFlow's
 * introductions.
 *
 * @module
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { ROOT, runProgram } from './program.ts'

vi.setConfig({ testTimeout: 60_000 })

const examples = globSync('examples/[0-9][0-9]-*.ts', { cwd: ROOT }).sort()

test('there are twelve examples', () => {
  expect(examples.length).toBe(12)
})

test.each([...examples, 'test/examples/first-programs.ts'])(
  '%s prints its .out.txt',
  async (file) => {
    const { code, stdout, stderr } = await runProgram(file)
    expect(stderr).toBe('')
    expect(stdout).toBe(readFileSync(join(ROOT, file.replace(/\.ts$/, '.out.txt')), 'utf8'))
    expect(code).toBe(0)
  },
)
