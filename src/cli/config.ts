/**
 * The settings of a project: which flows it knows how to make, and where its runs are kept.
 *
 * For users, who write `taskflow.config.ts`; Node takes the types out by itself.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { FlowDefinition } from '../engine/load.ts'
import type { Backend } from '../persistence/backend.ts'
import { usageError } from './exits.ts'
import { importModule } from './modules.ts'
import { distrustOf, foldersOfProject } from './trust.ts'

/**
 * What `taskflow.config.ts` exports by default.
 *
 * @example
 * export default { flows: [createVolume], backend: 'sqlite:runs.db' } satisfies TaskflowConfig
 */
export interface TaskflowConfig {
  /** The flows that can be made by their name: what `defineFlow` gives. */
  readonly flows?: readonly FlowDefinition[] | undefined
  /**
   * Where runs are kept: a URL as `--backend` takes it, or a backend, which the command closes.
   *
   * @defaultValue none: `--backend` or the variable `TASKFLOW_BACKEND` says it
   */
  readonly backend?: string | URL | Backend | undefined
  /** Keys whose values are never shown, beside those that sound like secrets. */
  readonly maskedKeys?: readonly string[] | undefined
}

/** A config that was read. */
export interface FoundConfig extends TaskflowConfig {
  /** Its file; undefined when there is none. */
  readonly file: string | undefined
  readonly flows: readonly FlowDefinition[]
}

const NAMES = ['ts', 'mts', 'js', 'mjs'].map((extension) => `taskflow.config.${extension}`)

/**
 * Reads the config of a folder, or of the nearest folder around it that has one, up to the folder of
 * the project.
 *
 * @param file the config to read instead, whoever it belongs to
 * @throws ExitError when it cannot be loaded, is none, or can be changed by another user.
 */
export async function readConfig(cwd: string, file?: string): Promise<FoundConfig> {
  const found = file === undefined ? nearestConfig(cwd) : resolve(cwd, file)
  if (found === undefined) return { file: undefined, flows: [] }
  if (!existsSync(found)) throw usageError(`there is no config ${found}`)
  const why = file === undefined ? distrustOf(found) : undefined
  if (why !== undefined) {
    throw usageError(
      `the config ${found} is not executed: ${why}; if you trust it, name it with --config, or change its owner or permissions`,
    )
  }
  const { default: config } = await importModule(found, found)
  return { ...checkConfig(config, found), file: found }
}

function nearestConfig(cwd: string): string | undefined {
  return foldersOfProject(cwd)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path))
}

const KNOWN = ['flows', 'backend', 'maskedKeys']

function checkConfig(config: unknown, file: string): FoundConfig {
  if (typeof config !== 'object' || config === null) {
    throw usageError(`${file} has no config: write export default { flows: [...] }`)
  }
  const unknown = Object.keys(config).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined) {
    throw usageError(`${file} has the unknown setting '${unknown}'; there are ${KNOWN.join(', ')}`)
  }
  const { flows = [], maskedKeys = [], ...rest } = config as TaskflowConfig
  if (!Array.isArray(maskedKeys) || !maskedKeys.every((key) => typeof key === 'string')) {
    throw usageError(`${file}: maskedKeys must be an array of names`)
  }
  if (!Array.isArray(flows) || !flows.every(isDefinition)) {
    throw usageError(`${file}: flows must be an array of what defineFlow gives`)
  }
  return { ...rest, flows, maskedKeys, file }
}

/** Whether it is what `defineFlow` gives. */
export function isDefinition(value: unknown): value is FlowDefinition {
  const { name, factory } = (value ?? {}) as Partial<Record<'name' | 'factory', unknown>>
  return typeof value === 'object' && typeof name === 'string' && typeof factory === 'function'
}
