/**
 * Records of one partition on their way into one batch: gathered, then sealed into the bytes that are sent, as often as
 * needed, until an answer counts. Knows no connection.
 */
import { assert } from '../base/assert.ts'
import type { Bytes, Millis, Offset } from '../base/units.ts'
import type { BatchBuilder } from '../wire/batch/build.ts'
import { putInt16, putInt32, putInt64 } from '../wire/batch/fixed.ts'
import { BASE_SEQUENCE_AT, type CodecId, PRODUCER_EPOCH_AT, PRODUCER_ID_AT, stampCrc } from '../wire/batch/header.ts'
import type { RecordHeader } from '../wire/batch/record-cursor.ts'
import type { ProduceFailure, ProduceOutcome } from './produce-failure.ts'

export interface Acknowledged {
  /** Where the record is; -1 when nobody said (acks=0, or a repeated batch that the broker remembers without its place). */
  readonly offset: Offset
  /** Its time: the broker's where the topic says so, else the producer's own. */
  readonly timestampMs: Millis
}

/** Who an idempotent producer is to the partition. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Sequences run from 0 to here, then begin again. */
const SEQUENCE_MAX = 0x7fff_ffff

/** What becomes of one record. */
export interface Settle {
  readonly resolve: (acknowledged: Acknowledged) => void
  readonly reject: (failure: ProduceFailure) => void
}

export class ProducerBatch {
  /** When its sender gives up on it; monotonic. */
  readonly giveUpAtMs: Millis
  /** What is known of it should it never be acknowledged: it may be in the log once an answer got lost. */
  outcome: ProduceOutcome = 'refused'
  /** Sequence of its first record; -1 until it is stamped, and again when it needs another stamp. */
  sequence = -1
  readonly #builder: BatchBuilder
  readonly #waiting: (Settle & { readonly timestampMs: Millis })[] = []
  #bytes: Uint8Array | null = null
  #countedBytes = 0

  constructor(builder: BatchBuilder, giveUpAtMs: Millis) {
    this.#builder = builder
    this.giveUpAtMs = giveUpAtMs
  }

  get count(): number {
    return this.#waiting.length
  }

  /** As sent; before it is sealed, as it would be without compression. */
  get sizeBytes(): Bytes {
    return this.#bytes?.length ?? this.#builder.sizeBytes
  }

  /** What was given as `countedBytes` for its records, together. */
  get countedBytes(): Bytes {
    return this.#countedBytes
  }

  append(
    record: { key: Uint8Array | null; value: Uint8Array | null; headers: readonly RecordHeader[]; timestampMs: Millis },
    countedBytes: Bytes,
    { resolve, reject }: Settle,
  ): void {
    assert(this.#bytes === null, 'a sealed batch takes no records')
    this.#builder.append(record.key, record.value, record.headers, record.timestampMs)
    this.#waiting.push({ timestampMs: record.timestampMs, resolve, reject })
    this.#countedBytes += countedBytes
  }

  /** Makes the bytes and gives the builder back, empty. */
  seal(codec: CodecId): BatchBuilder {
    this.#bytes = this.#builder.build({ codec })
    return this.#builder
  }

  /** Puts the producer's identity and the first record's sequence into the bytes. */
  stamp({ producerId, producerEpoch }: ProducerIdentity, sequence: number): void {
    const { bytes } = this
    this.sequence = sequence
    putInt64(bytes, PRODUCER_ID_AT, producerId)
    putInt16(bytes, PRODUCER_EPOCH_AT, producerEpoch)
    putInt32(bytes, BASE_SEQUENCE_AT, sequence)
    stampCrc(bytes, 0)
  }

  get bytes(): Uint8Array {
    assert(this.#bytes !== null, 'a batch is sealed before it is sent')
    return this.#bytes
  }

  /** `baseOffset` -1: not told. `logAppendTimeMs` -1: the records keep their own times. */
  acknowledge(baseOffset: Offset, logAppendTimeMs: Millis): void {
    this.#waiting.forEach(({ timestampMs, resolve }, index) => {
      resolve({
        offset: baseOffset < 0 ? -1 : baseOffset + index,
        timestampMs: logAppendTimeMs < 0 ? timestampMs : logAppendTimeMs,
      })
    })
  }

  fail(failure: ProduceFailure): void {
    for (const { reject } of this.#waiting) reject(failure)
  }
}

/** The sequence `count` records after this one. */
export function sequenceAfter(sequence: number, count: number): number {
  const next = sequence + count
  return next > SEQUENCE_MAX ? next - SEQUENCE_MAX - 1 : next
}
