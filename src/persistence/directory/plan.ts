/**
 * What a commit changes: checkpoints and removals as changes of files, checked before any of them.
 *
 * For the directory backend. What one checkpoint of a commit changes, the next one sees.
 *
 * @module
 */
import { join } from 'node:path'
import { NotFoundError, StorageError } from '../../errors.ts'
import type { AtomPayload, AtomRecord, Checkpoint } from '../backend.ts'
import { heldAfter, UNCLAIMED } from '../fencing.ts'
import type { Change } from './changes.ts'
import {
  FOLDERS,
  HOLDING,
  isName,
  linkOf,
  METADATA,
  nameOf,
  ORDER,
  pathOf,
  targetOf,
} from './names.ts'
import { atomIn, atomText, besideText, bookText, flowText } from './objects.ts'
import { type Disk, type DiskView, FolderTree } from './tree.ts'

const NO_PAYLOAD: AtomPayload = {
  results: null,
  failure: null,
  revertResults: null,
  revertFailure: null,
}

/** Gathers the changes of one commit. */
export class CommitPlan implements DiskView {
  readonly #disk: Disk
  readonly #tree: FolderTree
  /** By path, in lower case. */
  readonly #changes = new Map<string, Change>()

  constructor(disk: Disk) {
    this.#disk = disk
    this.#tree = new FolderTree(disk, this)
  }

  /** What is planned so far. */
  changes(): readonly Change[] {
    return [...this.#changes.values()]
  }

  text(path: string): string | undefined {
    const change = this.#planned(path)
    return change === undefined
      ? this.#disk.text(path)
      : change[0] === 'file'
        ? change[2]
        : undefined
  }

  hasLink(path: string): boolean {
    const change = this.#planned(path)
    return change === undefined ? this.#disk.hasLink(path) : change[0] === 'link'
  }

  /**
   * Adds a checkpoint.
   *
   * @throws {@link NotFoundError}, {@link StaleWriteError} or {@link StorageError} as a save does;
   * the plan is of no use then.
   */
  save({ flowUuid, book, flow, atoms, fence }: Checkpoint, now: Date): void {
    if (book !== undefined) {
      this.#tree.hasBook(book.uuid) // refuses one that differs in upper and lower case
      this.#add(['file', join(pathOf('logbooks', book.uuid), METADATA), bookText(book, now)])
    }
    if (flow !== undefined && !this.#tree.hasBook(flow.bookUuid)) {
      throw new NotFoundError(
        `there is no book '${flow.bookUuid}' for flow detail '${flow.uuid}'; save the book with it`,
      )
    }
    if (flow === undefined && atoms.length === 0 && fence === undefined) return
    const stored = this.#tree.flow(flowUuid)
    if (flow === undefined && stored === undefined) {
      throw new NotFoundError(
        `there is no flow detail '${flowUuid}' for its atoms; save the flow detail with them`,
      )
    }
    const held = heldAfter(stored ?? UNCLAIMED, fence, flowUuid)
    const folder = pathOf('flowdetails', flowUuid)
    const bookUuid = flow?.bookUuid ?? stored?.bookUuid ?? ''
    if (flow !== undefined) {
      const updatedAt = stored === undefined ? undefined : now
      this.#add(['file', join(folder, METADATA), flowText(flow, updatedAt)])
      if (stored !== undefined && stored.bookUuid !== bookUuid) {
        this.#add(['remove', linkOf('logbooks', stored.bookUuid, flowUuid)])
      }
      if (!this.#tree.holds('logbooks', bookUuid, flowUuid)) {
        const link = linkOf('logbooks', bookUuid, flowUuid)
        this.#add(['link', link, targetOf('flowdetails', flowUuid)])
      }
    }
    if (held !== stored || bookUuid !== stored.bookUuid) {
      const createdAt = stored === undefined ? now : stored.createdAt
      const { owner, epoch, leaseUntil } = held
      const text = besideText({ bookUuid, createdAt, owner, epoch, leaseUntil })
      this.#add(['file', join(folder, HOLDING), text])
    }
    this.#saveAtoms(flowUuid, atoms, now)
  }

  /** Adds the removal of a flow detail and its atoms. */
  removeFlow(uuid: string, bookUuid: string | undefined): void {
    for (const atom of this.#held(pathOf('flowdetails', uuid))) {
      this.#add(['remove', join(FOLDERS.atomdetails, atom)])
    }
    this.#add(['remove', pathOf('flowdetails', uuid)])
    if (bookUuid !== undefined) this.#add(['remove', linkOf('logbooks', bookUuid, uuid)])
  }

  /** Adds the removal of a book with its flow details and their atoms. */
  removeBook(uuid: string): void {
    const folder = pathOf('logbooks', uuid)
    for (const flow of this.#held(folder)) {
      for (const atom of this.#held(join(FOLDERS.flowdetails, flow))) {
        this.#add(['remove', join(FOLDERS.atomdetails, atom)])
      }
      this.#add(['remove', join(FOLDERS.flowdetails, flow)])
    }
    this.#add(['remove', folder])
  }

  /** What an object holds. A link whose name no uuid has leads to nothing of ours. */
  #held(folder: string): readonly string[] {
    return this.#disk.links(folder).filter(isName)
  }

  #saveAtoms(flowUuid: string, atoms: readonly AtomRecord[], now: Date): void {
    const added: string[] = []
    for (const atom of atoms) {
      const { uuid, name } = atom
      const stored = this.#tree.atomText(uuid)
      const isHeld = this.#tree.holds('flowdetails', flowUuid, uuid)
      if (stored !== undefined && !isHeld) {
        throw new StorageError(
          `atom '${name}' (${uuid}) of flow detail '${flowUuid}' is stored with another flow detail; nothing was written`,
        )
      }
      const payload =
        atom.payload ?? (stored === undefined ? NO_PAYLOAD : atomIn(nameOf(uuid), stored).payload)
      this.#add(['file', join(pathOf('atomdetails', uuid), METADATA), atomText(atom, payload, now)])
      if (isHeld) continue
      this.#add(['link', linkOf('flowdetails', flowUuid, uuid), targetOf('atomdetails', uuid)])
      added.push(uuid)
    }
    if (added.length === 0) return
    const order = JSON.stringify([...this.#tree.order(flowUuid), ...added])
    this.#add(['file', join(pathOf('flowdetails', flowUuid), ORDER), order])
  }

  #planned(path: string): Change | undefined {
    return this.#refuseTwin(path, this.#changes.get(path.toLowerCase()))
  }

  #add(change: Change): void {
    const [, path] = change
    this.#planned(path)
    this.#changes.set(path.toLowerCase(), change)
  }

  /** Some file systems would write both to the same file. */
  #refuseTwin(path: string, change: Change | undefined): Change | undefined {
    if (change === undefined || change[1] === path) return change
    throw new StorageError(
      `${change[1]} and ${path} differ in upper and lower case only, and cannot be written at once; give one another uuid`,
    )
  }
}
