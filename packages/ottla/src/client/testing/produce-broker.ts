/** For tests: a broker with one topic that takes batches, and a client of it. */
import assert from 'node:assert/strict'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import { emptyBatchHeader, producerIdAt, readBatchHeader } from '../../wire/batch/header.ts'
import { readRecords } from '../../wire/batch/iterate.ts'
import { initProducerIdApi } from '../../wire/gen/init-producer-id.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { type ProduceRequest, produceApi } from '../../wire/gen/produce.ts'
import { Cluster } from '../cluster.ts'
import { ProduceFailure } from '../produce-failure.ts'
import { Producer, type ProducerOptions, type RecordPlace } from '../producer.ts'
import { type Asked, ScriptedBroker } from './scripted-broker.ts'
import { TestWorld } from './world.ts'

export const TOPIC_ID = 'q83vEjRWeJCrze8SNFZ4kA'
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : new TextDecoder().decode(bytes)

/** One batch as the broker saw it. */
export interface SeenBatch {
  readonly partition: number
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
  readonly values: (string | null)[]
}

export type Verdict = WireErrorName | 'close' | 'silence'

/** A broker with one topic; `judge` says what becomes of each batch, in the order of arrival. */
export class ProduceBroker {
  readonly world = new TestWorld()
  readonly seen: SeenBatch[] = []
  broker!: ScriptedBroker
  cluster!: Cluster
  topicId: string | undefined = TOPIC_ID
  firstEpoch = 0
  isTopicThere = true
  judge: (batch: SeenBatch, index: number) => Verdict | Promise<Verdict> = () => 'NONE'
  #endOffset = 0
  #nextProducerId = 4000n

  static async start(partitions = 1): Promise<ProduceBroker> {
    const self = new ProduceBroker()
    self.broker = await ScriptedBroker.start(self.world)
    const { address } = self.broker
    self.broker.on(metadataApi, () => ({
      brokers: [{ nodeId: 1, ...address }],
      controllerId: 1,
      topics: [
        {
          name: 'orders',
          topicId: self.topicId,
          errorCode: self.isTopicThere ? 0 : errorCodeOf('UNKNOWN_TOPIC_OR_PARTITION'),
          partitions: Array.from({ length: self.isTopicThere ? partitions : 0 }, (_, partitionIndex) => ({
            partitionIndex,
            leaderId: 1,
            leaderEpoch: 3,
            replicaNodes: [1],
            isrNodes: [1],
          })),
        },
      ],
    }))
    self.broker.on(initProducerIdApi, () => ({ producerId: self.#nextProducerId++, producerEpoch: self.firstEpoch }))
    self.broker.on(produceApi, asked => self.#produce(asked))
    self.cluster = new Cluster(self.world, { bootstrap: [address], clientId: 'producer' })
    return self
  }

  producer(options: ProducerOptions = {}): Producer {
    return new Producer(this.cluster, options)
  }

  get values(): (string | null)[] {
    return this.seen.flatMap(batch => batch.values)
  }

  async #produce({ body, version }: Asked<ProduceRequest>) {
    const [topic] = body.topicData
    const [data] = topic?.partitionData ?? []
    assert.ok(topic !== undefined && data !== undefined && data.records !== null)
    if (version >= 13) assert.equal(topic.topicId, TOPIC_ID)
    else assert.equal(topic.name, 'orders')
    const header = readBatchHeader(data.records, 0, emptyBatchHeader())
    const batch: SeenBatch = {
      partition: data.index,
      producerId: producerIdAt(data.records, 0),
      epoch: header.producerEpoch,
      sequence: header.baseSequence,
      values: [...readRecords(data.records, 0)].map(record => textOf(record.value)),
    }
    this.seen.push(batch)
    const verdict = await this.judge(batch, this.seen.length - 1)
    if (verdict === 'close' || verdict === 'silence') return verdict
    if (body.acks === 0) return 'silence' as const
    const baseOffset = verdict === 'NONE' ? this.#endOffset : -1
    if (verdict === 'NONE') this.#endOffset += batch.values.length
    const partitionResponses = [{ index: data.index, errorCode: errorCodeOf(verdict), baseOffset }]
    return { responses: [{ name: 'orders', topicId: TOPIC_ID, partitionResponses }] }
  }
}

export const send = (producer: Producer, value: string): Promise<RecordPlace> =>
  producer.send({ topic: 'orders', value: utf8(value) })

export async function failureOf(world: TestWorld, promise: Promise<unknown>): Promise<ProduceFailure> {
  const error = await world.failure(promise)
  assert.ok(error instanceof ProduceFailure, `${error.stack}`)
  return error
}
