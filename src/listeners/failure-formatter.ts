/**
 * The text about a failure in a log: what came before the atom, with what it took and gave; then the
 * failure with its stack.
 *
 * TaskFlow's `FailureFormatter` (`formatters.py`), with outputs masked too and a bounded length.
 *
 * @module
 */
import type { Failure } from '../base/failure.ts'
import { isInstance } from '../base/realms.ts'
import type { GraphNode } from '../engine/compiler.ts'
import { NotFoundError } from '../errors.ts'
import type { AtomState } from '../states/atom.ts'
import { Disclosure, type DisclosureOptions } from './disclosure.ts'
import type { Watched } from './listener.ts'
import { drawPredecessors, type Predecessor, predecessorsOf } from './predecessors.ts'

/** Writes the text about a failure; {@link FailureFormatter} is one. */
export interface FormatsFailures {
  /**
   * The text that follows the line about the move.
   *
   * @param atom name of the task or retry that failed
   * @param state what it has moved to: FAILURE when execute failed, REVERT_FAILURE when revert did
   */
  format(failure: Failure, atom: string, state: AtomState): string
}

const MAX_PREDECESSORS = 200
/** How many characters of one input or output are shown: there may be many of them. */
const MAX_LENGTH = 1000

/**
 * Writes what came before an atom that failed, and the failure with its stack and causes.
 *
 * What came before is written when execute failed, and not when revert did. TaskFlow asks for the
 * intention EXECUTE instead; here a failure is told after it was dealt with, when the intention of
 * the atom, and that of what came before it, may be REVERT already. At most 200 lines are written
 * about what came before, the nearest of it; each predecessor is described once.
 *
 * @example
 * const brief: FormatsFailures = {
 *   format: (failure, atom, state) =>
 *     failure.check('InvalidInput') ? failure.format() : formatter.format(failure, atom, state),
 * }
 */
export class FailureFormatter implements FormatsFailures {
  readonly #engine: Watched
  readonly #disclosure: Disclosure

  constructor(engine: Watched, options: DisclosureOptions = {}) {
    this.#engine = engine
    this.#disclosure = new Disclosure(options)
  }

  format(failure: Failure, atom: string, state: AtomState): string {
    const node = this.#engine.compilation?.byName.get(atom)
    const tree = node === undefined || state !== 'FAILURE' ? [] : this.#predecessors(node)
    return [...tree, formatFailure(failure)].join('\n')
  }

  #predecessors(node: GraphNode): readonly string[] {
    const { nearest, count, isCut } = predecessorsOf(node, MAX_PREDECESSORS)
    if (count === 0) return []
    const total = `${isCut ? 'The nearest ' : ''}${count} ${count === 1 ? 'predecessor' : 'predecessors'}`
    const lines = drawPredecessors(nearest, (one) => this.#describe(one))
    return [`${total} (most recent first):`, ...lines]
  }

  #describe({ node, isRepeated }: Predecessor): string {
    const { name, kind, predecessors } = node
    const what = `${kind === 'flow' ? 'Flow' : 'Atom'} '${name}'`
    if (isRepeated) return predecessors.length > 0 ? `${what} (shown elsewhere)` : what
    return kind === 'flow' ? what : `${what} { ${this.#attributes(node).join(', ')} }`
  }

  #attributes(node: GraphNode): readonly string[] {
    const { storage } = this.#engine
    const { name } = node
    const attributes = [
      `intention: '${storage.getAtomIntention(name)}'`,
      `state: '${storage.getAtomState(name)}'`,
    ]
    if (this.#disclosure.hides(name)) return attributes
    const limit = { maxLength: MAX_LENGTH }
    const inputs = unlessMissing(() =>
      this.#disclosure.inputs(node, storage.fetchMappedArgs(name), limit),
    )
    if (inputs !== undefined) attributes.push(`requires: ${inputs}`)
    const output = unlessMissing(() =>
      this.#disclosure.output(node, storage.getExecuteResult(name), limit),
    )
    if (output !== undefined) attributes.push(`provides: ${output}`)
    return attributes
  }
}

/** A failure with its stack, the errors inside of it, and its causes. */
export function formatFailure(failure: Failure): string {
  const inside = failure.errors.map((error) => `With ${formatFailure(error)}`)
  const causes = failure.causes.map((cause) => `Caused by ${formatFailure(cause)}`)
  return [failure.format({ traceback: true }), ...inside, ...causes].join('\n')
}

/** What is not there, because the atom did not get so far, is left out of the text. */
function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isInstance(error, NotFoundError)) return undefined
    throw error
  }
}
