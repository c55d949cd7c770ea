/** Reading one partition with the product's connection, and what every reply must hold whoever asked. */
import type { Offset } from '../../base/units.ts'
import type { Connection } from '../../client/connection.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import { emptyBatchHeader, endOffset, HEADER_BYTES, readBatchHeader } from '../../wire/batch/header.ts'
import { readRecords } from '../../wire/batch/iterate.ts'
import { fetchApi } from '../../wire/gen/fetch.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { type Compaction, markOf } from '../checkers/keyed.ts'
import type { ValueMark } from '../checkers/value.ts'
import { nameOf } from './actor.ts'
import type { Place } from './places.ts'

export interface FetchedRecord {
  readonly offset: Offset
  readonly timestampMs: number
  /** What its value says, or in words what is wrong with it. */
  readonly mark: ValueMark | string
}

export interface FetchReply {
  readonly error: WireErrorName
  readonly highWatermark: Offset
  readonly logStartOffset: Offset
  /** From the offset asked for on. */
  readonly records: readonly FetchedRecord[]
  /** Where the batches end that were given, which may hold no record; the offset asked for when there was none. */
  readonly nextOffset: Offset
}

export interface FetchOptions {
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly version?: number
}

/** Oldest version of Fetch that names topics by their id. */
const FETCH_BY_ID = 13

const NOTHING = new Uint8Array(0)

export const EARLIEST = -2
export const LATEST = -1

export async function fetchFrom(
  connection: Connection,
  place: Place,
  offset: Offset,
  { maxWaitMs, maxBytes, version }: FetchOptions,
): Promise<FetchReply> {
  const byId = (version ?? connection.versionOf(fetchApi)) >= FETCH_BY_ID
  const topic = byId ? { topicId: place.topicId } : { topic: place.topic.name }
  const request = {
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    topics: [
      { ...topic, partitions: [{ partition: place.partition, fetchOffset: offset, partitionMaxBytes: maxBytes }] },
    ],
  }
  const reply = await connection.request(fetchApi, request, version === undefined ? {} : { version })
  const whole = nameOf(reply.errorCode)
  const data = reply.responses[0]?.partitions[0]
  if (whole !== 'NONE' || data === undefined) {
    return { error: whole, highWatermark: -1, logStartOffset: -1, records: [], nextOffset: offset }
  }
  const { highWatermark, logStartOffset, records } = data
  const error = nameOf(data.errorCode)
  const given = recordsOf(records ?? NOTHING, offset, place.history.compaction)
  return { error, highWatermark, logStartOffset, ...given }
}

/** The first offset, the end, or the first record at or after a time. */
export async function listOffset(
  connection: Connection,
  { topic, partition }: Place,
  timestamp: number,
): Promise<{ readonly error: WireErrorName; readonly offset: Offset; readonly timestamp: number }> {
  const reply = await connection.request(listOffsetsApi, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic.name, partitions: [{ partitionIndex: partition, timestamp }] }],
  })
  const answer = reply.topics[0]?.partitions[0]
  if (answer === undefined) throw new Error(`the broker did not answer for ${topic.name}-${partition}`)
  return { error: nameOf(answer.errorCode), offset: answer.offset, timestamp: answer.timestamp }
}

/** Whole batches; the first may begin before the offset asked for. */
function recordsOf(
  bytes: Uint8Array,
  from: Offset,
  compaction: Compaction | null,
): Pick<FetchReply, 'records' | 'nextOffset'> {
  const found: FetchedRecord[] = []
  let nextOffset = from
  const header = emptyBatchHeader()
  for (let at = 0; at + HEADER_BYTES <= bytes.length; at += header.sizeBytes) {
    readBatchHeader(bytes, at, header)
    nextOffset = endOffset(header)
    for (const record of readRecords(bytes, at)) {
      const { offset, timestamp } = record
      if (offset >= from) found.push({ offset, timestampMs: timestamp, mark: markOf(record, compaction) })
    }
  }
  return { records: found, nextOffset }
}
