/** What goes out next, what goes out again, and that the history is told of both. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../../packages/ottla/src/base/random.ts'
import { ZERO_UUID } from '../../../packages/ottla/src/base/uuid.ts'
import { History } from '../../../packages/ottla/src/sim/checkers/history.ts'
import type { Compaction } from '../../../packages/ottla/src/sim/checkers/keyed.ts'
import { NO_OFFSET } from '../../../packages/ottla/src/sim/checkers/lane.ts'
import { emptyBatchHeader, readBatchHeader } from '../../../packages/ottla/src/wire/batch/header.ts'
import { visitFetched } from './fetched-records.ts'
import { LaneWriter } from './lane-writer.ts'
import { laneRulesOf, type ProducerKind, producerKinds } from './producer-kind.ts'

const TOPIC = { name: 'orders', id: ZERO_UUID, partitions: 1, batchBytesMax: 2000, compaction: null, configs: {} }
const IDENTITY = { producerId: 7n, producerEpoch: 0 }

function writerOf(
  name: string,
  compaction: Compaction | null = null,
): { writer: LaneWriter; kind: ProducerKind; history: History } {
  const kind = producerKinds.find(known => known.name === name)
  assert.ok(kind !== undefined)
  const history = new History(1)
  history.partition('orders-0', compaction)
  const lane = history.lane('orders-0', laneRulesOf(kind, name))
  return { writer: new LaneWriter({ topic: TOPIC, partition: 0, lane }, kind, new Prng(name)), kind, history }
}

test('as many batches go out as the kind allows, in sequence, each readable as what it is', () => {
  const { writer, kind } = writerOf('exact')
  let sequence = 0
  for (let i = 0; i < kind.inFlightMax; i++) {
    const batch = writer.next(IDENTITY)
    assert.ok(batch !== null)
    const header = readBatchHeader(batch.bytes, 0, emptyBatchHeader())
    assert.deepEqual([header.baseSequence, header.lastOffsetDelta], [sequence, batch.count - 1])
    const seen: unknown[] = []
    const all = { from: 0, end: Number.POSITIVE_INFINITY, compaction: null }
    const visited = visitFetched(batch.bytes, all, (offset, mark) => seen.push([offset, mark]))
    assert.deepEqual(visited, { nextOffset: batch.count, problem: null })
    const expected = Array.from({ length: batch.count }, (_, k) => [k, { lane: 0, sequence: sequence + k, run: 1 }])
    assert.deepEqual(seen, expected)
    sequence += batch.count
  }
  assert.equal(writer.next(IDENTITY), null)
  assert.equal(writer.unsettledRecords, sequence)
})

test('after a lost connection everything unsettled goes out again, oldest first, with the same bytes', () => {
  const { writer } = writerOf('exact')
  const sent = [writer.next(IDENTITY), writer.next(IDENTITY), writer.next(IDENTITY)]
  writer.acknowledged(sent[0]!, 0)
  writer.disconnected()
  assert.equal(writer.next(IDENTITY), sent[1])
  assert.equal(writer.next(IDENTITY), sent[2])
  assert.deepEqual(
    [0, 1].map(i => writer.lane.sendsOf(sent[i]!.first)),
    [1, 2],
  )
})

test('behind a batch that failed nothing new goes out until those on their way are back', () => {
  const { writer } = writerOf('exact')
  const [first, second] = [writer.next(IDENTITY)!, writer.next(IDENTITY)!]
  writer.failed(first)
  assert.deepEqual([writer.isRewinding, writer.next(IDENTITY)], [true, null])
  writer.failed(second)
  assert.equal(writer.isRewinding, false)
  assert.equal(writer.next(IDENTITY), first)
  assert.equal(writer.next(IDENTITY), second)
})

test('behind a batch that keeps failing no more is built than a broker remembers', () => {
  const { writer, kind } = writerOf('exact')
  const first = writer.next(IDENTITY)!
  const behind = Array.from({ length: kind.inFlightMax - 1 }, () => writer.next(IDENTITY)!)
  writer.failed(first)
  for (const batch of behind) writer.acknowledged(batch, batch.first)
  assert.equal(writer.next(IDENTITY), first)
  assert.equal(writer.next(IDENTITY), null)
  writer.acknowledged(first, 0)
  assert.ok(writer.next(IDENTITY) !== null)
})

test('an abandoned lane sends nothing more, not even again', () => {
  const { writer } = writerOf('exact')
  const [first, second] = [writer.next(IDENTITY)!, writer.next(IDENTITY)!]
  writer.abandon()
  writer.failed(first)
  writer.acknowledged(second, first.count)
  writer.disconnected()
  assert.equal(writer.next(IDENTITY), null)
  assert.equal(writer.unsettledRecords, first.count)
})

test('a producer that does not retry drops what it does not know and goes on behind it', () => {
  const { writer } = writerOf('once')
  const lost = writer.next(null)!
  writer.disconnected()
  assert.equal(writer.unsettledRecords, 0)
  assert.equal(writer.next(null)!.first, lost.count)
  assert.equal(writer.lane.offsetOf(lost.first), NO_OFFSET)
  assert.equal(writer.lane.sendsOf(lost.first), 1)
})

test('bytes that make no sense are told, bytes cut off at the end are not', () => {
  const { writer } = writerOf('stubborn')
  const { bytes } = writer.next(null)!
  const all = { from: 0, end: Number.POSITIVE_INFINITY, compaction: null }
  const ignore = () => {}
  assert.equal(visitFetched(bytes.subarray(0, bytes.length - 1), all, ignore).problem, null)
  const damaged = bytes.slice()
  damaged[bytes.length - 1] = damaged[bytes.length - 1]! ^ 1
  assert.match(visitFetched(damaged, all, ignore).problem ?? '', /does not fit its CRC/)
  const foreign = bytes.slice()
  foreign[16] = 1
  assert.match(visitFetched(foreign, all, ignore).problem ?? '', /stop making sense: magic/)
})

test('records of a compacted partition say under which key they lie, and that a deletion has no value', () => {
  const { writer, history } = writerOf('exact', { keys: 3, forgetsDeletions: true })
  const marks: unknown[] = []
  while (marks.length < 40) {
    const batch = writer.next(IDENTITY)!
    const { compaction } = history.partition('orders-0')
    const range = { from: 0, end: Number.POSITIVE_INFINITY, compaction }
    visitFetched(batch.bytes, range, (_, mark) => marks.push(mark))
    writer.acknowledged(batch, batch.first)
  }
  assert.deepEqual(
    marks,
    marks.map((_, sequence) => ({ lane: 0, sequence, run: 1 })),
  )
  const plain = writer.next(IDENTITY)!
  let said: unknown
  const asPlain = { from: 0, end: 1, compaction: { keys: 1, forgetsDeletions: true } }
  visitFetched(plain.bytes, asPlain, (_, mark) => (said = mark))
  assert.equal(typeof said, 'string')
})
