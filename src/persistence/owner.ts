/**
 * Who holds a flow detail: names for the engines of this process, and whether a process that had
 * such a name is gone.
 *
 * A name says host, process and start of the process, so that a process on the same machine can
 * tell that the holder died, and need not wait until its lease is over. Where that cannot be told
 * (another machine, another container, after a restart of the machine), the lease decides.
 *
 * @module
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'
import { isError } from '../base/realms.ts'
import type { StoredFlowRecord } from './backend.ts'
import { isFree } from './filters.ts'

const HERE = `${hostname().replaceAll('/', '-')}/${namespace()}`
const ME = `${HERE}/${process.pid}/${startOf(process.pid) ?? ''}`
let engineCount = 0

/** A name for one engine, which nobody else has: `host/namespace/pid/start/number`. */
export function newOwner(): string {
  engineCount += 1
  return `${ME}/${threadId}.${engineCount}`
}

/** Names of this process under which nobody works any more, though records may still have them. */
const GIVEN_UP = new Set<string>()

/** Nobody works under a name of this process any more; what it holds could not be given back. */
export function giveUp(owner: string): void {
  GIVEN_UP.add(owner)
}

/** Somebody works under that name again. */
export function goOnAs(owner: string): void {
  GIVEN_UP.delete(owner)
}

/** Whether nobody works on a run any more: nobody holds it, or its holder is known to be gone. */
export function isLeft(record: Pick<StoredFlowRecord, 'owner' | 'leaseUntil'>, at: Date): boolean {
  return isFree(record, at) || isGone(record.owner ?? '')
}

/**
 * True when the process that had this name ran on this machine and is gone, or is this one and has
 * given the name up; else it may live.
 */
export function isGone(owner: string): boolean {
  if (GIVEN_UP.has(owner)) return true
  const parts = owner.split('/')
  const [host, namespace, pid, start] = parts
  if (parts.length !== 5 || `${host}/${namespace}` !== HERE) return false
  if (`${HERE}/${pid}/${start}` === ME) return false
  const now = startOf(Number(pid))
  return now === undefined ? !isRunning(Number(pid)) : now !== start
}

/**
 * True when the holder of something on this machine's own disk is gone: as {@link isGone}, or the
 * machine was started anew since. Of a holder in a database that cannot be said, since two
 * machines may have the same name.
 */
export function isGoneHere(owner: string): boolean {
  const [host, space = ''] = owner.split('/')
  const [ourHost, ourSpace = ''] = HERE.split('/')
  const isEarlierStart = space.includes('.') && space.split('.')[0] !== ourSpace.split('.')[0]
  return isGone(owner) || (host === ourHost && isEarlierStart)
}

/** When a process started, in ticks since the machine did; undefined where that is not told. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the name of the program in brackets, which may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Not allowed to ask: there is one.
    return isError(error) && 'code' in error && error.code === 'EPERM'
  }
}

/** Which processes can be seen from here: those of a container, since this start of the machine. */
function namespace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)
    return `${boot}.${readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')}`
  } catch {
    return process.platform
  }
}
