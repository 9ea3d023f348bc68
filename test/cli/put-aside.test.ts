/**
 * What the command line says of a run that was put aside, and how it is released.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defineFlow, linear, loadFlowDetail, loadFromFactory, task } from '../../src/index.ts'
import { flowRecord } from '../../src/persistence/records.ts'
import { sqlite } from '../../src/persistence/sql/sqlite.ts'
import { noteTakeUps } from '../../src/persistence/take-ups.ts'
import { taskflow } from './fake-terminal.ts'

const REASON = "it was taken up 5 times, and each time its process ended while 'b' was RUNNING"

let folder: string
let uuid: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
  await using backend = sqlite(join(folder, 'runs.db'))
  const definition = defineFlow('order', () =>
    linear('order').add(task('a', { execute() {} }), task('b', { execute() {} })),
  )
  const engine = loadFromFactory(definition, [], { backend })
  engine.notifier.register('RUNNING', () => void engine.suspend())
  await engine.run()
  uuid = engine.storage.flowUuid
  const detail = await loadFlowDetail(backend, uuid)
  noteTakeUps(detail, { since: 1, mark: 'm', aside: { takeUps: 5, reason: REASON } })
  const flow = flowRecord(detail, detail.bookUuid ?? '')
  await backend.save({ flowUuid: uuid, book: undefined, flow, atoms: [] })
})
afterEach(() => rmSync(folder, { recursive: true }))

const tf = (...args: readonly string[]) =>
  taskflow([...args, '--backend', `sqlite:${join(folder, 'runs.db')}`], { cwd: folder })

test('a run that was put aside says so, and why', async () => {
  expect((await tf('ls')).out).toMatch(/SUSPENDED .* put aside +order/)
  expect(JSON.parse((await tf('ls', '--json')).out)).toMatchObject({ runs: [{ putAside: true }] })
  expect((await tf('show', uuid)).out).toContain(`aside    ${REASON}`)
  expect(JSON.parse((await tf('show', uuid, '--json')).out)).toMatchObject({
    putAside: { takeUps: 5, reason: REASON },
  })
  const { out } = await tf('why', uuid)
  expect(out).toContain(`It was put aside: ${REASON}`)
  expect(out).toContain(`taskflow resume ${uuid}`)
})

test('a run that was put aside is left alone by resume --all, and reported', async () => {
  const { out, exit } = await tf('resume', '--all')
  expect(out).toContain(`${uuid}  put aside  SUSPENDED`)
  expect(out).toContain(REASON)
  expect(exit).toBe(5)
})
