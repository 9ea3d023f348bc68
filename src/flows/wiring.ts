/**
 * The types of what a flow needs and gives, added up by the compiler from its children.
 *
 * Nothing here exists at run time. `object` stands for "not known": what is not known is left to
 * the check at run time, and is no error here.
 *
 * A row of children is walked by the names that they give, and types are looked up only where a
 * name is both given and needed. Carrying all types along would make the compiler copy them at
 * each step, which is quadratic in the length of the row.
 *
 * @module
 */

import type { Wired } from '../atoms/atom.ts'
import type { Less, Nothing, Simplify } from '../atoms/wiring.ts'
import type {
  AllOf,
  IsUnknown,
  KnownIn,
  NameOf,
  NamesIn,
  OptionalIn,
  PlaceInRow,
  PositionOf,
  PropertyOf,
} from './places.ts'

/** The symbols that something requires from outside. */
export type NeedsOf<T> =
  T extends Wired<infer Needs, infer _Gives> ? ([Needs] extends [never] ? object : Needs) : object

/** The symbols that something provides. */
export type GivesOf<T> = T extends Wired<never, infer Gives> ? Gives : object

/**
 * What `store` holds for a flow: all that the flow requires, what it would take, and anything else.
 */
export type StoreOf<F> = keyof NeedsOf<F> extends never
  ? object
  : NeedsOf<F> | (NeedsOf<F> & Readonly<Record<string, unknown>>)

/** The option `store`, which may be left out when the flow requires nothing. */
export type StoreOption<F> =
  Nothing extends NeedsOf<F>
    ? { readonly store?: StoreOf<F> | undefined }
    : { readonly store: StoreOf<F> }

/** All that is known by name when the flow has run: what it provided and what was stored for it. */
export type ResultsOf<F> = Results<NeedsOf<F>, GivesOf<F>>

type Results<Needs, Gives> =
  IsUnknown<Gives> extends true
    ? Simplify<Needs & Readonly<Record<string, unknown>>>
    : Simplify<
        Less<Needs, keyof Gives> & {
          [K in keyof Gives]: K extends keyof Needs ? Gives[K] | Needs[K] : Gives[K]
        }
      >

/** What walking along a row of children found out; names and positions, no types. */
interface Walked<Open, Wanted, Row, Errors> {
  readonly open: Open
  readonly wanted: Wanted
  readonly row: Row
  readonly errors: Errors
}

/** Children added to a linear flow: each sees what the retry and those before it give. */
export type Linear<Items extends readonly unknown[], Needs, Gives> = Walk<
  'linear',
  Items,
  Needs,
  Gives,
  NamesIn<Gives>,
  keyof Needs,
  RowNames<Items>
>

/** Children added to an unordered flow: each sees what the retry gives. */
export type Unordered<Items extends readonly unknown[], Needs, FromRetry> = Walk<
  'unordered',
  Items,
  Needs,
  FromRetry,
  NamesIn<FromRetry>,
  keyof Needs,
  RowNames<Items>
>

/** Children added to a graph flow: each sees what any other gives, whichever was added first. */
export type Graph<Items extends readonly unknown[], Needs, Gives> = Walk<
  'graph',
  Items,
  Needs,
  Gives,
  NamesIn<Gives>,
  keyof Needs,
  RowNames<Items>
>

/** The children as a parameter: in place of one that does not fit stands what is wrong with it. */
export type Fitting<Items, Added> = Judged<
  Items,
  Added extends Walked<unknown, unknown, unknown, infer Errors> ? Errors : never
>

/** What a flow needs after children were added to what it needed before. */
export type NeedsAfter<Items extends readonly unknown[], Needs extends object, Added> =
  Added extends Walked<infer Open, infer Wanted, unknown, unknown>
    ? [Wanted, keyof Needs] extends [never, Open]
      ? Needs
      : NeedsFrom<Items, Needs, Required<Needs>, Open, Wanted>
    : object

/** What a flow gives after children were added to what it gave before. */
export type GivesAfter<Items extends readonly unknown[], Gives, Added> =
  Added extends Walked<unknown, unknown, infer Row, unknown>
    ? string extends NamesIn<Gives> | NameOf<Row>
      ? object
      : GivesFrom<Items, Gives, Row, NameOf<Row>>
    : object

/** For each child, the names that it gives. */
type RowNames<Items> = { [I in keyof Items]: NamesIn<GivesOf<Items[I]>> }

/**
 * Walks along the children.
 *
 * @typeParam Before what was given before, by the retry or by earlier children
 * @typeParam Given the names that the next child sees
 * @typeParam Open the names needed before that nobody gives yet
 * @typeParam Left the names that the children give that are left to walk
 * @typeParam Row which child gives which name
 * @typeParam Wanted which child needs which name that nobody gives
 * @typeParam Done as long as the part of the row that lies behind
 */
type Walk<
  Pattern extends 'linear' | 'unordered' | 'graph',
  Items extends readonly unknown[],
  Needs,
  Before,
  Given,
  Open,
  Left,
  Row = never,
  Wanted = never,
  Done extends readonly unknown[] = [],
  Errors = never,
> = Left extends readonly [infer Names, ...infer Rest]
  ? Walk<
      Pattern,
      Items,
      Needs,
      Before,
      Pattern extends 'unordered' ? Given : Given | Names,
      Pattern extends 'graph' ? Exclude<Open, Names> : Open,
      Rest,
      Exclude<Row, readonly [Names, unknown]> | PlaceInRow<Names, Done['length']>,
      | (Pattern extends 'graph' ? Exclude<Wanted, readonly [Names, unknown]> : Wanted)
      | NewlyWanted<Items, Needs, Given, Open, Wanted, Done['length']>,
      [...Done, 0],
      | Errors
      | ErrorAt<
          Done['length'],
          | WrongInput<
              Items,
              Before,
              Given,
              Pattern extends 'unordered' ? never : Row,
              NeedsOf<Items[Done['length']]>
            >
          | WrongNeed<Items, Needs, Given, Open, Wanted, NeedsOf<Items[Done['length']]>>
          | (Pattern extends 'graph'
              ? WrongOutput<Items, Needs, Open, Wanted, GivesOf<Items[Done['length']]>>
              : never)
        >
    >
  : Left extends readonly []
    ? Walked<Open, Wanted, Row, Errors>
    : Walked<
        Pattern extends 'graph' ? never : Open,
        (Pattern extends 'graph' ? never : Wanted) | PlaceInRow<string, -1>,
        Row | PlaceInRow<string, -1>,
        Errors
      >

/** The needs of a child that nobody gives, less those that say nothing new. */
type NewlyWanted<Items extends readonly unknown[], Needs, Given, Open, Wanted, At extends number> =
  | LackedBy<NeedsOf<Items[At]>, Items, Needs, Given, Open, Wanted, At>
  | (IsUnknown<NeedsOf<Items[At]>> extends true ? PlaceInRow<string, At> : never)

type LackedBy<N, Items extends readonly unknown[], Needs, Given, Open, Wanted, At> = {
  [K in keyof N]-?: K extends Given
    ? never
    : K extends Open | NameOf<Wanted>
      ? [TypeWanted<Items, Needs, Open, Wanted, K>] extends [N[K]]
        ? never
        : [TypeWanted<Items, Needs, Open, Wanted, K> & N[K]] extends [never]
          ? never
          : PlaceInRow<K, At>
      : PlaceInRow<K, At>
}[keyof N]

/** The type of a name that is given by the row so far, or else before it. */
type TypeGiven<Items extends readonly unknown[], Before, Row, Name> = [
  PositionOf<Row, Name>,
] extends [never]
  ? PropertyOf<Before, Name>
  : PropertyOf<GivesOf<Items[PositionOf<Row, Name>]>, Name>

/** The type of a name that nobody gives yet: all the types with which it is needed. */
type TypeWanted<Items extends readonly unknown[], Needs, Open, Wanted, Name> = (Name extends Open
  ? PropertyOf<Needs, Name>
  : unknown) &
  AllOf<TypesAt<Items, PositionOf<Wanted, Name>, Name>>

type TypesAt<Items extends readonly unknown[], At, Name> = At extends number
  ? (type: PropertyOf<NeedsOf<Items[At]>, Name>) => void
  : never

/** Inputs of a child that are given with a type that does not fit. */
type WrongInput<Items extends readonly unknown[], Before, Given, Row, N> = {
  [K in keyof N]-?: K extends (string extends Given ? KnownIn<Row> : Given)
    ? Compared<'input', K, TypeGiven<Items, Before, Row, K>, N[K]>
    : never
}[keyof N]

/** Outputs of a child that do not fit those who were added before and wait for them. */
type WrongOutput<Items extends readonly unknown[], Needs, Open, Wanted, G> = {
  [K in keyof G]-?: K extends Open | NameOf<Wanted>
    ? Compared<'output', K, G[K], TypeWanted<Items, Needs, Open, Wanted, K>>
    : never
}[keyof G]

/** Inputs of a child that nobody gives and that were needed before with a type that excludes it. */
type WrongNeed<Items extends readonly unknown[], Needs, Given, Open, Wanted, N> = {
  [K in keyof N]-?: K extends Given
    ? never
    : K extends Open | NameOf<Wanted>
      ? [TypeWanted<Items, Needs, Open, Wanted, K> & N[K]] extends [never]
        ? [
            error: `input '${K & string}' is required with two types`,
            types: { here: N[K]; before: TypeWanted<Items, Needs, Open, Wanted, K> },
          ]
        : never
      : never
}[keyof N]

type Compared<End extends string, Name, Provided, Required> = [Provided] extends [Required]
  ? never
  : [
      error: `${End} '${Name & string}' does not fit`,
      types: { provided: Provided; required: Required },
    ]

/** Errors are kept with the child's index, as the keys of a tuple type are written. */
type ErrorAt<At extends number, Message> = Message extends unknown
  ? readonly [at: `${At}`, message: Message]
  : never

type Judged<Items, Errors> = { [I in keyof Items]: Verdict<Items[I], I, Errors> }

type Verdict<Item, I, Errors> =
  I extends NameOf<Errors> ? MessageOf<Extract<Errors, readonly [I, unknown]>> : Item

type MessageOf<Error> = Error extends readonly [unknown, infer Message] ? Message : never

/** A property, as a type that does not carry the object along that it was read from. */
interface Entry<Name, Type> {
  readonly name: Name
  readonly type: Type
}

/** Made of entries, so that flows put together step by step do not become types within types. */
type FromEntries<Entries> = [Entries] extends [Entry<PropertyKey, unknown>]
  ? { [One in Entries as One['name']]: One['type'] }
  : never

type GivesFrom<Items extends readonly unknown[], Before, Row, Names> = FromEntries<
  | { [K in keyof Before]-?: K extends Names ? never : Entry<K, Before[K]> }[keyof Before]
  | RowEntry<Items, Row>
>

type RowEntry<Items extends readonly unknown[], Row> = Row extends readonly [
  infer Name,
  infer At extends number,
]
  ? Entry<Name, PropertyOf<GivesOf<Items[At]>, Name>>
  : never

/**
 * The needs that are still open, and those of the row; one that is optional to all stays optional.
 *
 * @typeParam Whole the needs that were there, as if none were optional
 */
type NeedsFrom<
  Items extends readonly unknown[],
  Needs,
  Whole,
  Open,
  Wanted,
  Names = Open | KnownIn<Wanted>,
> = [Names] extends [never]
  ? [Wanted] extends [never]
    ? Nothing
    : object
  : Simplify<
      FromEntries<NeedEntry<Items, Needs, Whole, Open, Wanted, Names, false>> &
        Partial<FromEntries<NeedEntry<Items, Needs, Whole, Open, Wanted, Names, true>>>
    >

/** Distributes over the names, of which it takes those that are optional, or those that are not. */
type NeedEntry<
  Items extends readonly unknown[],
  Needs,
  Whole,
  Open,
  Wanted,
  Name,
  Optional,
> = Name extends unknown
  ? IsOptional<Items, Needs, Open, PositionOf<Wanted, Name>, Name> extends Optional
    ? Entry<
        Name,
        (Name extends Open ? PropertyOf<Whole, Name> : unknown) &
          AllOf<WholeTypesAt<Items, PositionOf<Wanted, Name>, Name>>
      >
    : never
  : never

type WholeTypesAt<Items extends readonly unknown[], At, Name> = At extends number
  ? (type: PropertyOf<Required<NeedsOf<Items[At]>>, Name>) => void
  : never

type IsOptional<Items extends readonly unknown[], Needs, Open, At, Name> =
  | (Name extends Open ? OptionalIn<Needs, Name> : true)
  | (At extends number ? OptionalIn<NeedsOf<Items[At]>, Name> : never) extends true
  ? true
  : false
