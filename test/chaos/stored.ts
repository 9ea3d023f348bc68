/**
 * Reads what a database holds of the flows of the chaos tests.
 *
 * @module
 */
import { type Backend, loadFlowDetail } from '../../src/index.ts'
import { TaskDetail } from '../../src/persistence/atom-detail.ts'
import type { Stored } from './judge.ts'

/** All flows, by uuid. */
export async function readStored(backend: Backend): Promise<ReadonlyMap<string, Stored>> {
  const stored = new Map<string, Stored>()
  let after: string | undefined
  for (;;) {
    const page = await backend.listFlows({ limit: 500, ...(after !== undefined && { after }) })
    for (const { uuid, name, state } of page) {
      const results: Record<string, unknown> = {}
      if (state === 'SUCCESS') {
        for (const atom of await loadFlowDetail(backend, uuid)) {
          if (atom instanceof TaskDetail) results[atom.name] = atom.results
        }
      }
      stored.set(uuid, { name, state, results })
    }
    after = page.at(-1)?.uuid
    if (after === undefined) return stored
  }
}
