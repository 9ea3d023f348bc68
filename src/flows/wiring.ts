/**
 * The types of what a flow needs and gives, added up by the compiler from its children.
 *
 * Nothing here exists at run time. `object` stands for "not known", as for tasks made in a loop:
 * what is not known makes no error here and is checked before the flow starts.
 *
 * @module
 */
import type { Wired } from '../atoms/atom.ts'
import type { Nothing, Simplify } from '../atoms/wiring.ts'

/** The symbols that something requires from outside. */
export type NeedsOf<T> =
  T extends Wired<infer Needs, infer _Gives> ? ([Needs] extends [never] ? object : Needs) : object

/** The symbols that something provides. */
export type GivesOf<T> = T extends Wired<never, infer Gives> ? Gives : object

/** True for `object`, which stands for "not known"; false for known symbols, be they none. */
export type IsUnknown<T> = keyof T extends never ? ('' extends T ? false : true) : false

/** A child requires an input that is provided with a type that does not fit. */
export interface Misfit<Input, Provided, Required> {
  /** Name of the input. */
  readonly input: Input
  /** The type that is provided. */
  readonly provided: Provided
  /** The type that is required. */
  readonly required: Required
}

/** The first of the inputs that are provided with a type that does not fit; never, if all fit. */
type MisfitOf<Needs, Gives> = {
  [K in keyof Needs & keyof Gives]: Gives[K] extends Needs[K]
    ? never
    : undefined extends Needs[K]
      ? Gives[K] extends Needs[K] | undefined
        ? never
        : Misfit<K, Gives[K], Needs[K]>
      : Misfit<K, Gives[K], Needs[K]>
}[keyof Needs & keyof Gives]

/** The item itself, or what is wrong with it. */
type Fitting<Item, Needs, Gives> = [MisfitOf<Needs, Gives>] extends [never]
  ? Item
  : MisfitOf<Needs, Gives>

type Without<T, K extends PropertyKey> = keyof T & K extends never
  ? T
  : { [P in keyof T as P extends K ? never : P]: T[P] }

/** What is provided behind another child: the nearest wins. */
type Behind<Gives, More> =
  IsUnknown<More> extends true
    ? object
    : IsUnknown<Gives> extends true
      ? object
      : Without<Gives, keyof More> & More

/** What is required behind what is provided. */
type Lacking<Needs, More, Gives> =
  IsUnknown<Gives> extends true
    ? object
    : IsUnknown<Needs> extends true
      ? object
      : Needs & Without<More, keyof Gives>

/** The items, each of which is replaced by what is wrong with it, for children in a row. */
export type InARow<
  Items extends readonly unknown[],
  Gives,
  Out extends readonly unknown[] = [],
> = number extends Items['length']
  ? Items
  : Items extends readonly [infer Item, ...infer Rest]
    ? InARow<Rest, Behind<Gives, GivesOf<Item>>, [...Out, Fitting<Item, NeedsOf<Item>, Gives>]>
    : Out

/** What a linear flow requires with more children. */
export type NeedsInARow<
  Items extends readonly unknown[],
  Needs,
  Gives,
> = number extends Items['length']
  ? object
  : Items extends readonly [infer Item, ...infer Rest]
    ? NeedsInARow<Rest, Lacking<Needs, NeedsOf<Item>, Gives>, Behind<Gives, GivesOf<Item>>>
    : AsObject<Needs>

/** What a flow provides with more children. */
export type GivesWith<Items extends readonly unknown[], Gives> = number extends Items['length']
  ? object
  : Items extends readonly [infer Item, ...infer Rest]
    ? GivesWith<Rest, Behind<Gives, GivesOf<Item>>>
    : AsObject<Gives>

/** What children require that do not see each other, but perhaps a retry. */
export type NeedsApart<
  Items extends readonly unknown[],
  Needs,
  Seen,
> = number extends Items['length']
  ? object
  : Items extends readonly [infer Item, ...infer Rest]
    ? NeedsApart<Rest, Lacking<Needs, NeedsOf<Item>, Seen>, Seen>
    : AsObject<Needs>

/** The items, each of which is replaced by what is wrong with it, for children that see one thing. */
export type Apart<
  Items extends readonly unknown[],
  Seen,
  Out extends readonly unknown[] = [],
> = number extends Items['length']
  ? Items
  : Items extends readonly [infer Item, ...infer Rest]
    ? Apart<Rest, Seen, [...Out, Fitting<Item, NeedsOf<Item>, Seen>]>
    : Out

/** As {@link Apart}, for children of a graph: all see all, and those added before lack something. */
export type InAGraph<
  Items extends readonly unknown[],
  Seen,
  Lacked,
  Out extends readonly unknown[] = [],
> = number extends Items['length']
  ? Items
  : Items extends readonly [infer Item, ...infer Rest]
    ? InAGraph<
        Rest,
        Seen,
        Lacked,
        [...Out, Fitting<Fitting<Item, Lacked, GivesOf<Item>>, NeedsOf<Item>, Seen>]
      >
    : Out

/** What a graph requires with more children: what none of them provides. */
export type NeedsInAGraph<Items extends readonly unknown[], Needs, Gives> = GraphNeeds<
  NeedsApart<Items, Needs, Nothing>,
  GivesWith<Items, Gives>
>

type GraphNeeds<Needs, Gives> =
  IsUnknown<Gives> extends true
    ? object
    : IsUnknown<Needs> extends true
      ? object
      : AsObject<Without<Needs, keyof Gives>>

type AsObject<T> =
  IsUnknown<T> extends true ? object : Simplify<T> extends object ? Simplify<T> : object

/** The values that must be in the store when a flow starts; more are allowed. */
export type StoreOf<F> =
  IsUnknown<NeedsOf<F>> extends true
    ? Readonly<Record<string, unknown>>
    : NeedsOf<F> & Readonly<Record<string, unknown>>

/** The option `store`, which must be given when the flow requires anything. */
export type StoreOption<F> =
  Nothing extends NeedsOf<F>
    ? { readonly store?: StoreOf<F> | undefined }
    : IsUnknown<NeedsOf<F>> extends true
      ? { readonly store?: StoreOf<F> | undefined }
      : { readonly store: StoreOf<F> }

/** What can be fetched when the flow has run: what it provides, and what it required. */
export type ResultsOf<F> =
  IsUnknown<GivesOf<F>> extends true
    ? Record<string, unknown>
    : IsUnknown<NeedsOf<F>> extends true
      ? Record<string, unknown>
      : AsObject<Behind<NeedsOf<F>, GivesOf<F>>>
