/**
 * Writes the pictures of docs/plans.md: npx node examples/plans/main.ts
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pictures } from './pictures.ts'

const folder = join(import.meta.dirname, '../../docs/images')
for (const [file, svg] of Object.entries(await pictures())) writeFileSync(join(folder, file), svg)
