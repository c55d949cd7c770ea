/**
 * What a client has from the world it runs in, simulated or real: a connection that is made again whenever it is lost, time,
 * and a way to be told to end. Those who are written against it run in both.
 */
import type { Prng } from '../../base/random.ts'
import type { Connection } from '../../client/connection.ts'

export interface Client {
  readonly name: string
  readonly rng: Prng
  /** Closing: begin nothing new, and end. */
  readonly curtain: { readonly isClosing: boolean }

  /** An open connection: the one at hand, or a new one, tried for until the broker is there. */
  connection(): Promise<Connection>

  /** Throws `error` again unless faults of this world explain it, such as a connection that ended with its broker. */
  rethrowUnlessExcused(error: unknown): void

  sleep(ms: number): Promise<void>

  /** A short sleep before the same is tried again. */
  backoff(): Promise<void>

  /** For who looks at the run later. */
  note(event: string, detail?: string): void

  /** Ends the connection, to be made again when next needed. */
  hangUp(): void
}
