/**
 * The types of what an atom needs and gives, worked out by the compiler from its definition.
 *
 * Nothing here exists at run time. Kept in one place, with type tests of its own, because these
 * types are the one exception to our rule of at most two type parameters. Where a definition does
 * not tell, the answer is `object`: not known, left to the check at run time.
 *
 * @module
 */
import type { Provides } from './provides.ts'
import type { StandardSchema } from './schema.ts'

/** Shows an intersection as one object in messages. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** No symbols at all. */
export type Nothing = Record<never, never>

/** Leaves properties out; `object` stays `object`. */
export type Less<T, Keys extends PropertyKey> = keyof T extends never
  ? T
  : { [K in keyof T as Exclude<K, Keys>]: T[K] }

/** A Standard Schema for each input. */
type Schemas = Readonly<Record<string, StandardSchema>>

/** Names of inputs, or a Standard Schema for each. */
export type Requires = readonly string[] | Schemas

/** Any form of `requires`, or its absence. */
export type AnyRequires = Requires | undefined

/** Any form of `provides`, or its absence. */
export type AnyProvides = Provides | undefined

/** Any form of `inject`, or its absence. */
export type AnyInject = Readonly<Record<string, unknown>> | undefined

/** What a parameter without a type gets: inputs of any name, of unknown type. */
export interface Untyped {
  readonly [input: string]: unknown
}

/**
 * Any result, as a bound of what the compiler infers. The empty tuple makes it see a tuple where an
 * array literal is returned, so that `provides: ['id', 'size']` gives each name a type of its own.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function may return nothing
export type AnyResult = [] | NonNullable<unknown> | null | undefined | void

/** As {@link AnyResult}, and the primitives make the compiler keep literals. */
export type AnyValue = AnyResult | string | number | bigint | boolean

/** What a function returns, or resolves with. */
export type ResultOf<Fn> = Fn extends (...args: never[]) => infer Returned
  ? Awaited<Returned>
  : unknown

/** What a function takes first, by argument: nothing if it has no parameter. */
export type InputsOf<Fn> = Fn extends (...args: infer Args) => unknown
  ? Args extends readonly []
    ? Nothing
    : Args extends readonly [(infer First)?, ...unknown[]]
      ? Named<NonNullable<First>>
      : object
  : object

/** The inputs that are known by name; `object` where any name will do. */
type Named<Inputs> = [Inputs] extends [never]
  ? object
  : string extends keyof Inputs
    ? OrUnknown<{ [K in keyof Inputs as string extends K ? never : K]: Inputs[K] }>
    : keyof Inputs extends never
      ? Extract<Inputs, object>
      : Simplify<Inputs>

type OrUnknown<Inputs> = keyof Inputs extends never ? object : Inputs

/** The types of values that schemas take; `unknown` where there are no schemas. */
export type SchemaInputs<Req> = Req extends Schemas
  ? {
      -readonly [K in keyof Req]: Req[K] extends StandardSchema<infer In, unknown> ? In : unknown
    }
  : unknown

/** The types of values that schemas make of them. */
export type SchemaOutputs<Req> = Req extends Schemas
  ? {
      -readonly [K in keyof Req]: Req[K] extends StandardSchema<unknown, infer Out> ? Out : unknown
    }
  : unknown

/** Inputs as annotated, but those that have a schema as the schema takes them. */
type WithSchemas<Inputs, Req> = Req extends Schemas
  ? Together<Less<Inputs, keyof Req>, SchemaInputs<Req>>
  : Inputs

/** What a task made of functions needs: the inputs of execute, and those that only revert has. */
export type TaskNeeds<
  Execute,
  RevertOnly,
  Reserved extends PropertyKey,
  Req,
  Names,
  RevertNames,
  Injected,
> = Together<
  Needed<WithSchemas<InputsOf<Execute>, Req>, Names, Injected>,
  Needed<
    Less<Named<RevertOnly>, Reserved>,
    RevertNames extends undefined ? Names : RevertNames,
    Injected
  >
>

/** What inputs need from outside: by symbol, and less what is injected. */
export type Needed<Inputs, Names = undefined, Injected = undefined> = Less<
  Names extends undefined ? Inputs : Simplify<Renamed<Inputs, Names>>,
  keyof Injected
>

/** Inputs by symbol instead of by argument. A list by position says nothing to the compiler. */
type Renamed<Inputs, Names> =
  Names extends Readonly<Record<string, string>>
    ? string extends keyof Names
      ? object
      : Less<Inputs, keyof Names> & {
          // What is renamed is required, as in TaskFlow.
          [K in keyof Inputs as K extends keyof Names ? Names[K] & string : never]-?: Inputs[K]
        }
    : object

/** Two sets of needs as one; the first tells whether they are known. */
type Together<Needs, More> = keyof More extends never
  ? Needs
  : keyof Needs extends never
    ? More
    : Simplify<Needs & More>

/** What revert gets: all that there is; or what its annotation asks for, with the right types. */
export type Reverted<RevertOnly, Inputs, Extra> = keyof RevertOnly extends never
  ? Inputs & Extra
  : {
      [K in keyof RevertOnly]: K extends keyof Extra
        ? Extra[K]
        : string extends keyof Inputs
          ? RevertOnly[K]
          : K extends keyof Inputs
            ? Required<Inputs>[K]
            : RevertOnly[K]
    }

/** The symbols that a result is known by, with their types. */
export type Provided<P, Result> = [P] extends [string]
  ? string extends P
    ? object
    : { [K in P]: Result }
  : P extends readonly string[]
    ? number extends P['length']
      ? object
      : { [I in Positions<P> as P[I] & string]: OrElse<ElementAt<Result, I>> }
    : P extends { readonly pick: readonly (infer Name extends string)[] }
      ? string extends Name
        ? object
        : { [K in Name]: OrElse<FieldOf<Result, K>> }
      : Nothing

type Positions<P extends readonly string[]> = Exclude<keyof P, keyof (readonly string[])>

/** Distributes over the results that are possible, some of which may lack the element. */
type ElementAt<Result, Index> = Result extends readonly unknown[]
  ? Index extends keyof Result
    ? Result[Index]
    : number extends Result['length']
      ? Result[number]
      : never
  : Result extends string
    ? string
    : never

type FieldOf<Result, Name> = Result extends unknown
  ? Name extends keyof Result
    ? Result[Name]
    : never
  : never

/** What no result has is not known. */
type OrElse<T> = [T] extends [never] ? unknown : T
