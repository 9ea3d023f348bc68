/**
 * docs/examples.md shows each example: what it is about, and what it prints. With `-u` everything
 * behind the introduction is printed anew from the files.
 *
 * @module
 */
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const PAGE = 'docs/examples.md'
const files = globSync('examples/[0-9][0-9]-*.ts').sort()

/** What an example says of itself: the comment on top, in one line. */
function summaryOf(file: string): string {
  const [, comment = ''] = /^\/\*\*\n([\s\S]*?)\n \*\n \* @module/.exec(read(file)) ?? []
  return comment.replaceAll(/^ \* ?/gm, '').replaceAll('\n', ' ')
}

function sectionOf(file: string): string {
  const name = file.slice('examples/'.length, -'.ts'.length)
  const output = read(file.replace(/\.ts$/, '.out.txt'))
  return `## ${name}\n\n[${name}.ts](../${file}): ${summaryOf(file)}\n\n\`\`\`text\n${output}\`\`\`\n`
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}

test('the examples are numbered from 01 on, and say in one line what they are about', () => {
  const numbers = files.map((file) => Number(file.slice('examples/'.length).slice(0, 2)))
  expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
  for (const file of files) expect(summaryOf(file)).toMatch(/^[A-Z].{20,150}\.$/)
})

test(`${PAGE} shows each example as it is`, async () => {
  const [introduction = ''] = read(PAGE).split(/^## /m)
  const page = [`${introduction.trimEnd()}\n`, ...files.map(sectionOf)].join('\n')
  await expect(page).toMatchFileSnapshot(`../../${PAGE}`)
})
