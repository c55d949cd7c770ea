/** For tests: brokers that are fetched from, and a client of them. */
import assert from 'node:assert/strict'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { patchBaseOffset, patchLeaderEpoch } from '../../wire/batch/header.ts'
import { type FetchRequest, fetchApi } from '../../wire/gen/fetch.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { Cluster } from '../cluster.ts'
import { PartitionReader, type ReaderOptions, type ReadRecords } from '../partition-reader.ts'
import type { StartPosition } from '../read-position.ts'
import { type Asked, ScriptedBroker } from './scripted-broker.ts'
import { TestWorld } from './world.ts'

export const TOPIC_ID = 'q83vEjRWeJCrze8SNFZ4kA'
const utf8 = (text: string) => new TextEncoder().encode(text)

export function batchAt(baseOffset: number, values: readonly string[], leaderEpoch = 3): Uint8Array {
  const builder = new BatchBuilder()
  for (const value of values) builder.append(null, utf8(value), [], 1000 + baseOffset)
  const batch = builder.build()
  patchBaseOffset(batch, 0, baseOffset)
  patchLeaderEpoch(batch, 0, leaderEpoch)
  return batch
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

export interface PartitionAnswer {
  readonly error?: WireErrorName
  readonly records?: Uint8Array
  readonly highWatermark?: number
  readonly logStartOffset?: number
  readonly divergingEpoch?: { readonly epoch: number; readonly endOffset: number }
}

export interface PartitionAsked {
  readonly partition: number
  readonly offset: number
  readonly maxBytes: number
  readonly request: FetchRequest
}

/** A cluster of one broker, or two of which each leads every other partition; `answer` says what each fetch finds. */
export class FetchBroker {
  readonly world = new TestWorld()
  readonly brokers: ScriptedBroker[] = []
  readonly asked: PartitionAsked[] = []
  cluster!: Cluster
  leaderEpoch = 3
  topicId: string | undefined = TOPIC_ID
  start = 0
  end = 100
  answer: (asked: PartitionAsked) => PartitionAnswer | 'close' = () => ({})

  static async start(options: { partitions?: number; brokers?: number } = {}): Promise<FetchBroker> {
    const { partitions = 1, brokers = 1 } = options
    const self = new FetchBroker()
    for (let i = 0; i < brokers; i++) self.brokers.push(await ScriptedBroker.start(self.world))
    for (const broker of self.brokers) {
      broker
        .on(metadataApi, () => self.#metadata(partitions))
        .on(listOffsetsApi, ({ body }) => ({
          topics: body.topics.map(topic => ({
            name: topic.name,
            partitions: topic.partitions.map(({ partitionIndex, timestamp }) => ({
              partitionIndex,
              offset: timestamp === -2 ? self.start : self.end,
            })),
          })),
        }))
        .on(fetchApi, asked => self.#fetch(asked))
    }
    const bootstrap = self.brokers.map(broker => broker.address)
    self.cluster = new Cluster(self.world, { bootstrap, clientId: 'reader' })
    return self
  }

  reader(from: StartPosition = 0, options: ReaderOptions = {}, partitions = [0]): PartitionReader {
    const assignments = partitions.map(partition => ({ topic: 'orders', partition, from }))
    return new PartitionReader(this.cluster, assignments, options)
  }

  /** Polls until something was read. */
  async read(reader: PartitionReader): Promise<readonly ReadRecords[]> {
    for (;;) {
      const read = await this.world.settled(reader.poll())
      if (read.length > 0) return read
    }
  }

  #metadata(partitions: number) {
    return {
      brokers: this.brokers.map((broker, i) => ({ nodeId: i + 1, ...broker.address })),
      controllerId: 1,
      topics: [
        {
          name: 'orders',
          topicId: this.topicId,
          partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
            partitionIndex,
            leaderId: (partitionIndex % this.brokers.length) + 1,
            leaderEpoch: this.leaderEpoch,
            replicaNodes: [1],
            isrNodes: [1],
          })),
        },
      ],
    }
  }

  #fetch({ body, version }: Asked<FetchRequest>) {
    const [topic] = body.topics
    assert.ok(topic !== undefined)
    if (version >= 13) assert.equal(topic.topicId, TOPIC_ID)
    const partitions = []
    for (const { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch } of topic.partitions) {
      assert.equal(currentLeaderEpoch, this.leaderEpoch, 'the reader names the leader that it means')
      const asked = { partition, offset: fetchOffset, maxBytes: partitionMaxBytes, request: body }
      this.asked.push(asked)
      const answer = this.answer(asked)
      if (answer === 'close') return 'close' as const
      const {
        error = 'NONE',
        highWatermark = 100,
        logStartOffset = 0,
        records = new Uint8Array(0),
        divergingEpoch,
      } = answer
      partitions.push({
        partitionIndex: partition,
        errorCode: errorCodeOf(error),
        highWatermark,
        logStartOffset,
        records,
        ...(divergingEpoch === undefined ? {} : { divergingEpoch }),
      })
    }
    return { responses: [{ topic: 'orders', topicId: TOPIC_ID, partitions }] }
  }
}

export function valuesOf(read: readonly ReadRecords[]): string[] {
  return read.flatMap(each =>
    each.records.map(record => `${record.offset}:${new TextDecoder().decode(record.value ?? undefined)}`),
  )
}
