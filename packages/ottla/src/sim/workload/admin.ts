/** Makes the topics of a run, deletes records now and then, and reads everything in the end. */
import type { Offset } from '../../base/units.ts'
import type { Connection } from '../../client/connection.ts'
import { createTopicsApi } from '../../wire/gen/create-topics.ts'
import { deleteRecordsApi } from '../../wire/gen/delete-records.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { Actor, type ActorParts, type Curtain, mayRetry, nameOf, rethrowUnlessConnection } from './actor.ts'
import { EARLIEST, fetchFrom, listOffset } from './fetching.ts'
import type { Place, TopicPlan } from './places.ts'

const READ_BYTES = 300_000
const DELETE_PAUSE_MS_MAX = 3_000

export class Admin {
  readonly #actor: Actor

  constructor(name: string, parts: ActorParts, curtain: Curtain) {
    this.#actor = new Actor(name, parts, curtain)
  }

  /** Resolves when all topics are there. */
  async createTopics(plans: readonly TopicPlan[], places: readonly Place[]): Promise<void> {
    await this.#insist(async connection => {
      const reply = await connection.request(createTopicsApi, {
        timeoutMs: 5_000,
        topics: plans.map(({ name, partitions, durability, configs }) => ({
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          configs: [...configs, ['durability', durability] as const].map(([key, value]) => ({ name: key, value })),
        })),
      })
      return reply.topics.every(({ name, errorCode, errorMessage }) => {
        const error = nameOf(errorCode)
        if (error === 'NONE' || error === 'TOPIC_ALREADY_EXISTS') return true
        if (!mayRetry(error)) throw new Error(`topic ${name} could not be made: ${error} ${errorMessage}`)
        return false
      })
    })
    await this.#insist(connection => this.#learnIds(connection, places))
  }

  /** Until the curtain closes: deletes the older records of some partition, now and then. */
  async deleteRecords(all: readonly Place[]): Promise<void> {
    const { rng, curtain } = this.#actor
    const places = all.filter(place => place.mayDelete)
    while (!curtain.isClosing) {
      await this.#actor.sleep(rng.int(0, DELETE_PAUSE_MS_MAX))
      const connection = await this.#actor.connection()
      const place = rng.pick(places)
      const { history } = place
      if (history.knownEndOffset <= history.startOffsetMax) continue
      const offset = rng.int(history.startOffsetMax, history.knownEndOffset)
      history.allowStart(offset)
      await this.#deleteUpTo(connection, place, offset)
    }
    this.#actor.hangUp()
  }

  /** Reads the whole partition, from its start to its end as they are now. */
  async readAll(place: Place): Promise<void> {
    // A power cut that was still to come takes what it may: then the range is another.
    let torn: readonly Offset[] | null = []
    while (torn !== null) torn = await this.#readRange(place, torn)
  }

  /** Null when it was judged. Else the range was another while it was read, or what it shows may have changed meanwhile. */
  async #readRange(place: Place, tornBefore: readonly Offset[]): Promise<readonly Offset[] | null> {
    const { losses } = place
    const range = await this.#rangeOf(place)
    const read = this.#actor.history.fullRead(place.history.name, range.start)
    let next = range.start
    let hasMoved = false
    await this.#insist(async connection => {
      while (next < range.end) {
        const reply = await fetchFrom(connection, place, next, { maxWaitMs: 100, maxBytes: READ_BYTES })
        if (losses !== place.losses) return true
        if (reply.error === 'OFFSET_OUT_OF_RANGE' && (await this.#hasMoved(place, next))) {
          hasMoved = true
          return true
        }
        if (reply.error !== 'NONE') {
          if (!mayRetry(reply.error)) this.#unexpected(place, `reading ${next} was answered ${reply.error}`)
          return !mayRetry(reply.error)
        }
        if (reply.nextOffset === next) {
          // Nothing may be left of what lies before the active segment's start.
          if (place.topic.compaction !== null) return true
          this.#unexpected(place, `nothing is read at ${next}, below the end ${range.end}`)
          return true
        }
        for (const { offset, mark } of reply.records) read.reads(offset, mark)
        next = reply.nextOffset
      }
      return true
    })
    if (losses !== place.losses || hasMoved) return []
    const { torn } = read
    if (torn.length > 0 && !torn.some(offset => tornBefore.includes(offset))) return torn
    read.end(range.end)
    return null
  }

  /** A deletion that a stalled disk held back came in the middle of a reading: allowed, and nothing before it is to be had. */
  async #hasMoved(place: Place, next: Offset): Promise<boolean> {
    const { start } = await this.#rangeOf(place)
    return start > next && start <= place.history.startOffsetMax
  }

  hangUp(): void {
    this.#actor.hangUp()
  }

  async #rangeOf(place: Place): Promise<{ start: number; end: number }> {
    let range: { start: number; end: number } | null = null
    await this.#insist(async connection => {
      const start = await listOffset(connection, place, EARLIEST)
      if (start.error !== 'NONE') return false
      const { error, highWatermark } = await fetchFrom(connection, place, start.offset, { maxWaitMs: 0, maxBytes: 1 })
      if (error !== 'NONE') return false
      range = { start: start.offset, end: highWatermark }
      return true
    })
    return range ?? { start: 0, end: 0 }
  }

  async #deleteUpTo(connection: Connection, place: Place, offset: number): Promise<void> {
    const losses = place.losses
    try {
      const reply = await connection.request(deleteRecordsApi, {
        timeoutMs: 5_000,
        topics: [{ name: place.topic.name, partitions: [{ partitionIndex: place.partition, offset }] }],
      })
      const answer = reply.topics[0]?.partitions[0]
      if (answer === undefined) throw new Error('the broker did not answer a deletion')
      const error = nameOf(answer.errorCode)
      if (losses !== place.losses || mayRetry(error)) return
      if (error === 'NONE') {
        if (place.topic.durability === 'disk') place.history.promiseStart(offset)
      } else this.#unexpected(place, `deleting up to ${offset} was answered ${error}`)
    } catch (error) {
      rethrowUnlessConnection(error)
    }
  }

  async #learnIds(connection: Connection, places: readonly Place[]): Promise<boolean> {
    const names = [...new Set(places.map(place => place.topic.name))]
    const reply = await connection.request(metadataApi, {
      topics: names.map(name => ({ name })),
      allowAutoTopicCreation: false,
    })
    for (const place of places) {
      const topic = reply.topics.find(({ name }) => name === place.topic.name)
      if (topic === undefined || topic.errorCode !== 0 || topic.partitions.length !== place.topic.partitions)
        return false
      if (topic.partitions.some(({ errorCode }) => errorCode !== 0)) return false
      place.topicId = topic.topicId
    }
    return true
  }

  /** Tries until `attempt` says true, over as many connections as it takes. */
  async #insist(attempt: (connection: Connection) => Promise<boolean>): Promise<void> {
    for (;;) {
      const connection = await this.#actor.connection()
      try {
        if (await attempt(connection)) return
      } catch (error) {
        rethrowUnlessConnection(error)
      }
      await this.#actor.backoff()
    }
  }

  #unexpected(place: Place, what: string): void {
    this.#actor.history.unexpected(place.history.name, `${this.#actor.name}: ${what}`)
  }
}
