/**
 * A plan as text for a terminal: the tree of flows with levels and wiring, then what is worth
 * knowing.
 *
 * @module
 */
import { count } from '../base/checks.ts'
import { columnsOf, inOneLine, wrap } from './characters.ts'
import { deciderLabel } from './labels.ts'
import { formatMs, type Mark, type Marks, marksOf, type PlanRunOptions } from './marks.ts'
import type {
  InputSource,
  PlanData,
  PlannedAtom,
  PlannedDecider,
  PlannedFlow,
  PlannedInput,
} from './model.ts'

/** How a plan is written as text. */
export interface TextOptions extends PlanRunOptions {
  /**
   * How many columns a line may have, from 40.
   *
   * @defaultValue `80`
   */
  readonly width?: number | undefined
}

const LEVEL_COLUMNS = 7
const SUMMARY_INDENT = ' '.repeat(15)

/** What stands left of a child and of what belongs to it. */
interface Rails {
  readonly first: string
  readonly rest: string
}

/**
 * Writes a plan as text.
 *
 * @throws RangeError or TypeError when the width is not a whole number of at least 40.
 */
export function toText(plan: PlanData, options: TextOptions): string {
  const { width = 80 } = options
  count(40)('width', width)
  return new TextWriter(plan, marksOf(options), width).write()
}

class TextWriter {
  readonly #plan: PlanData
  readonly #marks: Marks | undefined
  readonly #width: number
  readonly #lines: string[] = []
  readonly #atoms: ReadonlyMap<string, PlannedAtom>

  constructor(plan: PlanData, marks: Marks | undefined, width: number) {
    this.#plan = plan
    this.#marks = marks
    this.#width = width
    this.#atoms = new Map(plan.atoms.map((atom) => [atom.name, atom]))
  }

  write(): string {
    const { root } = this.#plan
    if (root.kind === 'task') this.#writeAtom(root.name, { first: '', rest: '' })
    else this.#writeTree(root)
    this.#lines.push('')
    this.#writeSummary()
    return `${this.#lines.map((line) => line.trimEnd()).join('\n')}\n`
  }

  /** Without recursion, so that no flow is too deep. */
  #writeTree(root: PlannedFlow): void {
    this.#writeFlow(root, { first: '', rest: '' }, undefined)
    const stack = [{ flow: root, rest: '', next: 0 }]
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const { flow, rest, next } = frame
      const child = flow.children[next]
      if (child === undefined) {
        stack.pop()
        continue
      }
      frame.next += 1
      const rails = this.#railsBelow(rest, frame.next === flow.children.length)
      const after = flow.pattern === 'graph' ? linksTo(flow, next) : undefined
      if (child.kind === 'task') this.#writeAtom(child.name, rails, after)
      else {
        this.#writeFlow(child, rails, after)
        stack.push({ flow: child, rest: rails.rest, next: 0 })
      }
    }
  }

  /** Rails that would take more than half of the width are cut off on the left. */
  #railsBelow(rest: string, isLast: boolean): Rails {
    const kept = columnsOf(rest) > this.#width / 2 - LEVEL_COLUMNS ? `…${rest.slice(4)}` : rest
    return { first: `${kept}${isLast ? '└─ ' : '├─ '}`, rest: `${kept}${isLast ? '   ' : '│  '}` }
  }

  #put(level: number | undefined, text: string, rails: Rails, hang = ''): void {
    const margin = level === undefined ? '' : String(level)
    const first = `${margin.padStart(LEVEL_COLUMNS - 2)}  ${rails.first}`
    const rest = `${' '.repeat(LEVEL_COLUMNS)}${rails.rest}${hang}`
    this.#lines.push(...wrap(text, first, rest, this.#width))
  }

  #writeFlow(flow: PlannedFlow, rails: Rails, after: readonly Before[] | undefined): void {
    const state = flow.depth === 0 ? this.#marks?.state : undefined
    const title = `${inOneLine(flow.name)} (${inOneLine(flow.pattern)})${state ? ` ${state}` : ''}`
    this.#put(undefined, flow.children.length === 0 ? `${title}, empty` : title, rails)
    // What belongs to the flow stands on the rail of its children.
    const rail = flow.children.length === 0 ? '   ' : '│  '
    const own = { first: rails.rest + rail, rest: rails.rest + rail }
    this.#writeOrder(after, own)
    if (flow.retry === undefined) return
    const first = `${rails.rest}${flow.children.length === 0 ? '└─ ' : '├─ '}`
    this.#writeAtom(flow.retry, { first, rest: own.rest })
  }

  #writeAtom(name: string, rails: Rails, after?: readonly Before[]): void {
    const atom = this.#atoms.get(name) as PlannedAtom
    const mark = this.#marks?.of(name)
    this.#put(atom.level, this.#headOf(atom, mark), rails, '  ')
    const below = { first: `${rails.rest}  `, rest: `${rails.rest}  ` }
    if (mark?.failure !== undefined) this.#put(undefined, mark.failure, below, '  ')
    this.#writeOrder(after, below)
    for (const line of wiringOf(atom)) this.#put(undefined, line, below, '  ')
    if (atom.provides.length > 0) {
      this.#put(undefined, `→ ${atom.provides.map(inOneLine).join(', ')}`, below, '  ')
    }
  }

  #headOf({ name, kind, hasRevert, isCritical }: PlannedAtom, mark: Mark | undefined): string {
    const words = [inOneLine(name)]
    if (mark !== undefined) words.unshift(mark.glyph)
    if (kind === 'retry') words.push('(retry)')
    if (kind === 'task' && !hasRevert) words.push('(no revert)')
    if (isCritical && this.#isCriticalTelling()) words.push('*')
    if (mark !== undefined) words.push(mark.words)
    return words.join(' ')
  }

  /** Whether it says anything that an atom is on the critical path. */
  #isCriticalTelling(): boolean {
    const { criticalPath, atoms } = this.#plan
    return criticalPath.atoms.length < atoms.length
  }

  #writeOrder(after: readonly Before[] | undefined, rails: Rails): void {
    const plain = (after ?? []).filter(({ decider }) => decider === undefined)
    if (plain.length > 0) {
      this.#put(undefined, `after ${plain.map(({ name }) => name).join(', ')}`, rails, '  ')
    }
    for (const { name, decider } of after ?? []) {
      if (decider === undefined) continue
      this.#put(undefined, `after ${name} ◇ ${deciderLabel(decider)}`, rails, '  ')
    }
  }

  #writeSummary(): void {
    const { levels, criticalPath, missing, unused, withoutRevert, retries, deciders } = this.#plan
    const widest = Math.max(0, ...levels.map(({ length }) => length))
    this.#fact('Levels', `${levels.length}, at most ${plural(widest, 'atom')} at once`)
    this.#fact('Critical path', this.#criticalPath(criticalPath))
    if (this.#isCriticalTelling()) this.#fact('', 'atoms on it are marked with *')
    this.#list('Missing', missing, ({ atom, method, argument, symbol, unseen }) =>
      [
        `${renamed({ argument, symbol })} for ${method} of ${inOneLine(atom)}`,
        ...(unseen.length === 0
          ? []
          : [
              `provided by ${names(unseen)}, which ${unseen.length === 1 ? 'does' : 'do'} not come before`,
            ]),
      ].join(': '),
    )
    this.#list(
      'Never used',
      unused,
      ({ symbol, atom }) =>
        `${inOneLine(symbol)} (${atom === undefined ? 'store' : inOneLine(atom)})`,
      ', ',
    )
    this.#list('No revert', withoutRevert, inOneLine, ', ')
    this.#list('Retries', retries, ({ name, scope, outer }) =>
      [
        `${inOneLine(name)} is in charge of ${names(scope)}`,
        ...(outer === undefined ? [] : [`then asks ${inOneLine(outer)}`]),
      ].join('; '),
    )
    this.#list(
      'Deciders',
      deciders,
      (link) => `${inOneLine(link.from)} → ${inOneLine(link.to)}: ${deciderLabel(link)}`,
    )
  }

  #criticalPath({ atoms, length, total, unit }: PlanData['criticalPath']): string {
    const share =
      unit === 'ms'
        ? `${formatMs(length)} of ${formatMs(total)}`
        : `${length} of ${plural(total, 'atom')}`
    return atoms.length === 0 ? share : `${share}: ${atoms.map(inOneLine).join(' → ')}`
  }

  #list<T>(title: string, items: readonly T[], text: (one: T) => string, joint?: string): void {
    if (items.length === 0) return
    if (joint !== undefined) {
      this.#fact(title, items.map(text).join(joint))
      return
    }
    for (const [i, one] of items.entries()) this.#fact(i === 0 ? title : '', text(one))
  }

  #fact(title: string, text: string): void {
    const first = title.padEnd(SUMMARY_INDENT.length)
    this.#lines.push(...wrap(text, first, SUMMARY_INDENT, this.#width))
  }
}

/** A child that another waits for. */
interface Before {
  readonly name: string
  readonly decider: PlannedDecider | undefined
}

function linksTo({ links, children }: PlannedFlow, position: number): readonly Before[] {
  return links
    .filter(({ to }) => to === position)
    .map(({ from, decider }) => ({ name: inOneLine(children[from]?.name ?? ''), decider }))
}

/** The inputs by where they come from. Those of revert stand there when they come from elsewhere. */
function wiringOf({ inputs }: PlannedAtom): readonly string[] {
  const groups = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const input of inputs) {
    const origin = originOf(input.source)
    const key = `${input.argument} ${input.symbol} ${origin}`
    if (seen.has(key)) continue
    seen.add(key)
    const text = `${renamed(input)}${input.method === 'revert' ? ' (revert)' : ''}`
    const group = groups.get(origin)
    if (group === undefined) groups.set(origin, [text])
    else group.push(text)
  }
  return [...groups].map(([origin, texts]) => `${origin}: ${texts.join(', ')}`)
}

function originOf(source: InputSource): string {
  switch (source.kind) {
    case 'atom':
      return `← ${[source.atom, ...source.otherwise].map(inOneLine).join(', or else ')}`
    case 'store':
      return '← store'
    case 'inject':
      return '← inject'
    case 'default':
      return '← default'
    case 'missing':
      return '✗ missing'
  }
}

function renamed({ argument, symbol }: Pick<PlannedInput, 'argument' | 'symbol'>): string {
  const own = inOneLine(argument)
  return argument === symbol ? own : `${own} = ${inOneLine(symbol)}`
}

function names(list: readonly string[]): string {
  return list.length === 0 ? 'nothing' : list.map(inOneLine).join(', ')
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
