/**
 * `taskflow doctor`: whether the surroundings are fit to keep and run flows.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { oneLine } from '../../base/printable.ts'
import { inWords } from '../../base/thrown.ts'
import { durationInWords } from '../../inspection/words.ts'
import type { Backend } from '../../persistence/backend.ts'
import type { Examination } from '../../persistence/examination.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode, ExitError, exitOf } from '../exits.ts'
import type { Register } from '../work.ts'

/** One thing that was looked at. */
interface Finding {
  readonly what: string
  readonly verdict: 'good' | 'warning' | 'bad'
  readonly text: string
}

/** The clocks must agree to within a small part of a lease, which is 30 s unless it was changed. */
const MAX_SKEW_MS = 2_000

/** Adds the command. */
export function addDoctor(program: Command, register: Register): void {
  const command = program
    .command('doctor')
    .description('look at the backend: reach, schema, settings, clock, permissions')
    .addHelpText(
      'after',
      `
Ends with exit code 0 when nothing is wrong, warnings aside, and with 3 else.

Example:
  taskflow doctor --backend postgres://me@localhost/volumes`,
    )
  register(command, (context) => doctor(context))
}

async function doctor(context: Context): Promise<ExitCode> {
  const findings: Finding[] = []
  const find = (what: string, verdict: Finding['verdict'], text: string): void => {
    const shown = oneLine(context.masked(text))
    findings.push({ what, verdict, text: shown })
    if (!context.isJson) context.say(lineOf({ what, verdict, text: shown }, context))
  }
  find('node', 'good', process.versions.node)
  try {
    const { file, flows } = await context.config()
    const names = flows.map(({ name }) => name).join(', ') || 'none'
    find('config', 'good', file === undefined ? 'none' : `${file}; flows: ${names}`)
  } catch (error) {
    if (!(error instanceof ExitError)) throw error
    find('config', 'bad', error.message)
  }
  const { backend, url } = await context.closedBackend()
  find('backend', 'good', url ?? 'handed over by the config')
  const beganMs = performance.now()
  try {
    const examination = await backend.examine?.()
    if (examination !== undefined) tellDatabase(examination, find, performance.now() - beganMs)
    else await tellOther(backend, find)
  } catch (error) {
    if (exitOf(error) !== EXIT.backend) throw error
    find('reach', 'bad', inWords(error))
  }
  const isGood = findings.every(({ verdict }) => verdict !== 'bad')
  if (context.isJson) context.answer({ good: isGood, findings })
  return isGood ? EXIT.ok : EXIT.backend
}

function lineOf({ what, verdict, text }: Finding, { paint }: Context): string {
  const states = { good: 'SUCCESS', warning: 'REVERT_FAILURE', bad: 'FAILURE' }
  const words = verdict === 'good' ? '' : `${verdict}: `
  return `${paint.sign(states[verdict])} ${what.padEnd(12)} ${words}${text}`
}

type Find = (what: string, verdict: Finding['verdict'], text: string) => void

function tellDatabase(found: Examination, find: Find, tookMs: number): void {
  const { dialect, version, applied, known, breaking, settings, skewMs, skewErrorMs } = found
  find('reach', 'good', `${dialect} ${version}, answered in ${durationInWords(tookMs)}`)
  const missing = known.filter((id) => !applied.includes(id))
  const steps = applied.length === 0 ? 'no steps' : `steps ${applied.join(', ')}`
  if (breaking.length > 0) {
    find(
      'schema',
      'bad',
      `${steps}: this release cannot live with ${breaking.join(', ')}; update taskflow-ts`,
    )
  } else if (missing.length > 0) {
    find(
      'schema',
      'warning',
      `${steps}, ${missing.join(', ')} missing; the first use makes them, or taskflow migrate`,
    )
  } else find('schema', 'good', steps)
  for (const { name, value, warning } of settings) {
    find(
      'setting',
      warning === undefined ? 'good' : 'warning',
      `${name} = ${value}${warning === undefined ? '' : `: ${warning}`}`,
    )
  }
  if (skewMs !== undefined) {
    const size = Math.abs(skewMs)
    const text = `the server is ${durationInWords(size)} ${skewMs < 0 ? 'behind' : 'ahead'}, to within ${durationInWords(skewErrorMs)}`
    const isFar = size - skewErrorMs > MAX_SKEW_MS
    find(
      'clock',
      isFar ? 'warning' : 'good',
      isFar ? `${text}; leases go by it: set the clocks right` : text,
    )
  }
  if (!found.isWriteTried) find('writing', 'warning', 'not tried, since there are no tables yet')
  else if (found.writeError === undefined)
    find('writing', 'good', 'a row was written and taken back')
  else find('writing', 'bad', String((found.writeError as Error).message ?? found.writeError))
}

/** Where there is no database to ask: writes a book and removes it. */
async function tellOther(backend: Backend, find: Find): Promise<void> {
  const uuid = randomUUID()
  const now = new Date()
  await backend.open()
  find(
    'reach',
    'good',
    `opened; it ${backend.supports.durable ? 'survives' : 'forgets with'} the process`,
  )
  const book = { uuid, name: 'doctor', meta: '{}', createdAt: now, updatedAt: undefined }
  try {
    await backend.save({ flowUuid: '', book, flow: undefined, atoms: [] })
    await backend.removeBook(uuid)
    find('writing', 'good', 'a book was written and removed')
  } catch (error) {
    find('writing', 'bad', inWords(error))
  }
}
