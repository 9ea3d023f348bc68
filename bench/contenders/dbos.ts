/**
 * DBOS Transact on PostgreSQL.
 *
 * @module
 */
import { DBOS } from '@dbos-inc/dbos-sdk'
import {
  type Contender,
  check,
  FLOW_COUNT,
  type Order,
  sum,
  timed,
  unknownKind,
  wideResult,
} from '../work.ts'

const linear = DBOS.registerWorkflow(
  async (size: number) => {
    let value = 0
    for (let i = 0; i < size; i += 1) {
      const before = value
      value = await DBOS.runStep(async () => before + 1, { name: `t${i}` })
    }
    return value
  },
  { name: 'linear' },
)

const wide = DBOS.registerWorkflow(
  async (size: number) => {
    const values = await Promise.all(
      Array.from({ length: size }, (_, i) => DBOS.runStep(async () => i, { name: `t${i}` })),
    )
    return DBOS.runStep(async () => sum(values), { name: 'join' })
  },
  { name: 'wide' },
)

/** Makes the contender. */
export async function open(order: Order): Promise<Contender> {
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: order.databaseUrl ?? '',
    logLevel: 'error',
  })
  await DBOS.launch()
  return {
    run: () => run(order),
    [Symbol.asyncDispose]: () => DBOS.shutdown(),
  }
}

async function run({ contender, kind, size }: Order): Promise<number> {
  let result = 0
  if (kind === 'linear') {
    const us = await timed(size, async () => {
      result = await linear(size)
    })
    check(kind, result, size)
    return us
  }
  if (kind === 'wide') {
    const us = await timed(size, async () => {
      result = await wide(size)
    })
    check(kind, result, wideResult(size))
    return us
  }
  if (kind !== 'flows') return unknownKind(contender, kind)
  const length = size / FLOW_COUNT
  const us = await timed(size, async () => {
    result = sum(await Promise.all(Array.from({ length: FLOW_COUNT }, () => linear(length))))
  })
  check(kind, result, FLOW_COUNT * length)
  return us
}
