/**
 * Writes records: chooses partitions, gathers what is sent meanwhile into batches (there is no linger: the first record
 * leaves at once), and keeps memory within a bound. Idempotent unless told otherwise: each record is in the log at most
 * once, in the order of `send` per partition, whatever is retried. No transactions.
 */
import { assert } from '../base/assert.ts'
import type { Bytes, Millis, PartitionIndex } from '../base/units.ts'
import { BatchBuilder } from '../wire/batch/build.ts'
import { Codec, type CodecId } from '../wire/batch/header.ts'
import type { RecordHeader } from '../wire/batch/record-cursor.ts'
import { initProducerIdApi } from '../wire/gen/init-producer-id.ts'
import type { Cluster, TopicInfo } from './cluster.ts'
import { PartitionLane } from './partition-lane.ts'
import { partitionOf } from './partitioner.ts'
import type { Acks } from './produce-route.ts'
import type { Acknowledged, ProducerIdentity } from './producer-batch.ts'
import { refuseError, WireFailure } from './wire-failure.ts'

export interface ProducerOptions {
  /** -1: all in-sync replicas; 1: the leader alone; 0: nobody answers. Default -1. */
  readonly acks?: Acks
  /** Needs acks other than 0. Default: whenever it can be. */
  readonly idempotent?: boolean
  readonly codec?: CodecId
  /** A batch takes no further record above this. Default 1,000,000: brokers refuse above 1,048,588 unless told otherwise. */
  readonly batchBytes?: Bytes
  /** Batches of one partition in flight at a time, 1 to 5. Default 5, or 1 when not idempotent, which keeps the order. */
  readonly inFlightMax?: number
  /** How long a record is tried. */
  readonly deliveryTimeoutMs?: Millis
  /** How long the broker may wait for replicas at each try. */
  readonly requestTimeoutMs?: Millis
  /** Records that wait, in memory, for their acknowledgement; above it `send` waits first. */
  readonly bufferBytes?: Bytes
  /** Whether a topic that is not there may be made by being written to. Default true. */
  readonly createTopics?: boolean
}

export interface ProducerRecord {
  readonly topic: string
  /** Default: by the key; without one, any, kept for a while. */
  readonly partition?: PartitionIndex
  readonly key?: Uint8Array | null
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
  readonly headers?: readonly RecordHeader[]
  /** Default: now. */
  readonly timestampMs?: Millis
}

export interface RecordPlace extends Acknowledged {
  readonly partition: PartitionIndex
}

const BATCH_BYTES = 1_000_000
const BUFFER_BYTES = 32 * 1024 * 1024
const DELIVERY_TIMEOUT_MS = 120_000
const REQUEST_TIMEOUT_MS = 30_000
const IN_FLIGHT_MAX = 5

/** A topic that is written to. */
interface WrittenTopic {
  readonly name: string
  /** Null until it is known how many partitions there are. */
  info: TopicInfo | null
  readonly lanes: Map<PartitionIndex, PartitionLane>
  /** Records that wait for `info`, in order. */
  readonly waiting: Sent[]
  /** Where records without a key go, until `stickyBytes` is used up (KIP-794). */
  stickyPartition: PartitionIndex
  stickyBytes: Bytes
}

/** A record on its way in. */
interface Sent {
  readonly record: ProducerRecord
  readonly resolve: (place: RecordPlace) => void
  readonly reject: (error: unknown) => void
}

/**
 * The order of `send` is the order in the partition. So a record goes on in the caller's own turn, or in a queue that is
 * emptied in one turn: never by a promise, whose continuation a later `send` could overtake.
 */
export class Producer {
  readonly #cluster: Cluster
  readonly #options: ProducerOptions
  readonly #idempotent: boolean
  readonly #topics = new Map<string, WrittenTopic>()
  #identity: Promise<ProducerIdentity> | null = null
  #bufferedBytes: Bytes = 0
  /** What waits for memory, in order. */
  readonly #waiting: { readonly bytes: Bytes; readonly append: () => void }[] = []
  /** Records sent and neither acknowledged nor given up. */
  #outCount = 0
  readonly #idle: (() => void)[] = []

  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    const { acks = -1, inFlightMax = 1 } = options
    this.#cluster = cluster
    this.#options = options
    this.#idempotent = options.idempotent ?? acks !== 0
    assert(!this.#idempotent || acks !== 0, 'who is idempotent needs an answer', { acks })
    assert(inFlightMax >= 1 && inFlightMax <= IN_FLIGHT_MAX, 'brokers remember five batches', { inFlightMax })
  }

  /** Records sent and neither acknowledged nor given up: what to pace by. */
  get outCount(): number {
    return this.#outCount
  }

  /** Resolves when acknowledged. Rejects with a ProduceFailure; or a WireFailure or ConnectionError, when it was never sent. */
  send(record: ProducerRecord): Promise<RecordPlace> {
    this.#outCount++
    const { promise, resolve, reject } = Promise.withResolvers<RecordPlace>()
    const sent = {
      record,
      resolve: (place: RecordPlace) => {
        resolve(place)
        this.#settled()
      },
      reject: (error: unknown) => {
        reject(error)
        this.#settled()
      },
    }
    const topic = this.#topics.get(record.topic) ?? this.#open(record.topic)
    if (topic.info === null) topic.waiting.push(sent)
    else this.#place(topic, topic.info, sent)
    return promise
  }

  /** Resolves when everything sent so far was acknowledged or given up. */
  async flush(): Promise<void> {
    if (this.#outCount > 0) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  #settled(): void {
    this.#outCount--
    if (this.#outCount > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #open(name: string): WrittenTopic {
    const topic = { name, info: null, lanes: new Map(), waiting: [], stickyPartition: 0, stickyBytes: 0 }
    this.#topics.set(name, topic)
    this.#learn(topic)
    return topic
  }

  async #learn(topic: WrittenTopic): Promise<void> {
    try {
      const info = await this.#cluster.topic(topic.name, { create: this.#options.createTopics ?? true })
      topic.info = info
      for (const sent of topic.waiting.splice(0)) this.#place(topic, info, sent)
    } catch (error) {
      // The next who writes to it asks again.
      this.#topics.delete(topic.name)
      for (const sent of topic.waiting.splice(0)) sent.reject(error)
    }
  }

  #place(topic: WrittenTopic, info: TopicInfo, { record, resolve, reject }: Sent): void {
    const { key = null, value, headers = [], timestampMs = this.#cluster.env.clock.wallMs() } = record
    const bytes = BatchBuilder.recordBytesMax(key, value, headers)
    const count = info.partitions.length
    const partition = record.partition ?? this.#partitionFor(topic, count, key, bytes)
    if (partition < 0 || partition >= count) {
      const what = `cannot write to ${topic.name}-${partition}`
      reject(new WireFailure('UNKNOWN_TOPIC_OR_PARTITION', what, `it has partitions 0 to ${count - 1}`))
      return
    }
    const lane = topic.lanes.get(partition) ?? this.#openLane(topic, partition)
    const settle = { resolve: (place: Acknowledged) => resolve({ partition, ...place }), reject }
    const append = () => {
      this.#bufferedBytes += bytes
      lane.append({ key, value, headers, timestampMs }, bytes, settle)
    }
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) append()
    else this.#waiting.push({ bytes, append })
  }

  #openLane(topic: WrittenTopic, partition: PartitionIndex): PartitionLane {
    const { acks = -1, codec = Codec.none, batchBytes = BATCH_BYTES } = this.#options
    const lane = new PartitionLane(this.#cluster, {
      target: {
        topic: topic.name,
        partition,
        acks,
        timeoutMs: this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      },
      codec,
      batchBytes,
      inFlightMax: this.#options.inFlightMax ?? (this.#idempotent ? IN_FLIGHT_MAX : 1),
      deliveryTimeoutMs: this.#options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS,
      identify: this.#idempotent ? spent => this.#identify(spent) : null,
      release: bytes => this.#release(bytes),
    })
    topic.lanes.set(partition, lane)
    return lane
  }

  #partitionFor(topic: WrittenTopic, count: number, key: Uint8Array | null, bytes: Bytes): PartitionIndex {
    if (key !== null) return partitionOf(key, count)
    if (topic.stickyBytes <= 0) {
      topic.stickyPartition = this.#cluster.env.random.int(0, count - 1)
      topic.stickyBytes = this.#options.batchBytes ?? BATCH_BYTES
    }
    topic.stickyBytes -= bytes
    return topic.stickyPartition
  }

  /** One identity for all lanes; one that has used up its epochs (`spent`) makes way for another. */
  async #identify(spent: ProducerIdentity | null): Promise<ProducerIdentity> {
    const held = this.#identity ?? this.#askAnew()
    const identity = await held
    if (identity.producerId !== spent?.producerId) return identity
    return this.#identity === held ? this.#askAnew() : (this.#identity ?? this.#askAnew())
  }

  #askAnew(): Promise<ProducerIdentity> {
    const asking = this.#ask()
    this.#identity = asking
    asking.catch(() => {
      if (this.#identity === asking) this.#identity = null
    })
    return asking
  }

  async #ask(): Promise<ProducerIdentity> {
    const response = await this.#cluster.ask(initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 0 })
    refuseError(response.errorCode, 'cannot get a producer id')
    return { producerId: response.producerId, producerEpoch: response.producerEpoch }
  }

  #hasRoom(bytes: Bytes): boolean {
    return this.#bufferedBytes === 0 || this.#bufferedBytes + bytes <= (this.#options.bufferBytes ?? BUFFER_BYTES)
  }

  #release(bytes: Bytes): void {
    this.#bufferedBytes -= bytes
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      next.append()
    }
  }
}
