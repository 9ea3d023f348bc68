/**
 * Whether code that a command finds by itself may be executed: nobody else may have put it there.
 *
 * For the config and for packages that are looked up in the folders around. What a user names by
 * its path is trusted. The rule is that of git's `safe.directory`: a file in a folder above may
 * belong to anybody on a machine that is shared.
 *
 * @module
 */
import { existsSync, lstatSync, realpathSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** What stands in the folder of a project, and in no folder inside of it. */
const MARKS = ['package.json', '.git']

/**
 * The folders from one outwards to that of its project, where the nearest `package.json` or `.git`
 * stands, or to the home directory. Outside of any project, the folder alone.
 */
export function foldersOfProject(cwd: string, home: string = homedir()): readonly string[] {
  const first = resolve(cwd)
  const folders = [first]
  for (let folder = first; ; folder = dirname(folder)) {
    if (folder !== folders.at(-1)) folders.push(folder)
    if (folder === resolve(home) || MARKS.some((mark) => existsSync(join(folder, mark)))) {
      return folders
    }
    if (folder === dirname(folder)) return [first]
  }
}

/**
 * Why a file is not to be executed: it, its folder, or what a link leads to, can be changed by
 * another user than this one or root. Undefined when it is fine, and where users have no numbers.
 */
export function distrustOf(file: string): string | undefined {
  const real = realpathSync(file)
  for (const path of new Set([file, dirname(file), real, dirname(real)])) {
    const why = distrustOfStats(lstatSync(path))
    if (why !== undefined) return `${path} ${why}`
  }
  return undefined
}

function distrustOfStats(stats: Stats): string | undefined {
  const me = process.getuid?.()
  if (me === undefined) return undefined
  const { uid, mode } = stats
  // Under sudo, what belongs to the one who called it is as good as root's own.
  const caller = me === 0 ? Number(process.env['SUDO_UID'] || 0) : me
  if (uid !== me && uid !== 0 && uid !== caller) return `belongs to user ${uid}`
  const [isWritable, isSticky] = [(mode & 0o002) !== 0, (mode & 0o1000) !== 0]
  // Links have no permissions, and in a sticky folder nobody replaces the file of another.
  if (stats.isSymbolicLink() || !isWritable || (stats.isDirectory() && isSticky)) return undefined
  return 'can be written by everybody'
}
