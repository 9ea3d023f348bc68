/**
 * A terminal in memory, for commands that are run in the process of the test.
 *
 * @module
 */
import { runCommandLine } from '../../src/cli/program.ts'
import type { Output, Terminal } from '../../src/cli/terminal.ts'

/** How a terminal is made. */
export interface FakeOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  readonly input?: string
  readonly now?: Date
}

/** Keeps what is written. */
export class FakeOutput implements Output {
  readonly isTTY: boolean
  columns: number
  rows: number
  text = ''
  readonly #listeners = new Set<() => void>()

  constructor({ isTTY = false, columns = 80, rows = 24 }: FakeOptions) {
    this.isTTY = isTTY
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    this.text += text
  }

  onResize(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Another size, as when somebody drags the window. */
  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    for (const listener of this.#listeners) listener()
  }
}

/** A terminal in memory. */
export class FakeTerminal implements Terminal {
  readonly out: FakeOutput
  readonly err: FakeOutput
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The codes that somebody wanted to end the process with. */
  readonly exits: number[] = []
  readonly #input: string
  readonly #now: Date | undefined
  readonly #interrupted = new Set<() => void>()
  #takers: ((text: string) => void)[] = []

  constructor(options: FakeOptions = {}) {
    this.out = new FakeOutput(options)
    this.err = new FakeOutput(options)
    this.cwd = options.cwd ?? process.cwd()
    this.env = options.env ?? {}
    this.#input = options.input ?? ''
    this.#now = options.now
  }

  now(): Date {
    return this.#now ?? new Date()
  }

  readInput(): string {
    return this.#input
  }

  onInterrupt(listener: () => void): Disposable {
    this.#interrupted.add(listener)
    return { [Symbol.dispose]: () => void this.#interrupted.delete(listener) }
  }

  /** Ctrl-C. */
  interrupt(): void {
    for (const listener of [...this.#interrupted]) listener()
  }

  intercept(take: (text: string) => void): Disposable & { write(text: string): void } {
    this.#takers.push(take)
    return {
      write: (text) => this.out.write(text),
      [Symbol.dispose]: () => {
        this.#takers = this.#takers.filter((one) => one !== take)
      },
    }
  }

  /** Other code prints a line. */
  printFromElsewhere(text: string): void {
    for (const take of this.#takers) take(text)
  }

  exit(code: number): void {
    this.exits.push(code)
  }
}

/** What a command said, and how it ended. */
export interface Said {
  readonly exit: number
  readonly out: string
  readonly err: string
  /** Standard output as JSON. */
  json(): never
  /** Standard output as one JSON value for each line. */
  events(): readonly Readonly<Record<string, unknown>>[]
}

/** Runs a command in this process. */
export async function taskflow(args: readonly string[], options: FakeOptions = {}): Promise<Said> {
  const terminal = new FakeTerminal(options)
  const exit = await runCommandLine(args, terminal)
  return {
    exit,
    out: terminal.out.text,
    err: terminal.err.text,
    json: () => JSON.parse(terminal.out.text) as never,
    events: () =>
      terminal.out.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
  }
}
