/**
 * The types of what an atom needs and gives, worked out by the compiler from its definition.
 *
 * Nothing here exists at run time. Kept in one place, with type tests of its own, because these
 * types are the one exception to our rule of at most two type parameters.
 *
 * @module
 */
import type { Provides } from './provides.ts'
import type { StandardSchema } from './schema.ts'

/** Shows an intersection as one object in messages. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** No symbols at all. */
export type Nothing = Record<never, never>

/** Names of inputs, or a Standard Schema for each. */
export type Requires = readonly string[] | Readonly<Record<string, StandardSchema>>

/** Inputs by symbol instead of by argument. A list by position says nothing to the compiler. */
export type Renamed<Inputs, Names> =
  Names extends Readonly<Record<string, string>>
    ? { [K in keyof Inputs as K extends keyof Names ? never : K]: Inputs[K] } & {
        // What is renamed is required, as in TaskFlow.
        [K in keyof Inputs & keyof Names as Names[K]]: Required<Inputs>[K]
      }
    : Names extends readonly string[]
      ? object
      : Inputs

/** What the inputs need from outside: by symbol, and less what is injected. */
export type Needed<Inputs, Names, Injected> = unknown extends Inputs
  ? Nothing
  : Simplify<Omit<Renamed<Inputs, Names>, keyof Injected>>

/** The symbols that a result is known by, with their types. */
export type Provided<P, Result> = [P] extends [string]
  ? string extends P
    ? object
    : { [K in P]: Result }
  : P extends readonly string[]
    ? number extends P['length']
      ? object
      : {
          [I in Positions<P> as P[I] & string]: I extends keyof Result
            ? Result[I]
            : ElementOf<Result>
        }
    : P extends { readonly pick: readonly (infer Name)[] }
      ? { [K in Name & string]: K extends keyof Result ? Result[K] : unknown }
      : Nothing

type Positions<P extends readonly string[]> = Exclude<keyof P, keyof (readonly string[])>

type ElementOf<Result> = Result extends readonly (infer Element)[] ? Element : unknown

/** The types that schemas check their values to be. */
export type SchemaOutputs<Schemas> = {
  -readonly [K in keyof Schemas]: Schemas[K] extends StandardSchema<infer _Input, infer Output>
    ? Output
    : unknown
}

/** Any form of `provides`, or its absence. */
export type AnyProvides = Provides | undefined
