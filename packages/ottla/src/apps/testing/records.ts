/** Records as tests write and compare them: text where they can, bytes where they must. */
import type { ProducerRecord } from '../../client/producer.ts'
import type { BatchRecord } from '../../wire/batch/iterate.ts'
import { bad } from './options.ts'

/** Text is UTF-8. */
export type TextOrBytes = string | Uint8Array

export interface TestRecord {
  readonly key?: TextOrBytes | null
  /** Null: a tombstone. */
  readonly value: TextOrBytes | null
  readonly headers?: Readonly<Record<string, TextOrBytes | null>>
  /** Default: by the key as Java's client does; without a key, one partition after the other, from 0. */
  readonly partition?: number
  /** Milliseconds since 1970, or a Date. Default: now. */
  readonly timestamp?: number | Date
}

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** As UTF-8. */
  readonly key: string | null
  readonly value: string | null
  readonly keyBytes: Uint8Array | null
  readonly valueBytes: Uint8Array | null
  /** As UTF-8; of several with one name the last. */
  readonly headers: Readonly<Record<string, string | null>>
  /** All of them, in order. */
  readonly headerBytes: readonly { readonly key: string; readonly value: Uint8Array | null }[]
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** `nextPartition` is asked for a record with neither partition nor key. Throws a TestBrokerError. */
export function producerRecord(topic: string, given: TestRecord | string, nextPartition: () => number): ProducerRecord {
  const { key = null, value, headers = {}, partition, timestamp } = typeof given === 'string' ? { value: given } : given
  const place = partition ?? (key === null ? nextPartition() : undefined)
  return {
    topic,
    key: bytesOf('key', key),
    value: bytesOf('value', value),
    headers: Object.entries(headers).map(([name, text]) => ({ key: name, value: bytesOf(`header ${name}`, text) })),
    ...(place === undefined ? {} : { partition: place }),
    ...(timestamp === undefined ? {} : { timestampMs: Number(timestamp) }),
  }
}

function bytesOf(what: string, given: TextOrBytes | null): Uint8Array | null {
  if (given === null) return null
  if (typeof given === 'string') return encoder.encode(given)
  // Not instanceof: a test runner may run the test in another realm.
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  const kind = given === undefined ? 'undefined' : typeof given
  throw bad(`${what} of a record is ${kind}`, 'allowed are text, a Uint8Array and null', 'JSON.stringify objects')
}

export function consumedRecord(topic: string, partition: number, record: BatchRecord): ConsumedRecord {
  const headers = record.headers.map(({ key, value }) => ({ key, value: value?.slice() ?? null }))
  return {
    topic,
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: textOf(record.key),
    value: textOf(record.value),
    keyBytes: record.key?.slice() ?? null,
    valueBytes: record.value?.slice() ?? null,
    headers: Object.fromEntries(headers.map(({ key, value }) => [key, textOf(value)])),
    headerBytes: headers,
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : decoder.decode(bytes)
}
