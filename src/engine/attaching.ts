/**
 * Finds the records of the atoms of a compiled flow, and makes those that are missing.
 *
 * For the storage of an engine. Nothing is written here.
 *
 * @module
 */
import { DuplicateError } from '../errors.ts'
import { type AtomDetail, RetryDetail, TaskDetail } from '../persistence/atom-detail.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { INJECTOR_NAME } from '../persistence/records.ts'
import type { Compilation } from './compiler.ts'
import { isGoingBack } from './course.ts'
import { recordsOf } from './differences.ts'
import type { Writer } from './writer.ts'

/**
 * The records by position of their nodes. An atom that is new in a run on its way back goes back too.
 *
 * @throws {@link DuplicateError} when an atom has the name that is kept for values put in.
 */
export function attachRecords(
  compilation: Compilation,
  flowDetail: FlowDetail,
  writer: Writer,
): readonly (AtomDetail | undefined)[] {
  const isBack = isGoingBack(compilation, flowDetail, recordsOf(compilation, flowDetail))
  return compilation.nodes.map(({ atom, name }) => {
    if (atom === undefined) return undefined
    if (name === INJECTOR_NAME) {
      throw new DuplicateError(`an atom cannot be called '${INJECTOR_NAME}'`, [INJECTOR_NAME])
    }
    const known = flowDetail.find(name)
    if (known !== undefined) return known
    const made = atom.kind === 'task' ? new TaskDetail(name) : new RetryDetail(name)
    made.version = atom.version
    if (isBack) made.intention = 'REVERT'
    flowDetail.add(made)
    writer.touch(made, 'payload')
    return made
  })
}
