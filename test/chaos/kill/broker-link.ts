/** Where the broker is just now: nowhere while it is dead, on another port after each start. All clients connect here. */
import { type ClientEnv, type Connection, connectTo } from '../../../packages/ottla/src/client/connection.ts'
import { ConnectionError } from '../../../packages/ottla/src/client/connection-error.ts'
import type { NetAddress } from '../../../packages/ottla/src/ports/net.ts'
import { Bell, pause } from './bell.ts'

const RETRY_MS = 10
/** Longer than any stall that this load can cause; a request that gets no answer in this time is a finding. */
const REQUEST_TIMEOUT_MS = 60_000

export class BrokerLink {
  readonly #env: ClientEnv
  readonly #changed = new Bell()
  #address: NetAddress | null = null
  #isOver = false
  #upAtMs = 0

  constructor(env: ClientEnv) {
    this.#env = env
  }

  /** When the broker last began to serve. Milliseconds of `performance.now()`. */
  get upAtMs(): number {
    return this.#upAtMs
  }

  up(address: NetAddress): void {
    this.#upAtMs = performance.now()
    this.#address = address
    this.#changed.ring()
  }

  down(): void {
    this.#address = null
    this.#changed.ring()
  }

  /** Nobody connects any more. */
  over(): void {
    this.#isOver = true
    this.#changed.ring()
  }

  /** Waits for a broker, as long as it takes. Null when it is over. Rejects with what no restart explains. */
  async connect(clientId: string): Promise<Connection | null> {
    while (!this.#isOver) {
      if (this.#address === null) {
        await this.#changed.next()
        continue
      }
      try {
        return await connectTo(this.#env, this.#address, { clientId, requestTimeoutMs: REQUEST_TIMEOUT_MS })
      } catch (error) {
        if (!isLostConnection(error)) throw error
        await pause(RETRY_MS)
      }
    }
    return null
  }
}

/** A connection that ended, or could not be made: what a dying broker does to its clients. */
export function isLostConnection(error: unknown): boolean {
  return error instanceof ConnectionError && ['refused', 'reset', 'closed'].includes(error.layer)
}
