/**
 * Names and places of symbols in a row of children, as types: what the wiring of flows counts with.
 *
 * @module
 */

/** True for `object`, which stands for "not known"; false for known symbols, be they none. */
export type IsUnknown<T> = keyof T extends never ? ('' extends T ? false : true) : false

/** The names of symbols; `string` where they are not known. */
export type NamesIn<T> = IsUnknown<T> extends true ? string : keyof T

/** That a name is given, or wanted, by the child at a position of the row. */
export type PlaceInRow<Name, At> = Name extends unknown ? readonly [name: Name, at: At] : never

/** The names among places. */
export type NameOf<Places> = Places extends readonly [infer Name, unknown] ? Name : never

/** The names among places that are known. */
export type KnownIn<Places> = Places extends readonly [infer Name, unknown]
  ? string extends Name
    ? never
    : Name
  : never

/** Where in the row a name stands. */
export type PositionOf<Places, Name> = Position<Extract<Places, readonly [Name, unknown]>>

type Position<Found> = Found extends readonly [unknown, infer At extends number] ? At : never

/** What all functions of a union can be called with: the intersection of what each takes. */
export type AllOf<Takers> = [Takers] extends [never]
  ? unknown
  : [Takers] extends [(type: infer Type) => void]
    ? Type
    : never

/** The type of a symbol; `unknown` where there is none of that name. */
export type PropertyOf<T, Name> = Name extends keyof T ? T[Name] : unknown

/** Whether a symbol may be left out, or is not there. */
export type OptionalIn<T, Name> = T extends { [K in Name & PropertyKey]: unknown } ? false : true
