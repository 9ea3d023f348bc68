/**
 * Loaded before a program (`node --import`): counts what the program does to the file system, and
 * kills it at a given step, or writes each step down.
 *
 * `CRASH_AT`: the step, from 1; a write is half done then, anything else not begun.
 * `TRACE`: a file that gets a line for each step.
 *
 * @module
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { relative } from 'node:path'

type AnyFunction = (...args: unknown[]) => unknown

const STEPS = [
  'fdatasync',
  'fsync',
  'ftruncateSync',
  'mkdirSync',
  'renameSync',
  'rmSync',
  'symlinkSync',
  'unlinkSync',
  'writeFileSync',
  'writeSync',
] as const
const PATHS = ['open', 'openSync'] as const

const crashAt = Number(process.env['CRASH_AT'] ?? 0)
const trace = process.env['TRACE']
const root = process.argv[2] ?? ''
const { appendFileSync, writeFileSync, writeSync } = fs
const patched = fs as unknown as Record<string, AnyFunction>
const pathOf = new Map<unknown, string>()
let count = 0

for (const name of STEPS) {
  const original = patched[name] as AnyFunction
  patched[name] = (...args) => {
    if (!isInRoot(args)) return original(...args)
    count += 1
    if (trace !== undefined) {
      const paths = args.slice(0, name === 'renameSync' || name === 'symlinkSync' ? 2 : 1)
      const shown = paths.map((arg) => relative(root, pathOf.get(arg) ?? String(arg)))
      appendFileSync(trace, `${name} ${shown.join(' ')}\n`)
    }
    if (count === crashAt) {
      if (name === 'writeFileSync') writeFileSync(args[0] as string, half(args[1]))
      if (name === 'writeSync') {
        const [file, data, at, length, position] = args as [number, Buffer, number, number, number]
        writeSync(file, data, at, length >> 1, position)
      }
      process.kill(process.pid, 'SIGKILL')
    }
    return original(...args)
  }
}
for (const name of PATHS) {
  const original = patched[name] as AnyFunction
  patched[name] = (...args) => {
    const [path] = args
    const done = args.at(-1)
    if (typeof done !== 'function') {
      const file = original(...args)
      pathOf.set(file, String(path))
      return file
    }
    return original(...args.slice(0, -1), (error: unknown, file: unknown) => {
      pathOf.set(file, String(path))
      done(error, file)
    })
  }
}
syncBuiltinESMExports()

function isInRoot(args: readonly unknown[]): boolean {
  return args.slice(0, 2).some((arg) => (pathOf.get(arg) ?? String(arg)).startsWith(root))
}

function half(text: unknown): string {
  return String(text).slice(0, String(text).length >> 1)
}
