/**
 * The flow that a command is about: an export of a module, or a definition of the config.
 *
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { Task } from '../atoms/task.ts'
import { didYouMean } from '../base/suggestions.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/load.ts'
import { type FlowDefinition, load, loadFromDetail, loadFromFactory } from '../engine/load.ts'
import { Flow, type FlowItem } from '../flows/flow.ts'
import type { FlowDetail } from '../persistence/flow-detail.ts'
import { readFactory } from '../persistence/flow-meta.ts'
import { type FoundConfig, isDefinition } from './config.ts'
import { usageError } from './exits.ts'
import { importModule } from './modules.ts'
import { distrustOf } from './trust.ts'

/** A flow that can be run. */
export class Target {
  /** What was written to name it. */
  readonly spec: string
  /** True when the config knows it by the name that is stored with its runs. */
  readonly isInConfig: boolean
  readonly #made: FlowItem | FlowDefinition
  readonly #args: readonly unknown[]

  constructor(
    spec: string,
    made: FlowItem | FlowDefinition,
    args: readonly unknown[],
    isInConfig: boolean,
  ) {
    this.spec = spec
    this.isInConfig = isInConfig
    this.#made = made
    this.#args = args
  }

  /** The flow itself, made anew when it comes from a definition. */
  flow(): FlowItem {
    const made = this.#made
    if (!isDefinition(made)) return made
    return checkFlow(made.factory(...(this.#args as never[])), `the factory of '${made.name}'`)
  }

  /** The definition; undefined when the flow itself was exported. */
  get definition(): FlowDefinition | undefined {
    return isDefinition(this.#made) ? this.#made : undefined
  }

  /** An engine that begins a run. */
  load(options: EngineOptions & { readonly store: Readonly<Record<string, unknown>> }): Engine {
    const made = this.#made
    if (isDefinition(made)) return loadFromFactory(made, this.#args as never, options as never)
    return load(made, options as never) as Engine
  }

  /** An engine that goes on with a run. */
  loadAgain(detail: FlowDetail, options: EngineOptions): Engine {
    const made = this.#made
    if (!isDefinition(made))
      return load(made, { ...options, flowDetail: detail } as never) as Engine
    // A run that was not begun by the definition says nothing of how to make its flow.
    if (readFactory(detail.engineMeta)?.name === made.name)
      return loadFromDetail(detail, { ...options, flows: [made] })
    return load(this.flow(), { ...options, flowDetail: detail } as never) as Engine
  }
}

/**
 * Finds a flow.
 *
 * @param spec `module#export`, a module with a default export or a single flow, or the name of a
 * definition of the config
 * @param args what a factory is called with
 * @throws ExitError when there is none.
 */
export async function findTarget(
  spec: string,
  {
    cwd,
    config,
    args = [],
  }: {
    readonly cwd: string
    readonly config: FoundConfig
    readonly args?: readonly unknown[]
  },
): Promise<Target> {
  const known = config.flows.find(({ name }) => name === spec)
  if (known !== undefined) return new Target(spec, known, args, true)
  const hash = spec.lastIndexOf('#')
  const path = hash < 0 ? spec : spec.slice(0, hash)
  const file = fileOf(path, cwd)
  if (file === undefined) throw noModule(spec, path, cwd, config)
  const module = await importModule(file, path)
  const name = hash < 0 ? onlyFlowOf(module, path) : spec.slice(hash + 1)
  if (!Object.hasOwn(module, name)) {
    throw usageError(
      `${path} has no export '${name}'${didYouMean(name, Object.keys(module)) || exportsOf(module)}`,
    )
  }
  const exported = module[name]
  if (args.length > 0 && !isDefinition(exported) && !isFactory(exported)) {
    throw usageError(`${spec} is a flow and takes no --args: export a function that makes it`)
  }
  const made = isFactory(exported) ? await exported(...args) : exported
  const isKnown = isDefinition(made) && config.flows.some((one) => one.name === made.name)
  if (isDefinition(made)) return new Target(spec, made, args, isKnown)
  return new Target(spec, checkFlow(made, spec), [], false)
}

function fileOf(path: string, cwd: string): string | undefined {
  const file = resolve(cwd, path)
  if (path !== '' && existsSync(file)) return file
  if (/^[./]|^$/.test(path)) return undefined
  let found: string
  try {
    found = createRequire(join(cwd, 'package.json')).resolve(path)
  } catch {
    return undefined
  }
  // Packages are looked for in all folders above, as configs are in those of the project.
  const why = isAbsolute(found) ? distrustOf(found) : undefined
  if (why === undefined) return found
  throw usageError(`the module ${found} is not executed: ${why}; if you trust it, name its path`)
}

function noModule(spec: string, path: string, cwd: string, { flows }: FoundConfig): Error {
  const looksLikePath = /[./#]/.test(spec)
  if (!looksLikePath) {
    const names = flows.map(({ name }) => name)
    const known = names.length === 0 ? 'no flows' : `the flows ${names.join(', ')}`
    return usageError(
      `there is no flow '${spec}': the config has ${known}${didYouMean(spec, names)}${names.length === 0 ? '; write module#export, as in ./flows.ts#createVolume' : ''}`,
    )
  }
  const folder = dirname(resolve(cwd, path))
  const files = existsSync(folder) ? readdirSync(folder) : []
  return usageError(`there is no module ${path}${didYouMean(basename(path), files)}`)
}

function onlyFlowOf(module: Readonly<Record<string, unknown>>, path: string): string {
  if (Object.hasOwn(module, 'default')) return 'default'
  const flows = flowsIn(module)
  const [only] = flows
  if (only !== undefined && flows.length === 1) return only
  throw usageError(
    `say which export of ${path} is meant, as in ${path}#${only ?? 'createVolume'}${exportsOf(module)}`,
  )
}

function exportsOf(module: Readonly<Record<string, unknown>>): string {
  const flows = flowsIn(module)
  return flows.length === 0 ? '; it exports no flow' : `; it exports the flows ${flows.join(', ')}`
}

function flowsIn(module: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(module).filter((key) => isFlow(module[key]) || isDefinition(module[key]))
}

function isFactory(value: unknown): value is (...args: readonly unknown[]) => unknown {
  return typeof value === 'function'
}

function isFlow(value: unknown): value is FlowItem {
  return value instanceof Flow || value instanceof Task
}

function checkFlow(value: unknown, spec: string): FlowItem {
  if (isFlow(value)) return value
  const { pattern, execute } = (value ?? {}) as {
    readonly pattern?: unknown
    readonly execute?: unknown
  }
  if (typeof value === 'object' && (typeof pattern === 'string' || typeof execute === 'function')) {
    throw usageError(
      `${spec} was made by another copy of taskflow-ts than this one: run the command that is installed with it, npx taskflow`,
    )
  }
  throw usageError(
    `${spec} is no flow: export a flow, what defineFlow gives, or a function that makes a flow`,
  )
}
