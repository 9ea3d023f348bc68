/**
 * What may be shown of the inputs and outputs of atoms.
 *
 * For the listeners that log; knows how atoms name what they take and give, so that a masked symbol
 * is masked also where it is no key.
 *
 * @module
 */
import type { GraphNode } from '../engine/compiler.ts'
import { type DisplayOptions, display, displayBare, MASK } from './display.ts'

/** What is kept out of logs. Every option may be left out. */
export interface DisclosureOptions {
  /**
   * Names of atoms whose inputs and outputs are not shown at all.
   *
   * @defaultValue none
   */
  readonly hideInputsOutputsOf?: Iterable<string> | undefined
  /**
   * Keys whose values are shown as `'***'` in inputs: arguments, symbols that arguments are
   * rebound to, and keys of objects and maps at any depth.
   *
   * @defaultValue none
   */
  readonly maskInputsKeys?: Iterable<string> | undefined
  /**
   * Keys whose values are shown as `'***'` in outputs: symbols that the atom provides, and keys of
   * objects and maps at any depth.
   *
   * @defaultValue none
   */
  readonly maskOutputsKeys?: Iterable<string> | undefined
}

/** Shows inputs and outputs as far as they may be shown. */
export class Disclosure {
  readonly #hidden: ReadonlySet<string>
  readonly #inputKeys: ReadonlySet<string>
  readonly #outputKeys: ReadonlySet<string>

  constructor(options: DisclosureOptions) {
    this.#hidden = new Set(options.hideInputsOutputsOf)
    this.#inputKeys = new Set(options.maskInputsKeys)
    this.#outputKeys = new Set(options.maskOutputsKeys)
  }

  /** True when nothing of the inputs and outputs of this atom is shown. */
  hides(atom: string): boolean {
    return this.#hidden.has(atom)
  }

  /** The inputs of execute of an atom, as text. */
  inputs(
    { atom }: GraphNode,
    inputs: Readonly<Record<string, unknown>>,
    options: DisplayOptions = {},
  ): string {
    const shown = { ...inputs }
    for (const { argument, symbol } of atom?.executeBindings ?? []) {
      if (this.#inputKeys.has(symbol) && Object.hasOwn(shown, argument)) shown[argument] = MASK
    }
    return display(shown, { ...options, maskedKeys: this.#inputKeys })
  }

  /** What execute of an atom gave, as text; of a retry, its attempts. */
  output(node: GraphNode, result: unknown, options: DisplayOptions = {}): string {
    const shown = this.#withoutMaskedParts(node, result)
    return display(shown, { ...options, maskedKeys: this.#outputKeys })
  }

  /**
   * A result as text to be put into quotes.
   *
   * @param node the atom if execute gave it; undefined for what revert gave, which has no symbols
   */
  bare(node: GraphNode | undefined, result: unknown): string {
    const shown = node === undefined ? result : this.#withoutMaskedParts(node, result)
    return displayBare(shown, { maskedKeys: this.#outputKeys })
  }

  /** Masks what the atom provides under a masked symbol as a whole or by position. */
  #withoutMaskedParts({ atom, kind }: GraphNode, result: unknown): unknown {
    let shown = result
    for (const { symbol, index } of atom?.provisions ?? []) {
      if (!this.#outputKeys.has(symbol)) continue
      if (typeof index === 'number' && kind === 'task' && Array.isArray(shown)) {
        shown = index < shown.length ? shown.with(index, MASK) : shown
      } else if (typeof index !== 'string' || kind === 'retry') return MASK
    }
    return shown
  }
}
