/**
 * Moves partitions between the log directories of the broker while everything else goes on: there, back, elsewhere before
 * they have arrived; and checks that each of them lies in one directory after every kind of end. What they hold is judged
 * like that of any other.
 */
import type { Connection } from '../../client/connection.ts'
import { alterReplicaLogDirsApi } from '../../wire/gen/alter-replica-log-dirs.ts'
import { describeLogDirsApi } from '../../wire/gen/describe-log-dirs.ts'
import { Actor, type ActorParts, type Curtain, mayRetry, nameOf, rethrowUnlessConnection } from './actor.ts'
import type { Place } from './places.ts'

/** Looks until a move that is about to end has done so. */
const LOOKS_MAX = 200

export interface MoverOptions {
  readonly curtain: Curtain
  readonly places: readonly Place[]
  readonly directories: readonly string[]
  readonly pauseMsMax: number
}

export class Mover {
  readonly #actor: Actor
  readonly #options: MoverOptions

  constructor(name: string, parts: ActorParts, options: MoverOptions) {
    this.#actor = new Actor(name, parts, options.curtain)
    this.#options = options
  }

  /** Until the curtain closes. */
  async run(): Promise<void> {
    const { rng, curtain } = this.#actor
    const { places, directories, pauseMsMax } = this.#options
    while (!curtain.isClosing) {
      await this.#actor.sleep(rng.int(0, pauseMsMax))
      const connection = await this.#actor.connection()
      try {
        await this.#move(connection, rng.pick(places), rng.pick(directories))
      } catch (error) {
        rethrowUnlessConnection(error)
      }
    }
    this.#actor.hangUp()
  }

  /** Every partition is in one directory. */
  async check(): Promise<void> {
    let found = ''
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const connection = await this.#actor.connection()
      try {
        found = await this.#misplaced(connection)
        if (found === '') break
      } catch (error) {
        rethrowUnlessConnection(error)
      }
      await this.#actor.backoff()
    }
    this.#actor.hangUp()
    if (found !== '') this.#actor.history.unexpected('directories', `${this.#actor.name}: ${found}`)
  }

  async #move(connection: Connection, { topic, partition, history }: Place, path: string): Promise<void> {
    const topics = [{ name: topic.name, partitions: [partition] }]
    const { results } = await connection.request(alterReplicaLogDirsApi, { dirs: [{ path, topics }] })
    const error = nameOf(results[0]?.partitions[0]?.errorCode ?? -1)
    this.#actor.note('move', `${history.name} to ${path}: ${error}`)
    if (error !== 'NONE' && !mayRetry(error)) {
      this.#actor.history.unexpected(history.name, `${this.#actor.name}: a move was answered ${error}`)
    }
  }

  /** What is not where it should be; empty when everything is. */
  async #misplaced(connection: Connection): Promise<string> {
    const { results } = await connection.request(describeLogDirsApi, { topics: null })
    const held = new Map<string, string[]>()
    for (const { errorCode, logDir, topics } of results) {
      if (errorCode !== 0) return `${logDir} is out of service`
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, isFutureKey } of partitions) {
          const key = `${name}-${partitionIndex}`
          if (!isFutureKey) held.set(key, [...(held.get(key) ?? []), logDir])
        }
      }
    }
    const wrong = this.#options.places.filter(({ history }) => held.get(history.name)?.length !== 1)
    return wrong.map(({ history: { name } }) => `${name} is in [${held.get(name)?.join(', ') ?? ''}]`).join('; ')
  }
}
