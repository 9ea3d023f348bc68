/**
 * The floor in memory: what one would write by hand with `await` and `Promise.all`.
 *
 * @module
 */
import {
  type Contender,
  check,
  inputsOf,
  type Kind,
  layeredResult,
  mix,
  type Order,
  repetitionsOf,
  sum,
  timed,
  unknownKind,
  wideResult,
  widthOf,
} from '../work.ts'

/** Makes the contender. */
export async function open({ kind, size }: Order): Promise<Contender> {
  const work = workOf(kind, size)
  const repetitions = repetitionsOf(size)
  return {
    run: () =>
      timed(size * repetitions, async () => {
        for (let i = 0; i < repetitions; i += 1) await work()
      }),
    [Symbol.asyncDispose]: async () => {},
  }
}

function workOf(kind: Kind, size: number): () => Promise<void> {
  if (kind === 'linear') return linear(size)
  if (kind === 'wide') return wide(size)
  if (kind === 'layered') return layered(size)
  if (kind === 'revert') return revert(size)
  if (kind === 'retry') return retry(size)
  return unknownKind('plain', kind)
}

function linear(size: number): () => Promise<void> {
  const steps = Array.from({ length: size }, () => async (value: number) => value + 1)
  return async () => {
    let value = 0
    for (const step of steps) value = await step(value)
    check('linear', value, size)
  }
}

function wide(size: number): () => Promise<void> {
  const steps = Array.from({ length: size }, (_, i) => async () => i)
  const join = async (values: readonly number[]): Promise<number> => sum(values)
  const expected = wideResult(size)
  return async () =>
    check('wide', await join(await Promise.all(steps.map((step) => step()))), expected)
}

function layered(size: number): () => Promise<void> {
  const steps = Array.from({ length: size }, (_, i) => {
    const inputs = inputsOf(i, size)
    return {
      inputs,
      execute: async (a?: number, b?: number, c?: number) =>
        a === undefined ? i : mix(a, b as number, c as number),
    }
  })
  const width = widthOf(size)
  const expected = layeredResult(size)
  return async () => {
    const results: number[] = []
    for (let start = 0; start < size; start += width) {
      const layer = steps.slice(start, start + width).map(({ inputs, execute }) => {
        const [a = -1, b = -1, c = -1] = inputs
        return execute(results[a], results[b], results[c])
      })
      results.push(...(await Promise.all(layer)))
    }
    check('layered', sum(results.slice(-width)), expected)
  }
}

function revert(size: number): () => Promise<void> {
  return async () => {
    let held = 0
    const compensations: (() => Promise<void>)[] = []
    try {
      for (let i = 0; i < size; i += 1) {
        const take = async (): Promise<void> => {
          held += 1
        }
        await take()
        compensations.push(async () => {
          held -= 1
        })
      }
      check('what was taken', held, size)
      throw new RangeError('full')
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      for (const undo of compensations.reverse()) await undo()
    }
    check('what is left', held, 0)
  }
}

function retry(size: number): () => Promise<void> {
  return async () => {
    let attempts = 0
    const flaky = async (): Promise<number> => {
      attempts += 1
      if (attempts < size) throw new Error('not yet')
      return attempts
    }
    for (;;) {
      try {
        check('attempts', await flaky(), size)
        return
      } catch (error) {
        if (attempts >= size) throw error
      }
    }
  }
}
