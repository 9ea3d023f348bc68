/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that inputs are checked with.
 *
 * zod, valibot, arktype and others implement it; we depend on none of them.
 *
 * @module
 */

/** A schema of any library that implements Standard Schema version 1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** Marks the object as a Standard Schema. */
  readonly '~standard': {
    /** Version of the convention. */
    readonly version: 1
    /** The library it comes from. */
    readonly vendor: string
    /** Checks a value, and may convert it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** Carries the types; never there at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** True for an object that implements Standard Schema version 1. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<StandardSchema>)['~standard']
  return typeof standard === 'object' && typeof standard?.validate === 'function'
}

/** One line per issue, with its place in the value. */
export function formatIssues(issues: readonly SchemaIssue[]): readonly string[] {
  return issues.map(({ message, path = [] }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
    return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
  })
}
