/**
 * A proxy in front of a database server: counts round trips, cuts connections, loses answers,
 * falls silent, and delivers requests late.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Passes everything on until it is told otherwise. */
export class ServerProxy implements AsyncDisposable {
  /** How many times the client has spoken after the server had its say. */
  turnCount = 0
  /** Cuts the next connection on which the server answers, and keeps the answer. */
  losesNextAnswer = false
  /** Keeps what the client says next from the server, and cuts the connection of the client. */
  delaysNextRequest = false
  /** Loses whatever anybody says, and cuts nothing: as a network that swallows packets. */
  isSilent = false
  #delayed: { readonly data: Buffer; readonly server: Socket } | undefined
  readonly #server: Server
  readonly #target: URL
  readonly #sockets = new Set<Socket>()

  private constructor(target: URL) {
    this.#target = target
    this.#server = createServer((client) => this.#join(client))
  }

  /** Opens a proxy in front of the server of a URL. */
  static async open(target: string): Promise<ServerProxy> {
    const proxy = new ServerProxy(new URL(target))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** The URL with the proxy in place of the server. */
  get url(): string {
    const url = new URL(this.#target)
    url.hostname = '127.0.0.1'
    url.port = String((this.#server.address() as AddressInfo).port)
    return url.href
  }

  /** Lets the server have the request that was delayed; resolves when it has had its say. */
  async deliver(): Promise<void> {
    if (this.#delayed === undefined) throw new Error('no request was delayed')
    const { data, server } = this.#delayed
    this.#delayed = undefined
    const answered = once(server, 'data')
    server.write(data)
    await answered
    server.destroy()
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Cuts all connections, and takes no new ones. */
  close(): void {
    this.#server.close()
    this.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #join(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname)
    let isClientsTurn = true
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        if (this.isSilent) return
        if (this.#delayed?.server !== other) other.destroy()
      })
    }
    client.on('data', (data) => {
      if (this.isSilent) return
      if (isClientsTurn) this.turnCount += 1
      isClientsTurn = false
      if (this.delaysNextRequest) {
        this.delaysNextRequest = false
        this.#delayed = { data, server }
        client.destroy()
      } else {
        server.write(data)
      }
    })
    server.on('data', (data) => {
      if (this.isSilent) return
      isClientsTurn = true
      if (client.destroyed) return
      if (this.losesNextAnswer) {
        this.losesNextAnswer = false
        server.destroy()
        client.destroy()
      } else {
        client.write(data)
      }
    })
  }
}
