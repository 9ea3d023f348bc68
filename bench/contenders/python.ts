/**
 * OpenStack TaskFlow, in Python: a process that does the work each time it is told to.
 *
 * @module
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Contender, Order } from '../work.ts'

/** Where Debian's `python3-taskflow` is; the interpreter of a virtual environment may be named. */
export const PYTHON = process.env['TASKFLOW_BENCH_PYTHON'] ?? '/usr/bin/python3'

/** The version of TaskFlow that is installed; undefined when there is none. */
export async function pythonTaskflow(): Promise<string | undefined> {
  const program = 'import importlib.metadata as m, taskflow.engines; print(m.version("taskflow"))'
  try {
    return (await promisify(execFile)(PYTHON, ['-c', program])).stdout.trim()
  } catch {
    return undefined
  }
}

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  const { kind, size } = order
  const child = spawn(
    PYTHON,
    [
      '-W',
      'ignore',
      join(import.meta.dirname, 'python_taskflow.py'),
      kind,
      String(size),
      urlOf(order),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async run() {
      child.stdin.write('run\n')
      const { value, done } = await lines.next()
      if (done === true) throw new Error('Python TaskFlow ended')
      const line = String(value)
      if (!Number.isFinite(Number(line))) throw new Error(line)
      return Number(line)
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

function urlOf({ contender, folder, databaseUrl = '' }: Order): string {
  if (contender === 'python-sqlite') return `sqlite:///${join(folder, 'python.db')}`
  return contender === 'python-postgres' ? databaseUrl.replace(/^postgres:/, 'postgresql:') : ''
}
