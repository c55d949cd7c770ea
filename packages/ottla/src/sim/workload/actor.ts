/**
 * What all simulated clients share: a process of their own that never dies, a connection that is made again whenever it
 * is lost, and a way to be told to end. Clients use the product's own connection, so real bytes go both ways.
 */
import type { Prng } from '../../base/random.ts'
import { type Connection, connectTo } from '../../client/connection.ts'
import { ConnectionError } from '../../client/connection-error.ts'
import type { Clock } from '../../ports/clock.ts'
import { errorNameOf, isRetriable, type WireErrorName } from '../../spec/errors.ts'
import type { History } from '../checkers/history.ts'
import { MachineCalendar, SimClock } from '../world/clock.ts'
import type { Journal } from '../world/journal.ts'
import type { SimHost, SimNetwork } from '../world/net.ts'
import { ProcessLife } from '../world/process-life.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { Client } from './client.ts'

export const BROKER_ADDRESS = { host: '127.0.0.1', port: 9092 }

const CONNECT_TIMEOUT_MS = 2_000
const REQUEST_TIMEOUT_MS = 6_000
const BACKOFF_MS_MAX = 120

export interface ActorParts {
  readonly scheduler: Scheduler
  readonly network: SimNetwork
  readonly history: History
  readonly journal: Journal
  readonly rng: Prng
}

/** Phases of a run, told to all clients. */
export interface CurtainView {
  /** Producers send nothing new, readers stop. What is unresolved is still resolved. */
  readonly isClosing: boolean
}

export class Curtain implements CurtainView {
  isClosing = false
}

export class Actor implements Client {
  readonly name: string
  readonly history: History
  readonly rng: Prng
  readonly clock: Clock
  readonly curtain: CurtainView
  readonly #net: SimHost
  readonly #journal: Journal
  #connection: Connection | null = null

  constructor(name: string, parts: ActorParts, curtain: CurtainView) {
    this.name = name
    this.history = parts.history
    this.rng = parts.rng.fork(name)
    this.curtain = curtain
    const life = new ProcessLife()
    this.clock = new SimClock(parts.scheduler, life, new MachineCalendar(parts.scheduler))
    this.#net = parts.network.host(life)
    this.#journal = parts.journal
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.clock.after(ms, resolve))
  }

  backoff(): Promise<void> {
    return this.sleep(this.rng.int(1, BACKOFF_MS_MAX))
  }

  note(event: string, detail = ''): void {
    this.#journal.note(this.name, event, detail)
  }

  async connection(): Promise<Connection> {
    for (;;) {
      if (this.#connection?.isOpen === true) return this.#connection
      try {
        this.#connection = await connectTo({ net: this.#net, clock: this.clock }, BROKER_ADDRESS, {
          clientId: this.name,
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          requestTimeoutMs: REQUEST_TIMEOUT_MS,
        })
        return this.#connection
      } catch (error) {
        rethrowUnlessConnection(error)
        await this.backoff()
      }
    }
  }

  rethrowUnlessExcused(error: unknown): void {
    rethrowUnlessConnection(error)
  }

  hangUp(): void {
    this.#connection?.close()
    this.#connection = null
  }
}

/** A connection that failed is part of every run; anything else is a bug of ours. */
export function rethrowUnlessConnection(error: unknown): void {
  // A reply that cannot be read, or no version in common, is no fault that the network of this world can cause.
  const isLegal = error instanceof ConnectionError && error.layer !== 'protocol' && error.layer !== 'version'
  if (!isLegal) throw error
}

/** The name of an error code, which must be one of the table's. */
export function nameOf(code: number): WireErrorName {
  const name = errorNameOf(code)
  if (name === null) throw new Error(`the broker answered with error ${code}, which does not exist`)
  return name
}

/** Errors after which the same request may succeed. */
export function mayRetry(name: WireErrorName): boolean {
  return isRetriable(name)
}
