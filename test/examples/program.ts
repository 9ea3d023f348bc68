/**
 * Runs examples as child processes, as their users do.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The root of the repository, where `npm start` runs. */
export const ROOT = resolve(import.meta.dirname, '../..')

/** The main job. */
export const CREATE_VOLUME = 'examples/create-volume/main.ts'

/** What a process left behind. */
export interface Ended {
  /** Its exit code; undefined when it was killed. */
  readonly code: number | undefined
  /** What killed it. */
  readonly signal: NodeJS.Signals | undefined
  /** What it printed. */
  readonly stdout: string
  /** What it printed about errors. */
  readonly stderr: string
  /** How long it went on after its first line, in milliseconds; 0 when it printed nothing. */
  readonly talkMs: number
}

/** When to send a signal to a process: so long after its start, or after the first line that it prints. */
export interface Kill {
  /** What the delay counts from. */
  readonly from: 'start' | 'first line'
  /** How long to wait, in milliseconds. */
  readonly delayMs: number
  /** What is sent; `SIGKILL` when it is left out. */
  readonly signal?: 'SIGINT' | 'SIGKILL'
}

/** Node need not strip the types of our sources again for each of some hundred processes. */
const COMPILE_CACHE = join(tmpdir(), 'taskflow-ts-compile-cache')

/** Runs a TypeScript file to its end, or sends it a signal on the way. */
export function runProgram(
  file: string,
  args: readonly string[] = [],
  kill?: Kill,
): Promise<Ended> {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: ROOT,
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let firstLineAtMs: number | undefined
  let timer: NodeJS.Timeout | undefined
  const killLater = (): void => {
    timer = setTimeout(() => child.kill(kill?.signal ?? 'SIGKILL'), kill?.delayMs)
  }
  if (kill?.from === 'start') killLater()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (firstLineAtMs !== undefined) return
    firstLineAtMs = performance.now()
    if (kill?.from === 'first line') killLater()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const talkMs = firstLineAtMs === undefined ? 0 : performance.now() - firstLineAtMs
      resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr, talkMs })
    })
  })
}
