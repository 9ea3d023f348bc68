/**
 * The pictures of the docs are those that the library draws.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pictures } from '../../examples/plans/pictures.ts'
import { linear, plan, task } from '../../src/index.ts'

const FOLDER = 'docs/images'
const drawn = await pictures()

test('the text in docs/plans.md is what the library writes', () => {
  const parse = task('parse', {
    provides: 'size',
    execute: ({ rawSize }: { rawSize: string }) => Number(rawSize),
  })
  const reserve = task('reserve', {
    execute: ({ size, owner }: { size: number; owner: string }) => `${owner}: ${size}`,
    revert() {},
  })
  const text = plan(linear('create').add(parse, reserve), { store: ['rawSize', 'owner'] }).toText()
  expect(readFileSync('docs/plans.md', 'utf8')).toContain(`\`\`\`text\n${text}\`\`\``)
})

test('each is there, and no other', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(drawn).sort())
})

test.each(Object.entries(drawn))(
  '%s is up to date: npx node examples/plans/main.ts',
  (file, svg) => {
    expect(readFileSync(join(FOLDER, file), 'utf8')).toBe(svg)
  },
)
