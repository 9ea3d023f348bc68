import { observed } from '../../../src/listeners/telemetry.ts'
import { memory } from '../../../src/persistence/memory.ts'
import { backendContract } from '../../../src/testing/backend-contract.ts'

backendContract({ name: 'observed', open: async () => observed(memory()) })
