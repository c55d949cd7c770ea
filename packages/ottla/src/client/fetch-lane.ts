/**
 * Fetches from one broker, one at a time, on a connection of its own: a fetch that waits for records keeps every request
 * behind it waiting. Without a fetch session: each request names all partitions. Source: KIP-227 (sessionless), KIP-516.
 */
import { assert } from '../base/assert.ts'
import type { Bytes, LeaderEpoch, Millis, Offset } from '../base/units.ts'
import { type Uuid, ZERO_UUID } from '../base/uuid.ts'
import type { NetAddress } from '../ports/net.ts'
import { type FetchPartitionData, type FetchResponse, type FetchTopicInput, fetchApi } from '../wire/gen/fetch.ts'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import type { ReadPosition } from './read-position.ts'
import { refuseError } from './wire-failure.ts'

/** The last version in which topics have names. */
const NAMES_VERSION_MAX = 12
const SESSIONLESS_EPOCH = -1

/** A partition as it is asked for. */
export interface FetchAsked {
  readonly position: ReadPosition
  /** Where the position stood. */
  readonly offset: Offset
  readonly topicId: Uuid
  readonly leaderEpoch: LeaderEpoch
}

export interface FetchLimits {
  /** How long the broker may wait for something to read. */
  readonly maxWaitMs: Millis
  readonly maxBytes: Bytes
}

export interface FetchAnswer {
  readonly asked: FetchAsked
  readonly data: FetchPartitionData
}

export class FetchLane {
  readonly #connections: Connections
  readonly #address: NetAddress
  #connection: Connection | null = null
  #out: Promise<void> | null = null
  #answers: readonly FetchAnswer[] = []
  #error: unknown = null
  #closed = false

  constructor(connections: Connections, address: NetAddress) {
    this.#connections = connections
    this.#address = address
  }

  /** Whether a fetch is out, or its answer waits to be taken. */
  get isOut(): boolean {
    return this.#out !== null
  }

  begin(asked: readonly FetchAsked[], limits: FetchLimits): void {
    assert(this.#out === null, 'one fetch at a time')
    this.#out = this.#fetch(asked, limits).then(
      answers => {
        this.#answers = answers
      },
      error => {
        this.#error = error
      },
    )
  }

  /** Resolves when the fetch has its answer, or failed. */
  async settled(): Promise<FetchLane> {
    await this.#out
    return this
  }

  /** The answer, once. Rethrows a WireFailure or ConnectionError. */
  takeAnswers(): readonly FetchAnswer[] {
    const error = this.#error
    const answers = this.#answers
    this.#out = null
    this.#error = null
    this.#answers = []
    if (error !== null) throw error
    return answers
  }

  /** For good. A fetch that is out fails. */
  close(): void {
    this.#closed = true
    this.#connection?.close()
  }

  async #fetch(asked: readonly FetchAsked[], limits: FetchLimits): Promise<FetchAnswer[]> {
    if (!this.#connection?.isOpen) this.#connection = await this.#connections.own(this.#address)
    if (this.#closed) this.#connection.close()
    const known = this.#connection.versionOf(fetchApi)
    const version = asked.some(each => each.topicId === ZERO_UUID) ? Math.min(known, NAMES_VERSION_MAX) : known
    const body = { ...limits, minBytes: 1, sessionEpoch: SESSIONLESS_EPOCH, topics: topicsOf(asked) }
    const response = await this.#connection.request(fetchApi, body, { version })
    refuseError(response.errorCode, 'cannot fetch')
    return match(response, asked, version)
  }
}

function topicsOf(asked: readonly FetchAsked[]): FetchTopicInput[] {
  return [...Map.groupBy(asked, each => each.position.topic)].map(([topic, partitions]) => ({
    topic,
    topicId: partitions[0]?.topicId ?? ZERO_UUID,
    partitions: partitions.map(({ position, offset, leaderEpoch }) => ({
      partition: position.partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: offset,
      lastFetchedEpoch: position.lastEpoch,
      partitionMaxBytes: position.maxBytes,
    })),
  }))
}

function match(response: FetchResponse, asked: readonly FetchAsked[], version: number): FetchAnswer[] {
  const answers: FetchAnswer[] = []
  for (const topic of response.responses) {
    const isSame = ({ position, topicId }: FetchAsked) =>
      version > NAMES_VERSION_MAX ? topicId === topic.topicId : position.topic === topic.topic
    for (const data of topic.partitions) {
      const found = asked.find(each => each.position.partition === data.partitionIndex && isSame(each))
      if (found !== undefined) answers.push({ asked: found, data })
    }
  }
  return answers
}
