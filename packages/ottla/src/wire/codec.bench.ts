/**
 * Time of decoding and encoding one message, for those on the hot path and for a large reply. A program, not a test:
 *   node packages/ottla/src/wire/codec.bench.ts
 */
import { Reader, responseLimits, Writer } from '../base/cursor.ts'
import { decodeFetchRequest, encodeFetchRequest, encodeFetchResponse, type FetchResponseInput } from './gen/fetch.ts'
import { decodeMetadataResponse, encodeMetadataResponse, type MetadataResponseInput } from './gen/metadata.ts'
import { decodeProduceRequest, encodeProduceRequest, encodeProduceResponse } from './gen/produce.ts'

const SAMPLE_MS = 150
const SAMPLES = 5

/** Median time of one call. Microseconds. */
function timeOf(call: () => void): number {
  const samples: number[] = []
  for (let sample = 0; sample <= SAMPLES; sample++) {
    const begun = performance.now()
    let calls = 0
    for (; performance.now() - begun < SAMPLE_MS; calls += 16) for (let i = 0; i < 16; i++) call()
    // The first sample is warm-up.
    if (sample > 0) samples.push(((performance.now() - begun) * 1000) / calls)
  }
  return samples.sort((a, b) => a - b)[SAMPLES >> 1]!
}

function show(what: string, call: () => void): void {
  console.log(`${timeOf(call).toFixed(2).padStart(10)} µs  ${what}`)
}

const writer = new Writer()
const reader = new Reader(undefined, responseLimits)
const records = new Uint8Array(16_384)
const topicId = 'x1Yd3hO5Rl2mZ0t8cQ9u_A'
const partitions = (count: number) => Array.from({ length: count }, (_, index) => ({ index, records }))

function bytesOf(encode: (w: Writer) => void): Uint8Array {
  encode(writer.beginBare())
  return writer.finishBytes()
}

for (const [version, count] of [
  [11, 1],
  [11, 10],
  [13, 10],
] as const) {
  const request = {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: 'orders-by-region', topicId, partitionData: partitions(count) }],
  }
  const bytes = bytesOf(w => encodeProduceRequest(w, version, request))
  show(`decode Produce request v${version}, ${count} partitions of 16 KB`, () =>
    decodeProduceRequest(reader.reset(bytes), version),
  )
  const partitionResponses = partitions(count).map(({ index }) => ({ index, baseOffset: 1234 }))
  const response = { responses: [{ name: 'orders-by-region', topicId, partitionResponses }] }
  show(`encode Produce response v${version}, ${count} partitions`, () => {
    encodeProduceResponse(writer.begin(), version, response)
    writer.finish()
  })
}

for (const count of [1, 10]) {
  const asked = Array.from({ length: count }, (_, partition) => ({
    partition,
    fetchOffset: 5_000_000_000,
    partitionMaxBytes: 1 << 20,
  }))
  const request = { maxWaitMs: 500, minBytes: 1, topics: [{ topicId, partitions: asked }] }
  const bytes = bytesOf(w => encodeFetchRequest(w, 17, request))
  show(`decode Fetch request v17, ${count} partitions`, () => decodeFetchRequest(reader.reset(bytes), 17))
  const answered = Array.from({ length: count }, (_, partitionIndex) => ({
    partitionIndex,
    highWatermark: 5_000_000_100,
    records: [records, records],
  }))
  const response: FetchResponseInput = { responses: [{ topicId, partitions: answered }] }
  show(`encode Fetch response v17, ${count} partitions of two pieces`, () => {
    encodeFetchResponse(writer.begin(), 17, response)
    writer.finish()
  })
}

const cluster: MetadataResponseInput = {
  brokers: [1, 2, 3].map(nodeId => ({ nodeId, host: `broker-${nodeId}.example`, port: 9092 })),
  topics: Array.from({ length: 10_000 }, (_, i) => ({
    name: `topic-number-${i}`,
    topicId,
    partitions: [0, 1, 2].map(partitionIndex => ({
      partitionIndex,
      leaderId: 1,
      replicaNodes: [1, 2, 3],
      isrNodes: [1, 2, 3],
    })),
  })),
}
const reply = bytesOf(w => encodeMetadataResponse(w, 12, cluster))
show(`encode Metadata response v12, 10,000 topics of 3 partitions (${(reply.length / 1e6).toFixed(1)} MB)`, () => {
  encodeMetadataResponse(writer.begin(), 12, cluster)
  writer.finish()
})
show('decode it', () => decodeMetadataResponse(reader.reset(reply), 12))
