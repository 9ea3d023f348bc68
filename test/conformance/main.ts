/**
 * The command line of the conformance runner.
 *
 * `npm run conformance -- FILE.jsonl… --out results.jsonl` writes what was observed, one line per
 * case and engine kind, for check.py of the corpus to judge. Without `--out` it judges itself;
 * without files it runs the cases in the repository. `npm run conformance -- --help` lists more.
 *
 * @module
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Case, EngineKind } from './case.ts'
import { caseFiles, readCases } from './cases.ts'
import { type BackendKind, type Configuration, openPlace } from './configuration.ts'
import { judge, observe } from './judge.ts'
import type { Pace } from './script.ts'
import { Tally } from './tally.ts'

const USAGE = `npm run conformance -- [FILE.jsonl…] [options]

  --out FILE                  write what was observed, and judge nothing
  --backend memory|sqlite     where the records are kept (memory)
  --engine serial|parallel    only on this engine
  --commit move|tick          how much is one transaction in scripts with crashes (move)
  --pace synchronous|prompt|slow  how scripted methods answer (synchronous)
  --id ID                     only this case, with its outcome
  --show N                    how many failing cases are shown (20)
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    backend: { type: 'string', default: 'memory' },
    engine: { type: 'string' },
    commit: { type: 'string', default: 'move' },
    pace: { type: 'string', default: 'synchronous' },
    id: { type: 'string' },
    show: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
})

/** @throws RangeError when a word is not one of those allowed. */
function oneOf<W extends string>(option: string, word: string, words: readonly W[]): W {
  const found = words.find((one) => one === word)
  if (found !== undefined) return found
  throw new RangeError(`--${option} is one of ${words.join(', ')}, not '${word}'`)
}

function* selectedRuns(): Generator<readonly [Case, EngineKind]> {
  for (const file of positionals.length > 0 ? positionals : caseFiles()) {
    for (const item of readCases(file)) {
      if (values.id !== undefined && item.id !== values.id) continue
      for (const engine of item.engine.kinds) {
        if (values.engine === undefined || values.engine === engine) yield [item, engine]
      }
    }
  }
}

async function main(): Promise<number> {
  await using place = await openPlace(
    oneOf<BackendKind>('backend', values.backend, ['memory', 'sqlite']),
  )
  const configuration: Omit<Configuration, 'engine'> = {
    place,
    pace: oneOf<Pace>('pace', values.pace, ['synchronous', 'prompt', 'slow']),
    commitWithCrashes: oneOf('commit', values.commit, ['move', 'tick']),
  }
  const out = values.out === undefined ? undefined : openSync(values.out, 'w')
  const tally = new Tally(Number(values.show))
  for (const [item, engine] of selectedRuns()) {
    const observed = await observe(item, { ...configuration, engine })
    if (out === undefined) tally.add(item, engine, judge(item, observed, configuration))
    else writeSync(out, `${JSON.stringify({ id: item.id, engine, outcome: observed })}\n`)
    if (values.id !== undefined) process.stdout.write(`${JSON.stringify(observed, null, 1)}\n`)
  }
  if (out !== undefined) {
    closeSync(out)
    return 0
  }
  process.stdout.write(tally.report())
  return tally.failedCount === 0 ? 0 : 1
}

if (values.help) process.stdout.write(USAGE)
else process.exitCode = await main()
