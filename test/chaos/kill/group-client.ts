/** What a member of a group has from a world with a real broker that dies: see BrokerLink. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import type { Client } from '../../../packages/ottla/src/sim/workload/client.ts'
import { pause } from './bell.ts'
import { type BrokerLink, isLostConnection } from './broker-link.ts'

const BACKOFF_MS_MAX = 50

export interface GroupClientOptions {
  readonly name: string
  readonly rng: Prng
  readonly curtain: Client['curtain']
  readonly link: BrokerLink
  note(event: string, detail: string): void
}

/** There will be no broker any more. */
class LinkIsOver extends Error {}

export class GroupClient implements Client {
  readonly name: string
  readonly rng: Prng
  readonly curtain: Client['curtain']
  readonly #options: GroupClientOptions
  #connection: Connection | null = null

  constructor(options: GroupClientOptions) {
    this.name = options.name
    this.rng = options.rng
    this.curtain = options.curtain
    this.#options = options
  }

  async connection(): Promise<Connection> {
    if (this.#connection?.isOpen === true) return this.#connection
    this.#connection = await this.#options.link.connect(this.name)
    if (this.#connection === null) throw new LinkIsOver()
    return this.#connection
  }

  rethrowUnlessExcused(error: unknown): void {
    if (!isLostConnection(error) && !(error instanceof LinkIsOver)) throw error
  }

  sleep(ms: number): Promise<void> {
    return pause(ms)
  }

  backoff(): Promise<void> {
    return pause(this.rng.int(1, BACKOFF_MS_MAX))
  }

  note(event: string, detail = ''): void {
    this.#options.note(event, detail)
  }

  hangUp(): void {
    this.#connection?.close()
    this.#connection = null
  }
}
