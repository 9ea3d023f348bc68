import { afterEach, describe, expect, test } from 'vitest'
import { systemTerminal } from '../../src/cli/terminal.ts'

const { write } = process.stdout
afterEach(() => {
  process.stdout.write = write
})

/** Takes what would be written to standard output. */
function written(): string[] {
  const texts: string[] = []
  process.stdout.write = ((text: string) => {
    texts.push(text)
    return true
  }) as typeof write
  return texts
}

describe('the terminal of the process', () => {
  test('has a size and a way to write, also where it is none', () => {
    const texts = written()
    const { out, err, env, cwd } = systemTerminal()
    out.write('a')
    expect(texts).toEqual(['a'])
    for (const output of [out, err]) {
      expect(output.columns).toBeGreaterThan(0)
      expect(output.rows).toBeGreaterThan(0)
      expect(typeof output.isTTY).toBe('boolean')
    }
    expect([env, cwd]).toEqual([process.env, process.cwd()])
  })

  test('gives whole lines of what others write, and the rest at the end', async () => {
    const texts = written()
    const taken: string[] = []
    const interception = systemTerminal().intercept((text) => taken.push(text), {
      withErrors: false,
    })
    const heard = Promise.withResolvers<void>()
    process.stdout.write('one ')
    process.stdout.write(Buffer.from('line\nand '), () => heard.resolve())
    process.stdout.write('another\nopen')
    interception.write('past it')
    await heard.promise
    expect([taken, texts]).toEqual([['one line\n', 'and another\n'], ['past it']])
    interception[Symbol.dispose]()
    expect(taken.at(-1)).toBe('open\n')
    process.stdout.write('free')
    expect(texts.at(-1)).toBe('free')
  })

  test('gives what others write to the newest of several, and loses none of their own', () => {
    const texts = written()
    const terminal = systemTerminal()
    const [first, second]: [string[], string[]] = [[], []]
    const one = terminal.intercept((text) => first.push(text))
    const two = terminal.intercept((text) => second.push(text))
    process.stdout.write('to the second\n')
    one.write('first past')
    two.write('second past')
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    process.stdout.write('still to the second\n')
    two[Symbol.dispose]()
    process.stdout.write('to nobody')
    expect([first, second]).toEqual([[], ['to the second\n', 'still to the second\n']])
    expect(texts).toEqual(['first past', 'second past', 'to nobody'])
  })

  test('hears of signals and of its size as long as somebody listens', () => {
    const terminal = systemTerminal()
    const heard: string[] = []
    {
      using _interrupts = terminal.onInterrupt(() => heard.push('stop'))
      using _sizes = terminal.out.onResize(() => heard.push('size'))
      process.emit('SIGTERM')
      process.stdout.emit('resize')
    }
    process.stdout.emit('resize')
    expect(heard).toEqual(['stop', 'size'])
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })
})
