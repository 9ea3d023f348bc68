/**
 * The far end of the thread executor: calls an exported function and answers for it.
 *
 * Runs in a worker thread. Knows no engine.
 *
 * @module
 */
import type { MessagePort } from 'node:worker_threads'
import { callExport } from '../atoms/thread-task.ts'
import { PROGRESS } from '../base/checks.ts'
import { Failure, type FailureRecord } from '../base/failure.ts'

/** What is sent to the thread. */
export interface ThreadRequest {
  readonly module: string
  readonly name: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly idempotencyKey: string
  readonly executeKey: string
  readonly attempt: number
  /** For progress out of the thread, and the wish to stop into it. */
  readonly port: MessagePort
}

/** What the thread answers. */
export type ThreadResponse = { readonly result: unknown } | { readonly failure: FailureRecord }

/** What the thread says before it answers, through the same port, so that it arrives before. */
export interface ThreadProgress {
  readonly fraction: number
  readonly details: Readonly<Record<string, unknown>> | undefined
}

/** Makes a call; called by the pool. Answers through the port: what cannot cross is a failure. */
export async function call(request: ThreadRequest): Promise<void> {
  const { module, name, inputs, idempotencyKey, executeKey, attempt, port } = request
  const abort = new AbortController()
  port.once('message', (reason: unknown) => abort.abort(reason))
  try {
    const result = await callExport(module, name, inputs, {
      idempotencyKey,
      executeKey,
      attempt,
      signal: abort.signal,
      progress: (fraction, details) => {
        PROGRESS('the progress', fraction)
        port.postMessage({ fraction, details })
      },
    })
    port.postMessage({ result } satisfies ThreadResponse)
  } catch (error) {
    port.postMessage({ failure: Failure.from(error).toRecord() } satisfies ThreadResponse)
  } finally {
    port.close()
  }
}
