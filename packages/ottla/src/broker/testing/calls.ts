/** For tests: the requests that most of them make, each with what matters to the test. */
import assert from 'node:assert/strict'
import { errorNameOf, type WireErrorName } from '../../spec/errors.ts'
import { BatchBuilder, type BuildOptions } from '../../wire/batch/build.ts'
import { type BatchRecord, readRecords } from '../../wire/batch/iterate.ts'
import { createTopicsApi } from '../../wire/gen/create-topics.ts'
import { type FetchPartitionData, type FetchRequestInput, fetchApi } from '../../wire/gen/fetch.ts'
import { type MetadataTopicResponse, metadataApi } from '../../wire/gen/metadata.ts'
import { type ProducePartitionResponse, produceApi } from '../../wire/gen/produce.ts'
import type { RawPeer } from './raw-peer.ts'

/** The wall time at which tests' clocks begin. */
export const NOW_MS = 1_700_000_000_000

const encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array => encoder.encode(text)
export const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : new TextDecoder().decode(bytes)

/** A batch of records without keys, all of the time given. */
export function batchOf(
  values: readonly string[],
  options: BuildOptions & { readonly timestampMs?: number } = {},
): Uint8Array {
  const builder = new BatchBuilder()
  for (const value of values) builder.append(null, utf8(value), [], options.timestampMs ?? NOW_MS)
  return builder.build(options)
}

export function errorOf(answer: { readonly errorCode: number }): WireErrorName {
  const name = errorNameOf(answer.errorCode)
  assert.ok(name !== null, `error ${answer.errorCode} is known`)
  return name
}

/** Makes a topic, which must succeed. Gives its id. */
export async function createTopic(
  peer: RawPeer,
  name: string,
  options: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const response = await peer.request(createTopicsApi, 7, {
    topics: [
      {
        name,
        numPartitions: options.partitions ?? 1,
        replicationFactor: 1,
        configs: Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 1000,
  })
  const [topic] = response.topics
  assert.ok(topic !== undefined)
  assert.equal(errorOf(topic), 'NONE', topic.errorMessage ?? '')
  return topic.topicId
}

export interface ProduceCall {
  readonly topic: string
  readonly partition?: number
  readonly records: Uint8Array | null
  readonly acks?: number
  /** Below 13, where topics have names. Default 12. */
  readonly version?: number
}

export async function produce(peer: RawPeer, call: ProduceCall): Promise<ProducePartitionResponse> {
  const { topic, partition = 0, records, acks = -1, version = 12 } = call
  const response = await peer.request(produceApi, version, {
    acks,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  })
  const answer = response.responses[0]?.partitionResponses[0]
  assert.ok(answer !== undefined)
  return answer
}

export interface FetchCall {
  readonly topic: string
  readonly partition?: number
  readonly offset?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
  readonly partitionMaxBytes?: number
  /** Below 13, where topics have names. Default 12. */
  readonly version?: number
}

export async function fetch(
  peer: RawPeer,
  call: FetchCall,
  request: Partial<FetchRequestInput> = {},
): Promise<FetchPartitionData> {
  const { topic, partition = 0, offset = 0, version = 12 } = call
  const response = await peer.request(fetchApi, version, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      {
        topic,
        partitions: [
          {
            partition,
            fetchOffset: offset,
            currentLeaderEpoch: call.currentLeaderEpoch,
            lastFetchedEpoch: call.lastFetchedEpoch,
            partitionMaxBytes: call.partitionMaxBytes ?? 1_048_576,
          },
        ],
      },
    ],
    ...request,
  })
  assert.equal(errorOf(response), 'NONE')
  const answer = response.responses[0]?.partitions[0]
  assert.ok(answer !== undefined)
  return answer
}

/** All records of whole batches laid end to end. */
export function recordsIn(bytes: Uint8Array | null): BatchRecord[] {
  const records: BatchRecord[] = []
  const batches = bytes ?? new Uint8Array(0)
  for (let at = 0; at < batches.length; ) {
    records.push(...readRecords(batches, at))
    at += 12 + new DataView(batches.buffer, batches.byteOffset + at + 8).getInt32(0)
  }
  return records
}

export function valuesIn(bytes: Uint8Array | null): (string | null)[] {
  return recordsIn(bytes).map(record => textOf(record.value))
}

/** One topic as Metadata tells it, by name. */
export async function metadataOf(
  peer: RawPeer,
  name: string,
  options: { readonly allowAutoTopicCreation?: boolean; readonly version?: number } = {},
): Promise<MetadataTopicResponse> {
  const { allowAutoTopicCreation = false, version = 12 } = options
  const response = await peer.request(metadataApi, version, { topics: [{ name }], allowAutoTopicCreation })
  const [topic] = response.topics
  assert.ok(topic !== undefined)
  return topic
}
