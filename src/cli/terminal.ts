/**
 * Where the command line reads from and writes to: the process, or what a test puts in its place.
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/** What is written to. */
export interface Output {
  /** True when somebody looks at it. */
  readonly isTTY: boolean
  /** How many characters a line has. */
  readonly columns: number
  /** How many lines are seen at once. */
  readonly rows: number
  /** Writes a text as it is. */
  write(text: string): void
  /** Tells when the size has changed. */
  onResize(listener: () => void): Disposable
}

/** The surroundings of one command. */
export interface Terminal {
  /** What was asked for. */
  readonly out: Output
  /** What is said about it. */
  readonly err: Output
  /** The folder that paths are relative to. */
  readonly cwd: string
  /** The settings of the process. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The present moment. */
  now(): Date
  /** Everything that comes in on standard input. */
  readInput(): string
  /** Tells when somebody wants the command to stop. */
  onInterrupt(listener: () => void): Disposable
  /**
   * Takes what is written to standard output meanwhile, whole lines at a time; and to standard
   * error, where that is the same terminal and it is wanted.
   */
  intercept(take: (text: string) => void, options?: { readonly withErrors: boolean }): Interception
  /** Ends the process at once. */
  exit(code: number): void
}

/** What is written is taken until it is disposed. */
export interface Interception extends Disposable {
  /** Writes to standard output past it. */
  write(text: string): void
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** The terminal of this process. */
export function systemTerminal(): Terminal {
  const [output, errors] = [new Redirection(process.stdout), new Redirection(process.stderr)]
  return {
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    cwd: process.cwd(),
    env: process.env,
    now: () => new Date(),
    readInput: () => readFileSync(0, 'utf8'),
    onInterrupt(listener) {
      for (const signal of SIGNALS) process.on(signal, listener)
      return {
        [Symbol.dispose]: () => {
          for (const signal of SIGNALS) process.off(signal, listener)
        },
      }
    },
    intercept(take, { withErrors } = { withErrors: true }) {
      const taken = new DisposableStack()
      taken.use(output.add(take))
      if (withErrors && process.stderr.isTTY) taken.use(errors.add(take))
      return {
        write: (text) => output.writePast(text),
        [Symbol.dispose]: () => taken.dispose(),
      }
    },
    exit: (code) => process.exit(code),
  }
}

function outputOf(stream: NodeJS.WriteStream): Output {
  // Whoever reads may go away before the end, as `head` does: nothing is left to be said then.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  return {
    get isTTY() {
      return stream.isTTY === true
    },
    get columns() {
      return stream.columns ?? 80
    },
    get rows() {
      return stream.rows ?? 24
    },
    write: (text) => void stream.write(text),
    onResize(listener) {
      stream.on('resize', listener)
      return { [Symbol.dispose]: () => void stream.off('resize', listener) }
    },
  }
}

/** Gives what is written to a stream to the newest of those who want it. */
class Redirection {
  readonly #stream: NodeJS.WriteStream
  readonly #write: typeof process.stdout.write
  readonly #takers: ((text: string) => void)[] = []
  /** The beginning of a line that is not written to its end. */
  #open = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.#write = stream.write.bind(stream)
  }

  /** Writes to the stream, whoever takes what others write. */
  writePast(text: string): void {
    this.#write(text)
  }

  add(take: (text: string) => void): Disposable {
    if (this.#takers.length === 0) this.#install()
    this.#takers.push(take)
    return { [Symbol.dispose]: () => this.#remove(take) }
  }

  #remove(take: (text: string) => void): void {
    const at = this.#takers.indexOf(take)
    if (at < 0) return
    if (this.#takers.length === 1) {
      this.#stream.write = this.#write
      if (this.#open !== '') take(`${this.#open}\n`)
      this.#open = ''
    }
    this.#takers.splice(at, 1)
  }

  #install(): void {
    this.#stream.write = ((chunk: unknown, ...rest: unknown[]): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString()
      const all = this.#open + text
      const end = all.lastIndexOf('\n') + 1
      this.#open = all.slice(end)
      if (end > 0) this.#takers.at(-1)?.(all.slice(0, end))
      const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined
      if (done !== undefined) process.nextTick(done)
      return true
    }) as typeof process.stdout.write
  }
}
