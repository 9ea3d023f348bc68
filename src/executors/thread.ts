/**
 * The far end of the thread executor: calls an exported function and answers for it.
 *
 * Runs in a worker thread. Knows no engine.
 *
 * @module
 */
import type { MessagePort } from 'node:worker_threads'
import { callExport } from '../atoms/thread-task.ts'
import { answerRequest, type CallRequest, failureAnswer } from './request.ts'

/** What is sent to the thread: a request, and the function that does it. */
export interface ThreadMessage {
  readonly request: CallRequest
  /** Address of the module. */
  readonly module: string
  /** Name of the exported function. */
  readonly exported: string
  /** For progress and the answer out of the thread, and the wish to stop into it. */
  readonly port: MessagePort
}

/** Makes a call; called by the pool. Answers through the port: what cannot cross is a failure. */
export async function call({ request, module, exported, port }: ThreadMessage): Promise<void> {
  const abort = new AbortController()
  port.once('message', (reason: unknown) => abort.abort(reason))
  const answer = await answerRequest(
    request,
    (inputs, context) => callExport(module, exported, inputs, context),
    { signal: abort.signal, progress: (progress) => port.postMessage(progress) },
  )
  try {
    port.postMessage(answer)
  } catch (error) {
    port.postMessage(failureAnswer(error))
  } finally {
    port.close()
  }
}
