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

/** What is kept of a topic written to. */
interface Written {
  readonly info: TopicInfo
  readonly lanes: Map<PartitionIndex, PartitionLane>
  /** Where records without a key go, until `stickyBytes` is used up (KIP-794). */
  stickyPartition: PartitionIndex
  stickyBytes: Bytes
}

export class Producer {
  readonly #cluster: Cluster
  readonly #options: ProducerOptions
  readonly #idempotent: boolean
  readonly #topics = new Map<string, Written>()
  #identity: Promise<ProducerIdentity> | null = null
  #bufferedBytes: Bytes = 0
  /** Sends that wait for memory, in order. */
  readonly #waiting: { readonly bytes: Bytes; readonly go: () => void }[] = []

  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    const { acks = -1, inFlightMax = 1 } = options
    this.#cluster = cluster
    this.#options = options
    this.#idempotent = options.idempotent ?? acks !== 0
    assert(!this.#idempotent || acks !== 0, 'who is idempotent needs an answer', { acks })
    assert(inFlightMax >= 1 && inFlightMax <= IN_FLIGHT_MAX, 'brokers remember five batches', { inFlightMax })
  }

  /** Bytes of records, roughly, that wait for their acknowledgement. */
  get bufferedBytes(): Bytes {
    return this.#bufferedBytes
  }

  /** Resolves when acknowledged. Rejects with a ProduceFailure; or a WireFailure or ConnectionError, when it was never sent. */
  async send(record: ProducerRecord): Promise<RecordPlace> {
    const { key = null, value, headers = [], timestampMs = this.#cluster.env.clock.wallMs() } = record
    const written = this.#topics.get(record.topic) ?? (await this.#open(record.topic))
    const bytes = BatchBuilder.recordBytesMax(key, value, headers)
    const partition = record.partition ?? this.#partitionFor(written, key, bytes)
    const lane = written.lanes.get(partition) ?? this.#openLane(written, partition)
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes)) {
      await new Promise<void>(go => this.#waiting.push({ bytes, go }))
    } else {
      this.#bufferedBytes += bytes
    }
    const acknowledged = await lane.append({ key, value, headers, timestampMs }, bytes)
    return { partition, ...acknowledged }
  }

  /** Resolves when everything sent so far was acknowledged or given up. */
  async flush(): Promise<void> {
    const lanes = [...this.#topics.values()].flatMap(({ lanes }) => [...lanes.values()])
    await Promise.all(lanes.map(lane => lane.drained()))
  }

  async #open(topic: string): Promise<Written> {
    const info = await this.#cluster.topic(topic, { create: this.#options.createTopics ?? true })
    const known = this.#topics.get(topic)
    if (known !== undefined) return known
    const opened: Written = { info, lanes: new Map(), stickyPartition: 0, stickyBytes: 0 }
    this.#topics.set(topic, opened)
    return opened
  }

  #openLane(written: Written, partition: PartitionIndex): PartitionLane {
    const { acks = -1, codec = Codec.none, batchBytes = BATCH_BYTES } = this.#options
    const { name, partitions } = written.info
    if (partition < 0 || partition >= partitions.length) {
      const range = `it has partitions 0 to ${partitions.length - 1}`
      throw new WireFailure('UNKNOWN_TOPIC_OR_PARTITION', `cannot write to ${name}-${partition}`, range)
    }
    const lane = new PartitionLane(this.#cluster, {
      target: { topic: name, partition, acks, timeoutMs: this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS },
      codec,
      batchBytes,
      inFlightMax: this.#options.inFlightMax ?? (this.#idempotent ? IN_FLIGHT_MAX : 1),
      deliveryTimeoutMs: this.#options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS,
      identify: this.#idempotent ? current => this.#identify(current) : null,
      release: bytes => this.#release(bytes),
    })
    written.lanes.set(partition, lane)
    return lane
  }

  #partitionFor(written: Written, key: Uint8Array | null, bytes: Bytes): PartitionIndex {
    const count = written.info.partitions.length
    if (key !== null) return partitionOf(key, count)
    if (written.stickyBytes <= 0) {
      written.stickyPartition = this.#cluster.env.random.int(0, count - 1)
      written.stickyBytes = this.#options.batchBytes ?? BATCH_BYTES
    }
    written.stickyBytes -= bytes
    return written.stickyPartition
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
      this.#bufferedBytes += next.bytes
      next.go()
    }
  }
}
