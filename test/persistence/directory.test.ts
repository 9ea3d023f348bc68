import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { directory } from '../../src/persistence/directory.ts'
import { backendContract } from '../../src/testing/backend-contract.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskflow-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

backendContract({
  name: 'directory',
  open: async (place) => directory(join(folder, place)),
  exempt: {
    'mends a damaged flow by saving it whole, and removes it with its book':
      'a save reads the record that it replaces: mend or remove the file by hand',
  },
  damage: async (place, { uuid }) => {
    const root = join(folder, place)
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    for (const file of files.filter((one) => one.includes(uuid) && one.endsWith('metadata'))) {
      const text = readFileSync(join(root, file), 'utf8')
      writeFileSync(join(root, file), text.replace(/"state": ?"[A-Z]+"/, '"state": "BROKEN"'))
    }
  },
})
