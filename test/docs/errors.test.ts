/**
 * docs/errors.md has a section for each code, with cause and cure.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WrappedFailure } from '../../src/base/failure.ts'

/** Types are gone at run time, so the codes are read from the source. */
const union = /export type FlowErrorCode =((?:\s+\| '[A-Z_]+')+)/.exec(
  readFileSync('src/errors.ts', 'utf8'),
)?.[1]
const codes = [...(union ?? '').matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code)
const sections = new Map(
  readFileSync('docs/errors.md', 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
)

/** The tests, less those that only read pages. */
const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.startsWith('docs'))
  .map((file) => readFileSync(join('test', file), 'utf8'))

describe('docs/errors.md', () => {
  test('has a section for each code, in order, and for no other', () => {
    expect(codes.length).toBeGreaterThan(10)
    expect([...sections.keys()]).toEqual([...codes, new WrappedFailure([]).code].sort())
  })

  test.each([...sections.keys()])('%s names its error, its cause and its cure', (code) => {
    const section = sections.get(code)
    expect(section).toMatch(/^`\w+(?:Error|Failure)`/m)
    expect(section).toMatch(/^\*\*Cause\*\*: /m)
    expect(section).toMatch(/^\*\*Cure\*\*: /m)
  })

  test.each([...sections.keys()])('%s is raised by some test', (code) => {
    const name = /`(\w+(?:Error|Failure))`/.exec(sections.get(code) ?? '')?.[1] ?? ''
    const raised = new RegExp(
      `code: '${code}'|toBeInstanceOf\\(${name}\\)|toThrow\\(${name}\\)|${code}\\b.*reject`,
    )
    expect(tests.some((text) => raised.test(text))).toBe(true)
  })
})
