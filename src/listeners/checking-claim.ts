/**
 * Stops an engine that runs a job which somebody else has claimed meanwhile.
 *
 * TaskFlow's `CheckingClaimListener`, for conductors. Knows no job and no board, only something
 * that says whether the claim holds.
 *
 * @module
 */
import { shown } from '../base/checks.ts'
import { awaitable } from '../base/thenable.ts'
import type { FlowMoved, TaskMoved } from '../engine/events.ts'
import type { TaskState } from '../states/atom.ts'
import type { FlowState } from '../states/flow.ts'
import { Listener, type Watched } from './listener.ts'

/** A claim of one owner on one job, as far as it can be checked. */
export interface JobClaim {
  /**
   * True as long as the job is claimed, by this owner; false when nobody has claimed it, somebody
   * else has, or it is gone. An answer given at once keeps the next atom from starting; a promise
   * does so as soon as it is fulfilled.
   */
  isClaimed(): boolean | PromiseLike<boolean>
}

/** What is known of a claim that was lost. */
export interface ClaimLoss {
  /** The engine that must stop. */
  readonly engine: Watched
  /** The state whose entry caused the check. */
  readonly state: FlowState | TaskState
  /** What was told of that move. */
  readonly details: FlowMoved | TaskMoved
  /** Why the claim could not be checked; undefined when it was, and is lost. */
  readonly cause: unknown
}

/** A move that causes a check. */
type Move = Pick<ClaimLoss, 'state' | 'details'>

/** What {@link CheckingClaimListener} does. Every option may be left out. */
export interface CheckingClaimOptions {
  /**
   * Called once, when the claim is found lost.
   *
   * @defaultValue suspends the engine
   */
  readonly onLoss?: ((loss: ClaimLoss) => unknown) | undefined
}

/**
 * Checks a claim whenever the flow or one of its tasks has entered a state; when it is lost, calls
 * back, which by default suspends the engine: what is under way is finished, nothing new starts.
 *
 * A check that throws or rejects counts as a loss, since whoever cannot see the claim must not go
 * on. One check is under way at a time; moves that come meanwhile cause one more. After a loss
 * nothing is checked until the listener is deregistered and registered anew. A task under way
 * causes no checks, and nothing here keeps an engine from writing between the loss and the check.
 *
 * @example
 * using _claim = new CheckingClaimListener(engine, { isClaimed: async () => (await findOwner()) === me })
 */
export class CheckingClaimListener extends Listener {
  readonly #claim: JobClaim
  readonly #onLoss: (loss: ClaimLoss) => unknown
  /** The move that the check under way was made for; undefined when there is none. */
  #checking: Move | undefined
  /** The newest move that came while a check was under way. */
  #next: Move | undefined
  #isLost = false

  /** @throws TypeError when the claim has no `isClaimed`, or `onLoss` is not a function. */
  constructor(engine: Watched, claim: JobClaim, options: CheckingClaimOptions = {}) {
    const { onLoss = suspend } = options
    if (typeof (claim as Partial<JobClaim> | null | undefined)?.isClaimed !== 'function') {
      throw new TypeError('a CheckingClaimListener needs a claim with a method isClaimed()')
    }
    if (typeof onLoss !== 'function') {
      throw new TypeError(`onLoss must be a function, got ${shown(onLoss)}`)
    }
    super(engine, { retryStates: [] })
    this.#claim = claim
    this.#onLoss = onLoss
  }

  /** Stops listening; the answer to a check under way is not heard. */
  override deregister(): void {
    super.deregister()
    this.#checking = undefined
    this.#next = undefined
    this.#isLost = false
  }

  protected override flowMoved(state: FlowState, details: FlowMoved): unknown {
    return this.#check({ state, details })
  }

  protected override taskMoved(state: TaskState, details: TaskMoved): unknown {
    return this.#check({ state, details })
  }

  #check(move: Move): unknown {
    if (this.#isLost) return undefined
    if (this.#checking !== undefined) {
      this.#next = move
      return undefined
    }
    let answer: unknown
    try {
      answer = this.#claim.isClaimed()
    } catch (cause) {
      return this.#lose(move, cause)
    }
    const pending = awaitable(answer)
    if (pending === undefined) return answer === true ? undefined : this.#lose(move, undefined)
    this.#checking = move
    return pending.then(
      (isClaimed) => this.#hear(move, isClaimed === true, undefined),
      (cause: unknown) => this.#hear(move, false, cause),
    )
  }

  #hear(move: Move, isClaimed: boolean, cause: unknown): unknown {
    if (this.#checking !== move) return undefined
    const next = this.#next
    this.#checking = undefined
    this.#next = undefined
    if (!isClaimed) return this.#lose(move, cause)
    return next === undefined ? undefined : this.#check(next)
  }

  #lose(move: Move, cause: unknown): unknown {
    this.#isLost = true
    return this.#onLoss({ ...move, engine: this.engine, cause })
  }
}

function suspend({ engine }: ClaimLoss): void {
  engine.suspend().catch(() => {}) // whoever runs the flow hears of it
}
