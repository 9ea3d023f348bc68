/**
 * Reads the URL of a database server, and says what is wrong with it without repeating what may be
 * a password.
 *
 * For the drivers of servers: their libraries would say it later, in their own words, and with the
 * whole URL in the error.
 *
 * @module
 */

/** How the URLs of one kind of server look. */
export interface UrlForm {
  /** The server, as people call it. */
  readonly server: string
  /** What the URL may begin with, without the colon; the first is shown in messages. */
  readonly schemes: readonly string[]
  /** Names the database when the URL does not. */
  readonly database?: (() => string | undefined) | undefined
}

/**
 * Checks a URL; connects to nothing.
 *
 * @throws TypeError when something is missing or cannot be read.
 * @throws RangeError when the port is not one.
 */
export function checkServerUrl(given: string | URL, { server, schemes, database }: UrlForm): void {
  const text = String(given)
  const form = `${schemes[0]}://user:password@host:port/database`
  const wrong = (what: string): TypeError =>
    new TypeError(`the URL of ${server} ${what}: write ${form}`)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  if (!schemes.includes(scheme.toLowerCase())) throw wrong(`must begin with ${schemes[0]}://`)
  if (/\s/.test(text)) throw wrong('contains a space, which is written as %20')
  const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? []
  if (!authority.includes('@') && path.includes('@')) {
    throw wrong(
      'has a / ? or # before its @: encode it in the password, as encodeURIComponent does',
    )
  }
  if (/%(?![0-9a-f]{2})/i.test(rest)) throw wrong('contains a % that stands for nothing: write %25')
  const [, user = '', place = ''] = /^(?:(.*)@)?(.*)$/s.exec(authority) ?? []
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(place) ?? []
  checkPort(server, port)
  const query = new URLSearchParams(/\?([^#]*)/.exec(path)?.[1] ?? '')
  const isLocal = query.has('host') || query.has('socketPath')
  if (host === '' && authority !== '' && !isLocal) throw wrong('names no host')
  for (const part of [user, host, /^[^?#]*/.exec(path)?.[0] ?? '']) {
    if (!isDecodable(part)) throw wrong('contains a % that stands for no character')
  }
  // A stand-in for the user, so that no secret is handed to whom might repeat it.
  const bare = `x://${host === '' ? 'localhost' : host}${path}`
  if (!URL.canParse(bare)) throw wrong('has a host that is not one')
  const named = new URL(bare).pathname.slice(1) || database?.()
  if (!named) {
    throw new TypeError(
      `the URL of ${server} names no database: add its name, as in ${schemes[0]}://host/DATABASE`,
    )
  }
}

function checkPort(server: string, port: string | undefined): void {
  if (port === undefined || port === '') return
  const isNumber = /^\d{1,5}$/.test(port)
  if (isNumber && Number(port) >= 1 && Number(port) <= 65_535) return
  throw new RangeError(
    `the URL of ${server} has an invalid port${isNumber ? ` ${port}` : ''}: it must be a number from 1 to 65535`,
  )
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
