/**
 * The ready-made retries: TaskFlow's `AlwaysRevert`, `AlwaysRevertAll`, `Times`, `ForEach` and
 * `ParameterizedForEach`. Their methods do not destructure, so that they may require more.
 *
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import { BOOLEAN, checked, count, kindOf, VALUES } from '../base/checks.ts'
import { NotFoundError } from '../errors.ts'
import type { Rebind } from './bindings.ts'
import { type Decision, Retry, type RetryInputs, type RetryOptions } from './retry.ts'
import type { AnyProvides, AnyValue, Needed, Nothing, Provided } from './wiring.ts'

/** What the ready-made retries have in common. */
export interface ControllerOptions<P extends AnyProvides = AnyProvides> extends RetryOptions {
  /** The symbol of the attempt's value. */
  readonly provides?: P
  /** Left out, the retry is called `<flow>_retry` after the flow that takes it. */
  readonly name?: string
}

/** How a retry that counts gives up. */
export interface GivingUpOptions<P extends AnyProvides = AnyProvides> extends ControllerOptions<P> {
  /**
   * Giving up reverts everything, without asking outer retries.
   *
   * @defaultValue `false`: giving up is `REVERT`
   */
  readonly revertAll?: boolean
}

/** The others are checked by what they are handed to. */
const CHECKS = { revertAll: BOOLEAN }

/** @throws TypeError when they are no options. */
function given<Options extends object>(what: string, options: Options): Options {
  VALUES(`the options of ${what}`, options)
  checked(options, CHECKS)
  return options
}

/** Their methods take the history alone, unless somebody wants more. */
function withNames(options: ControllerOptions): ControllerOptions {
  return options.requires === undefined ? { ...options, requires: [] } : options
}

class Always extends Retry<Nothing, never> {
  readonly #decision: Decision

  constructor(decision: Decision, options: ControllerOptions) {
    super(options.name, withNames(options))
    this.#decision = decision
  }

  override execute(): unknown {
    return null
  }

  override onFailure(): Decision {
    return this.#decision
  }
}

/** Tries again within bounds, and then gives up as its options say. */
abstract class Bounded<Needs extends object> extends Retry<Needs, never> {
  override readonly givingUp: 'REVERT' | 'REVERT_ALL'

  constructor(options: GivingUpOptions) {
    super(options.name, withNames(options))
    this.givingUp = options.revertAll === true ? 'REVERT_ALL' : 'REVERT'
  }
}

class Times extends Bounded<Nothing> {
  readonly #attempts: number
  constructor(attempts: number, options: GivingUpOptions) {
    super(options)
    this.#attempts = attempts
  }

  override execute(inputs: RetryInputs): number {
    return inputs.history.length + 1
  }

  override onFailure(inputs: RetryInputs): Decision {
    return inputs.history.length < this.#attempts ? 'RETRY' : this.givingUp
  }
}

class ForEach extends Bounded<Nothing> {
  readonly #values: readonly unknown[]
  constructor(values: readonly unknown[], options: GivingUpOptions) {
    super(options)
    this.#values = values
  }

  override execute(inputs: RetryInputs): unknown {
    return nextOf(this.name, this.#values, inputs.history.provided())
  }

  override onFailure(inputs: RetryInputs): Decision {
    return left(this.#values, inputs.history.provided()).length > 0 ? 'RETRY' : this.givingUp
  }
}

interface ValuesInputs extends RetryInputs {
  readonly values: Iterable<unknown>
}

class ParameterizedForEach extends Bounded<{ values: Iterable<unknown> }> {
  constructor(options: GivingUpOptions) {
    super({ ...options, requires: ['values', ...(options.requires ?? [])] })
  }

  override execute(inputs: ValuesInputs): unknown {
    return nextOf(this.name, [...inputs.values], inputs.history.provided())
  }

  override onFailure(inputs: ValuesInputs): Decision {
    return left([...inputs.values], inputs.history.provided()).length > 0 ? 'RETRY' : this.givingUp
  }
}

/** Never tries again: leaves the decision to the next outer retry, else reverts just its flow. */
export function alwaysRevert<const P extends AnyProvides = undefined>(
  options: ControllerOptions<P> = {},
): Retry<Nothing, Provided<P, null>> {
  return new Always('REVERT', given('alwaysRevert()', options))
}

/** Never tries again: reverts everything. */
export function alwaysRevertAll<const P extends AnyProvides = undefined>(
  options: ControllerOptions<P> = {},
): Retry<Nothing, Provided<P, null>> {
  return new Always('REVERT_ALL', given('alwaysRevertAll()', options))
}

/**
 * Runs its flow up to `attempts` times in all; provides the number of the attempt, from 1.
 *
 * @throws RangeError or TypeError when `attempts` is not a whole number of at least 0; 0 counts as 1.
 */
export function times<const P extends AnyProvides = undefined>(
  attempts: number,
  options: GivingUpOptions<P> = {},
): Retry<Nothing, Provided<P, number>> {
  count(0)('attempts of times()', attempts)
  return new Times(attempts, given('times()', options))
}

/**
 * Runs its flow with one value after the other, until an attempt succeeds; provides the value.
 * A value that stands twice is tried twice. Values are compared deeply.
 */
export function forEach<V extends AnyValue, const P extends AnyProvides = undefined>(
  values: readonly V[],
  options: GivingUpOptions<P> = {},
): Retry<Nothing, Provided<P, V>> {
  kindOf('an array', Array.isArray)('values of forEach()', values)
  return new ForEach([...values], given('forEach()', options))
}

/**
 * As {@link forEach}, with the values taken from the input `values`, which may be rebound.
 *
 * @typeParam V what one value is, which the compiler cannot find out
 */
export function parameterizedForEach<
  V = unknown,
  const P extends AnyProvides = undefined,
  const Names extends Rebind | undefined = undefined,
>(
  options: GivingUpOptions<P> & { readonly rebind?: Names } = {},
): Retry<Needed<{ values: Iterable<V> }, Names>, Provided<P, V>> {
  const read = given('parameterizedForEach()', options)
  return new ParameterizedForEach(read) as Retry as never
}

/** The values less those tried; of equal ones as many go as were tried. */
function left(values: readonly unknown[], tried: readonly unknown[]): readonly unknown[] {
  const rest = [...values]
  for (const value of tried) {
    const index = rest.findIndex((one) => isDeepStrictEqual(one, value))
    if (index >= 0) rest.splice(index, 1)
  }
  return rest
}

function nextOf(name: string, values: readonly unknown[], tried: readonly unknown[]): unknown {
  const rest = left(values, tried)
  if (rest.length === 0) throw new NotFoundError(`retry '${name}' has no value left to try`)
  return rest[0]
}
