/**
 * The kit's own client of its broker, over TCP like any other: what it reads is what the application's clients would.
 * Failures and delays that a test has planned are not for it (request-plan.ts).
 */
import { Cluster, type TopicInfo } from '../../client/cluster.ts'
import { ConnectionError } from '../../client/connection-error.ts'
import { listOffset, SpecialTime } from '../../client/list-offsets.ts'
import { PartitionReader } from '../../client/partition-reader.ts'
import { Producer } from '../../client/producer.ts'
import { WireFailure } from '../../client/wire-failure.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Net, NetAddress } from '../../ports/net.ts'
import type { Random } from '../../ports/random.ts'
import { nearest } from '../../spec/config/text.ts'
import { Codec, type CodecName } from '../../wire/batch/header.ts'
import { bad } from './options.ts'
import { type ConsumedRecord, consumedRecord, producerRecord, type TestRecord } from './records.ts'
import { KIT_CLIENT_ID } from './request-plan.ts'
import { TestBrokerError } from './test-broker-error.ts'

export interface ProduceOptions {
  /** Default `none`. */
  readonly codec?: CodecName
  /** Default 10,000. */
  readonly timeoutMs?: number
}

export interface ConsumeAllOptions {
  /** Waits until so many records are there, in all partitions together. Default: what is there at the call. */
  readonly count?: number
  /** Default 10,000. */
  readonly timeoutMs?: number
}

export interface ProducedRecord {
  readonly partition: number
  readonly offset: number
}

export const TIMEOUT_MS = 10_000
/** Between two looks at what grows. */
const POLL_MS = 100

export class KitClient {
  readonly cluster: Cluster
  readonly #clock: Clock
  /** Where the next record without a key goes, by topic. */
  readonly #turns = new Map<string, number>()

  constructor(address: NetAddress, env: { readonly net: Net; readonly clock: Clock; readonly random: Random }) {
    this.#clock = env.clock
    this.cluster = new Cluster(env, { bootstrap: [address], clientId: KIT_CLIENT_ID, retryForMs: TIMEOUT_MS })
  }

  /** In the order given, per partition. Resolves when all are acknowledged. */
  async produce(
    topic: string,
    records: readonly (TestRecord | string)[],
    { codec = 'none', timeoutMs = TIMEOUT_MS }: ProduceOptions,
  ): Promise<ProducedRecord[]> {
    if (!Array.isArray(records)) throw bad('the records to produce', 'allowed is a list', 'put one record in brackets')
    if (!Object.hasOwn(Codec, codec))
      throw bad(`codec=${codec}`, `allowed are ${Object.keys(Codec).join(', ')}`, 'leave it out for none')
    const { partitions } = await this.topic(topic)
    const turn = () => {
      const next = (this.#turns.get(topic) ?? 0) % partitions.length
      this.#turns.set(topic, next + 1)
      return next
    }
    const shaped = records.map(record => producerRecord(topic, record, turn))
    for (const { partition } of shaped) {
      if (partition === undefined || partitions[partition] !== undefined) continue
      const allowed = `it has partitions 0 to ${partitions.length - 1}`
      throw new TestBrokerError('UNKNOWN_PARTITION', `topic ${topic} has no partition ${partition}: ${allowed}`)
    }
    const options = { idempotent: false, createTopics: false, codec: Codec[codec], deliveryTimeoutMs: timeoutMs }
    const producer = new Producer(this.cluster, options)
    const sent = await Promise.allSettled(shaped.map(record => producer.send(record)))
    return sent.map(each => {
      if (each.status === 'rejected') throw each.reason
      return { partition: each.value.partition, offset: each.value.offset }
    })
  }

  /** By partition, and in each by offset. */
  async consumeAll(topic: string, { count, timeoutMs = TIMEOUT_MS }: ConsumeAllOptions): Promise<ConsumedRecord[]> {
    if (count !== undefined && !(Number.isInteger(count) && count >= 0))
      throw bad(`count=${String(count)}`, 'allowed is a whole number from 0', 'leave it out to read what is there')
    const { partitions } = await this.topic(topic)
    const ends = await Promise.all(
      partitions.map(({ partition }) => listOffset(this.cluster, topic, partition, SpecialTime.end)),
    )
    const found: ConsumedRecord[][] = partitions.map(() => [])
    const reader = new PartitionReader(
      this.cluster,
      partitions.map(({ partition }) => ({ topic, partition, from: 'start' as const })),
      { maxWaitMs: POLL_MS, onGap: 'start' },
    )
    const isRead = () => ends.every(({ offset }, i) => offset === 0 || (reader.position(topic, i) ?? -1) >= offset)
    const total = () => found.reduce((sum, list) => sum + list.length, 0)
    const giveUpAtMs = this.#clock.monoMs() + timeoutMs
    try {
      while (!isRead() || total() < (count ?? 0)) {
        if (this.#clock.monoMs() >= giveUpAtMs) throw late(topic, { count, total: total(), timeoutMs })
        for (const batch of await reader.poll()) {
          const list = found[batch.partition] as ConsumedRecord[]
          for (const record of batch.records) list.push(consumedRecord(topic, batch.partition, record))
        }
      }
    } finally {
      reader.close()
    }
    return found.flat()
  }

  /** The topic as it is now. Rejects at once with a TestBrokerError when there is none. */
  async topic(name: string): Promise<TopicInfo> {
    for (;;) {
      try {
        return await this.cluster.refresh(name)
      } catch (error) {
        if (error instanceof WireFailure && error.errorName === 'UNKNOWN_TOPIC_OR_PARTITION')
          throw await this.#unknownTopic(name)
        if (error instanceof WireFailure)
          throw new TestBrokerError('REFUSED', error.message, { kafkaError: error.errorName })
        // The connection was dropped by the test itself; the next is a new one.
        if (!(error instanceof ConnectionError && error.layer === 'closed')) throw error
      }
    }
  }

  /** Names of all topics, those of coordinators excepted. */
  async topicNames(): Promise<string[]> {
    const topics = await this.cluster.topics()
    return topics.filter(({ isInternal }) => !isInternal).map(({ name }) => name)
  }

  async #unknownTopic(name: string): Promise<TestBrokerError> {
    const names = await this.topicNames()
    const meant = nearest(name, names)
    const there = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`
    const next = meant === null ? 'name it in startBroker({ topics }) or call createTopic' : `did you mean ${meant}?`
    return new TestBrokerError('UNKNOWN_TOPIC', `there is no topic ${name}: ${there}; ${next}`, {
      kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  }

  close(): void {
    this.cluster.close()
  }
}

function late(
  topic: string,
  {
    count,
    total,
    timeoutMs,
  }: { readonly count: number | undefined; readonly total: number; readonly timeoutMs: number },
): TestBrokerError {
  const wanted = count === undefined ? 'not all that is there' : `not ${count}`
  return new TestBrokerError(
    'TIMED_OUT',
    `${total} records of ${topic} were read in ${timeoutMs} ms, ${wanted}; expect fewer, or allow more with timeoutMs`,
  )
}
