/**
 * The connections that a client keeps: one for each address, opened when first asked for, shared by all who ask, opened
 * anew after it ended. Does not know brokers or topics (cluster.ts) and does not retry.
 */
import type { NetAddress } from '../ports/net.ts'
import { type ClientEnv, type Connection, type ConnectOptions, connectTo } from './connection.ts'
import { ConnectionError, showAddress } from './connection-error.ts'

export class Connections {
  readonly #env: ClientEnv
  readonly #options: ConnectOptions
  /** Open, or being opened. */
  readonly #shared = new Map<string, Promise<Connection>>()
  /** All that are open, those that are not shared included. */
  readonly #open = new Set<Connection>()
  #closed = false

  constructor(env: ClientEnv, options: ConnectOptions) {
    this.#env = env
    this.#options = options
  }

  /** The one connection to this address that everybody shares. Rejects with a ConnectionError. */
  to(address: NetAddress): Promise<Connection> {
    const key = showAddress(address)
    return this.#shared.get(key) ?? this.#openShared(key, address)
  }

  /** A connection of one's own, for requests that keep others waiting. The caller closes it. */
  async own(address: NetAddress): Promise<Connection> {
    this.#refuseClosed(address)
    const connection = await connectTo(this.#env, address, this.#options)
    if (this.#closed) {
      connection.close()
      this.#refuseClosed(address)
    }
    this.#open.add(connection)
    connection.onClose(() => this.#open.delete(connection))
    return connection
  }

  /** Ends all of them; what is out fails. */
  close(): void {
    this.#closed = true
    for (const connection of [...this.#open]) connection.close()
  }

  #openShared(key: string, address: NetAddress): Promise<Connection> {
    const opening = this.own(address)
    this.#shared.set(key, opening)
    const forget = () => {
      if (this.#shared.get(key) === opening) this.#shared.delete(key)
    }
    opening.then(connection => connection.onClose(forget), forget)
    return opening
  }

  #refuseClosed(address: NetAddress): void {
    if (this.#closed) throw new ConnectionError('given-up', address, 'the client was closed')
  }
}
