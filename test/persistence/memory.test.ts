import { expect, test } from 'vitest'
import { memory } from '../../src/persistence/memory.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'

backendContract({ name: 'memory', open: async () => memory() })

test('memory promises neither to survive nor to be shared', () => {
  expect(memory().supports).toEqual({ durable: false, processes: false })
})
