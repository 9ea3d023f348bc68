/**
 * Reads the URL of a database server, and says what is wrong with it without repeating what may be
 * a password.
 *
 * For the drivers of servers: their libraries would say it later, in their own words, and with the
 * whole URL in the error.
 *
 * @module
 */
import { isError } from '../base/realms.ts'

/** How the URLs of one kind of server look. */
export interface UrlForm {
  /** The server, as people call it. */
  readonly server: string
  /** What the URL may begin with, without the colon; the first is shown in messages. */
  readonly schemes: readonly string[]
  /** Names the database when the URL does not. */
  readonly database?: (() => string | undefined) | undefined
  /** The parameter that may name the host, or the folder of its socket, in place of the URL. */
  readonly hostParameter?: string
}

/**
 * Checks a URL; connects to nothing.
 *
 * @throws TypeError when something is missing or cannot be read.
 * @throws RangeError when the port is not one.
 */
export function checkServerUrl(given: string | URL, form: UrlForm): void {
  const { server, schemes, database, hostParameter } = form
  const text = String(given)
  const wrong = (what: string): TypeError => new TypeError(`the URL of ${server} ${what}`)
  const shape = `write ${schemes[0]}://user:password@host:port/database`
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  if (!schemes.includes(scheme.toLowerCase())) {
    throw wrong(`must begin with ${schemes[0]}://: ${shape}`)
  }
  if (/\s/.test(text)) throw wrong('contains a space or the end of a line: write a space as %20')
  const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? []
  if (!authority.includes('@') && path.includes('@')) {
    throw wrong('has a / ? or # before its @: encode the password with encodeURIComponent')
  }
  if (/%(?![0-9a-f]{2})/i.test(rest)) {
    throw wrong('contains a % that is not followed by two hexadecimal digits: write % as %25')
  }
  const [, user = '', place = ''] = /^(?:(.*)@)?(.*)$/s.exec(authority) ?? []
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(place) ?? []
  checkPort(server, port)
  const isHostGiven = hostParameter !== undefined && parametersOf(path).has(hostParameter)
  if (host === '' && authority !== '' && !isHostGiven) throw wrong(`names no host: ${shape}`)
  if (![user, host, path].every(isDecodable)) {
    throw wrong('contains bytes that are not UTF-8 after a %: encode it with encodeURIComponent')
  }
  // Without the user, so that no secret is handed to whom might repeat it.
  const bare = `x://${host === '' ? 'localhost' : host}${path}`
  if (!URL.canParse(bare)) throw wrong(`names a host that cannot be one: ${shape}`)
  if (new URL(bare).pathname.length < 2 && !database?.()) {
    throw wrong(`names no database: add its name, as in ${schemes[0]}://host/DATABASE`)
  }
}

/** What stands behind the question mark. */
function parametersOf(path: string): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(path)?.[1] ?? '')
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

/** What a library says of a URL that it cannot read, without the URL. */
export function withoutUrl(error: unknown, server: string): unknown {
  const isOfUrl = isError(error) && 'code' in error && error.code === 'ERR_INVALID_URL'
  return isOfUrl ? new TypeError(`the URL of ${server} cannot be read`) : error
}
