import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../../base/cursor.ts'
import { Prng } from '../../base/random.ts'
import { type MetadataResponseInput, type MetadataTopicResponseInput, metadataApi } from '../../wire/gen/metadata.ts'
import { SlicedBody } from './sliced-body.ts'

const bodyOf = (topics: readonly MetadataTopicResponseInput[]): MetadataResponseInput => ({
  brokers: [{ nodeId: 1, host: 'localhost', port: 9092, rack: 'r' }],
  clusterId: 'cluster',
  controllerId: 1,
  topics,
})

function topic(index: number): MetadataTopicResponseInput {
  const partitions = [{ partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] }]
  return { name: `topic-${index}`, partitions, topicId: `AAAAAAAAAAA${String(index).padStart(10, 'A')}A` }
}

test('slices give the same bytes as the whole, in every version and at every size of the count', () => {
  const rng = new Prng(1)
  for (let version = metadataApi.min; version <= metadataApi.max; version++) {
    for (const count of [0, 1, 2, 126, 127, 128, 300, 16_500]) {
      const topics = Array.from({ length: count }, (_, index) => topic(index))
      const sliced = new SlicedBody({ api: metadataApi, version, bodyOf })
      for (let at = 0; at < count; ) {
        const size = rng.int(0, Math.max(1, count >> 2))
        sliced.add(topics.slice(at, at + size))
        at += size
      }
      const writer = new Writer().beginBare()
      metadataApi.encodeResponse(writer, version, bodyOf(topics))
      assert.ok(Buffer.concat(sliced.finish()).equals(writer.finishBytes()), `v${version}, ${count} topics`)
    }
  }
})
