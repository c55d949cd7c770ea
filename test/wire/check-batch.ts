/**
 * Corpus lines about record batches and single records, against wire/batch: read, compare, build again and read that.
 * What is built has other bytes, and may: these batches were written with a base time that no record has, ours begin at
 * the first record's. The records must come back the same.
 */
import { BatchBuilder } from '../../packages/ottla/src/wire/batch/build.ts'
import {
  emptyBatchHeader,
  HEADER_BYTES,
  producerIdAt,
  readBatchHeader,
} from '../../packages/ottla/src/wire/batch/header.ts'
import { type BatchRecord, readRecords } from '../../packages/ottla/src/wire/batch/iterate.ts'
import { RecordCursor } from '../../packages/ottla/src/wire/batch/record-cursor.ts'
import type { CorpusLine } from './check-line.ts'

type Content = Pick<BatchRecord, 'timestamp' | 'key' | 'value' | 'headers'>

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
const hexOrNull = (bytes: Uint8Array | null): string | null => (bytes === null ? null : hexOf(bytes))

export function checkBatchLine(line: CorpusLine): string[] {
  const bytes = Uint8Array.from(Buffer.from(line.hex, 'hex'))
  const { fields, records } = line.name === 'Record' ? readRecord(bytes) : readBatch(bytes)
  const differences = Object.entries(line.fields).flatMap(([name, want]) => differ(name, want, fields[name]))
  return [...differences, ...differ('built again', records.map(show), [...readRecords(rebuilt(records), 0)].map(show))]
}

function differ(name: string, want: unknown, have: unknown): string[] {
  const [wanted, got] = [JSON.stringify(want), JSON.stringify(have)]
  return wanted === got ? [] : [`${name}: wanted ${wanted}, got ${got}`]
}

function readBatch(bytes: Uint8Array): { fields: Record<string, unknown>; records: Content[] } {
  const header = readBatchHeader(bytes, 0, emptyBatchHeader())
  const fields = {
    FirstOffset: `${header.baseOffset}`,
    Length: header.batchLength,
    PartitionLeaderEpoch: header.partitionLeaderEpoch,
    Magic: header.magic,
    CRC: header.crc | 0,
    Attributes: header.attributes,
    LastOffsetDelta: header.lastOffsetDelta,
    FirstTimestamp: `${header.baseTimestamp}`,
    MaxTimestamp: `${header.maxTimestamp}`,
    ProducerID: `${producerIdAt(bytes, 0)}`,
    ProducerEpoch: header.producerEpoch,
    FirstSequence: header.baseSequence,
    NumRecords: header.recordsCount,
    Records: hexOf(bytes.subarray(HEADER_BYTES)),
  }
  return { fields, records: [...readRecords(bytes, 0)] }
}

function readRecord(bytes: Uint8Array): { fields: Record<string, unknown>; records: Content[] } {
  const cursor = new RecordCursor().reset(bytes, 0, bytes.length)
  if (!cursor.next()) return { fields: { problem: cursor.problem }, records: [] }
  const content = { timestamp: cursor.timestamp, key: cursor.key(), value: cursor.value(), headers: cursor.headers() }
  const fields = {
    // The length counts what follows it, and takes a byte itself up to 63.
    Length: bytes.length - (bytes.length > 64 ? 2 : 1),
    Attributes: 0,
    TimestampDelta64: `${cursor.timestampDelta}`,
    OffsetDelta: cursor.offsetDelta,
    Key: hexOrNull(content.key),
    Value: hexOrNull(content.value),
    Headers: content.headers.map(({ key, value }) => ({ Key: key, Value: hexOrNull(value) })),
  }
  return { fields, records: [content] }
}

function rebuilt(records: readonly Content[]): Uint8Array {
  const builder = new BatchBuilder()
  for (const { key, value, headers, timestamp } of records) builder.append(key, value, headers, timestamp)
  return builder.build()
}

function show({ timestamp, key, value, headers }: Content): unknown {
  const shown = headers.map(header => [header.key, hexOrNull(header.value)])
  return [timestamp, hexOrNull(key), hexOrNull(value), shown]
}
