/**
 * Keeps passwords out of what is printed.
 *
 * For everything that is printed for people: messages of drivers repeat the URL that they were
 * given, and values of runs have whatever the tasks put there.
 *
 * @module
 */

const MASK = '***'

const SECRET_WORD =
  'pass(?:word|wd|phrase|code)|secret|token|(?:api|access|private|signing|encryption)[_-]?key'

/** A parameter of a URL, or a word of a connection string, that holds a secret; with or without quotes. */
const PARAMETER = new RegExp(
  `(^|[?&;,\\s({["'\`])((?:[\\w.-]*(?:${SECRET_WORD})|pwd|auth)=)('(?:[^'\\\\]|\\\\.)*'?|"(?:[^"\\\\]|\\\\.)*"?|[^&;\\s'"#]+)`,
  'gi',
)

/** A field of a JSON text. */
const FIELD = new RegExp(
  `("[\\w.-]*(?:${SECRET_WORD}|authorization|credential|cookie)[\\w.-]*"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`,
  'gi',
)

/** A header as messages quote it. */
const HEADER = /(\bauthorization["']?\s*[:=]\s*["']?)((?:basic|bearer|digest|token)\s+)?[^\s"',]+/gi

/** A text with the passwords in it masked: those of URLs, parameters, JSON fields and headers. */
export function maskUrls(text: string): string {
  let masked = text
  if (text.includes('://') && text.includes('@')) masked = maskUserInfo(masked)
  if (text.includes('=')) masked = masked.replaceAll(PARAMETER, `$1$2${MASK}`)
  if (text.includes('"')) masked = masked.replaceAll(FIELD, `$1"${MASK}"`)
  if (/authorization/i.test(masked)) masked = masked.replaceAll(HEADER, `$1$2${MASK}`)
  return masked
}

/**
 * Masks what stands between the name of a user and the last `@` of the word. A password with `/`,
 * `?` or `#` makes a URL that cannot be parsed, and is what messages about that repeat. So more may
 * be masked than the password, and never less.
 */
function maskUserInfo(text: string): string {
  let masked = ''
  let done = 0
  let wordEnd = 0
  let lastSign = -1
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', Math.max(at + 3, done))) {
    const start = at + 3
    if (start >= wordEnd) {
      wordEnd = next(/\s/g, text, start)
      lastSign = text.lastIndexOf('@', wordEnd - 1)
    }
    if (lastSign < start) continue
    const quote = Math.min(next(/['"`]/g, text, start), wordEnd)
    const signInQuotes = text.lastIndexOf('@', quote - 1)
    const sign = signInQuotes >= start ? signInQuotes : lastSign
    const colon = text.indexOf(':', start)
    if (colon === -1 || colon > sign) continue
    masked += `${text.slice(done, colon + 1)}${MASK}`
    done = sign
  }
  return masked + text.slice(done)
}

function next(mark: RegExp, text: string, from: number): number {
  mark.lastIndex = from
  return mark.exec(text)?.index ?? text.length
}

/** Shorter ones are met everywhere, and masking them would hide more than it guards. */
const MIN_LENGTH = 4

/** Masks URLs, and besides the passwords of the URLs in use, wherever they stand. */
export class SecretMask {
  #secrets: readonly string[] = []

  /** Remembers the password of a URL, also of one that cannot be parsed. */
  learn(url: string): void {
    const found = [...url.matchAll(PARAMETER)].map(([, , , secret = '']) => secret)
    const start = url.indexOf('://') + 3
    const colon = url.indexOf(':', start)
    if (start >= 3 && colon !== -1) {
      // Where it ends depends on who reads the URL.
      const beforePath = next(/[/?#]/g, url, colon)
      const ends = [url.indexOf('@', colon), url.lastIndexOf('@', beforePath), url.lastIndexOf('@')]
      for (const end of ends) if (end > colon) found.push(url.slice(colon + 1, end))
    }
    if (URL.canParse(url)) found.push(new URL(url).password)
    for (const secret of found) this.#add(secret)
  }

  /** A message with everything masked that is known to be secret. */
  apply(text: string): string {
    let masked = maskUrls(text)
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, MASK)
    return masked
  }

  #add(secret: string): void {
    const forms = new Set([...this.#secrets, secret])
    try {
      const plain = decodeURIComponent(secret)
      forms.add(plain).add(encodeURIComponent(plain))
    } catch {
      // Not encoded, though there is a % in it: known as it stands.
    }
    // A longer one may contain a shorter one.
    this.#secrets = [...forms]
      .filter(({ length }) => length >= MIN_LENGTH)
      .sort((a, b) => b.length - a.length)
  }
}

const SECRET_KEY = new RegExp(
  `${SECRET_WORD}|\\bpwd\\b|credential|authorization|cookie|bearer`,
  'i',
)

/** The keys whose values are never shown: those that sound like secrets, and those that are named. */
export class SecretKeys extends Set<string> {
  override has(key: string): boolean {
    return super.has(key) || SECRET_KEY.test(key)
  }
}
