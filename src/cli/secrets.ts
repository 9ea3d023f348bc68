/**
 * Keeps passwords out of what is printed.
 *
 * For everything that the command line writes: messages of drivers repeat the URL that they were
 * given, and values of runs have whatever the tasks put there.
 *
 * @module
 */

const MASK = '***'

/** The user part of a URL, with a password in it; the last @ before the path ends it. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@'"]*):([^\s/?#'"]*)@/gi

/** A parameter of a URL, or a word of a connection string, that holds a secret. */
const PARAMETER =
  /([?&;\s](?:[a-z0-9_.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key)|pwd|auth)=)([^&;\s'"#]+)/gi

/** A text with the passwords of the URLs in it masked. */
export function maskUrls(text: string): string {
  if (!text.includes('=') && !text.includes('@')) return text
  return text.replaceAll(USER_INFO, `$1:${MASK}@`).replaceAll(PARAMETER, `$1${MASK}`)
}

/** Shorter ones are met everywhere, and masking them would hide more than it guards. */
const MIN_LENGTH = 4

/** Masks URLs, and besides the passwords of the URLs in use, wherever they stand. */
export class SecretMask {
  readonly #secrets = new Set<string>()

  /** Remembers the password of a URL. */
  learn(url: string): void {
    for (const [, , secret = ''] of [...url.matchAll(USER_INFO), ...url.matchAll(PARAMETER)]) {
      this.#add(secret)
      try {
        this.#add(decodeURIComponent(secret))
      } catch {
        // Not encoded, though there is a % in it: known as it stands.
      }
    }
  }

  /** A message with everything masked that is known to be secret. */
  apply(text: string): string {
    let masked = maskUrls(text)
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, MASK)
    return masked
  }

  #add(secret: string): void {
    if (secret.length >= MIN_LENGTH) this.#secrets.add(secret)
  }
}

const SECRET_KEY =
  /pass(word|wd|phrase)|secret|token|api[_-]?key|private[_-]?key|credential|authorization|cookie/i

/** The keys whose values are never shown: those that sound like secrets, and those that are named. */
export class SecretKeys extends Set<string> {
  override has(key: string): boolean {
    return super.has(key) || SECRET_KEY.test(key)
  }
}
