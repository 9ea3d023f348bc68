/**
 * What a task requires: a list of names, or a Standard Schema for each name.
 *
 * @module
 */
import { isStandardSchema, type StandardSchema } from './schema.ts'
import type { Requires } from './wiring.ts'

/**
 * Names and schemas of what a task requires.
 *
 * @throws TypeError when it is neither a list of names nor a schema for each name.
 */
export function readRequires(
  label: string,
  requires: Requires | undefined,
): {
  readonly names: readonly string[] | undefined
  readonly schemas: Readonly<Record<string, StandardSchema>> | undefined
} {
  if (requires === undefined || Array.isArray(requires)) {
    return { names: requires as readonly string[] | undefined, schemas: undefined }
  }
  const entries: readonly [string, unknown][] =
    typeof requires === 'object' && requires !== null ? Object.entries(requires) : []
  if (entries.length === 0 || !entries.every(([, schema]) => isStandardSchema(schema))) {
    throw new TypeError(
      `'${label}' requires something without names: write requires: ['size'], or a Standard Schema for each name, requires: { size: z.number() }`,
    )
  }
  return {
    names: entries.map(([name]) => name),
    schemas: requires as Readonly<Record<string, StandardSchema>>,
  }
}
