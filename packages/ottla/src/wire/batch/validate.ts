/**
 * Judges what a producer sent for one partition: exactly one batch of magic 2 that the log may keep. Reads and never
 * changes. Sequences, epochs and transactions against what the partition knows are core/partition's; permission is the
 * handler's. Source: KIP-98, KIP-467 (record errors), the rules and limits named per check.
 *
 * What is not looked into (ARCHITECTURE.md §2.4): a compressed batch passes by its header and CRC unless the topic is
 * compacted or asks for `strict`. Its record count, keys, offsets and times inside are then the producer's word.
 */
import type { Bytes, Millis } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import { decompress } from './compress.ts'
import { CompressionError } from './errors.ts'
import {
  type BatchHeader,
  batchCrcMatches,
  Codec,
  codecBits,
  emptyBatchHeader,
  HEADER_BYTES,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  MAGIC,
  MAGIC_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
  readBatchHeader,
} from './header.ts'
import { RecordCursor } from './record-cursor.ts'

/** First version of Produce whose sender knows zstd (KIP-110). */
const ZSTD_PRODUCE_VERSION = 7
/** More records at fault are not named: a request may hold millions, and the reply must not outgrow it. */
const RECORDS_NAMED_MAX = 1_000
/** "No time": what a producer without a clock sends. */
const NO_TIMESTAMP = -1

export type ProduceRefusalError = Extract<
  WireErrorName,
  'CORRUPT_MESSAGE' | 'MESSAGE_TOO_LARGE' | 'INVALID_TIMESTAMP' | 'INVALID_RECORD' | 'UNSUPPORTED_COMPRESSION_TYPE'
>

export interface RecordsRefusal {
  readonly error: ProduceRefusalError
  /** For the reply's error message: what is wrong, never the bytes. */
  readonly message: string
  /**
   * The records of the batch that are at fault, from 0, in order: for keys and times all of them, up to 1,000, since a
   * producer tells them from the others; the first where what follows it cannot be read. Absent where no record is.
   */
  readonly batchIndexes?: readonly number[]
}

/** What the topic and the broker ask of a batch. Names of settings are Kafka's. */
export interface ProduceRules {
  /** Version of the Produce request. */
  produceVersion: number
  /** `max.message.bytes`. */
  maxMessageBytes: Bytes
  /** The topic is compacted: every record needs a key, so compressed batches are inflated. */
  compacted: boolean
  /** `produce.validation=strict`: compressed batches are inflated and walked like the others. */
  strict: boolean
  /** `message.timestamp.type`. */
  timestampType: 'CreateTime' | 'LogAppendTime'
  /** `message.timestamp.before.max.ms`: how far before `nowMs` a record's time may lie. */
  timestampBeforeMaxMs: Millis
  /** `message.timestamp.after.max.ms`: how far after `nowMs`. */
  timestampAfterMaxMs: Millis
  /** Wall clock. Milliseconds since 1970. */
  nowMs: Millis
  /** Bound on what a batch may inflate to, where it is inflated. */
  inflatedBytesMax: Bytes
}

/** Filled by `validateProduceRecords`; reusable. Meaningless after a refusal. */
export interface ProduceFindings {
  header: BatchHeader
  /** True when every record was walked, so that `maxTimestamp` is a fact. */
  walked: boolean
  /**
   * Largest time of the records; the header's word where they were not walked. Where it differs from the header's, the
   * leader corrects that with `restateMaxTimestamp`: some producers put the last record's time there, and the time index
   * is built from it. Milliseconds.
   */
  maxTimestamp: Millis
}

export function emptyProduceFindings(): ProduceFindings {
  return { header: emptyBatchHeader(), walked: false, maxTimestamp: NO_TIMESTAMP }
}

/** One for all calls: validation is synchronous and never re-enters. Released after each, or it would pin a slab. */
const cursor = new RecordCursor()

/**
 * Judges `records`, the bytes a producer sent for one partition. Null when the log may keep them, with `into` filled.
 * Allocates nothing unless it refuses or inflates.
 */
export function validateProduceRecords(
  records: Uint8Array,
  rules: ProduceRules,
  into: ProduceFindings,
): RecordsRefusal | null {
  return (
    checkFraming(records, rules, into.header) ??
    checkCodec(into.header, rules) ??
    checkHeader(records, into.header) ??
    checkBatchTimes(into.header, rules) ??
    checkRecords(records, rules, into)
  )
}

/** One whole batch, of the right format and size, that fits its CRC. */
function checkFraming(records: Uint8Array, rules: ProduceRules, header: BatchHeader): RecordsRefusal | null {
  // Older formats are shorter, but have their magic at the same place.
  if (records.length > MAGIC_AT && records[MAGIC_AT] !== MAGIC) {
    return invalid(`magic ${(records[MAGIC_AT]! << 24) >> 24} is not 2`)
  }
  if (records.length < HEADER_BYTES) return invalid(`${records.length} bytes are no record batch`)
  readBatchHeader(records, 0, header)
  if (header.sizeBytes < HEADER_BYTES) return corrupt(`batch length ${header.batchLength} is too small`)
  if (header.sizeBytes > records.length) {
    return invalid(`batch length ${header.batchLength} is larger than the ${records.length} bytes sent`)
  }
  if (header.sizeBytes < records.length) return invalid('more than one record batch for a partition')
  if (header.sizeBytes > rules.maxMessageBytes) {
    const message = `batch of ${header.sizeBytes} bytes, max.message.bytes is ${rules.maxMessageBytes}`
    return { error: 'MESSAGE_TOO_LARGE', message }
  }
  return batchCrcMatches(records, 0, header) ? null : corrupt('CRC does not fit the batch')
}

function checkCodec(header: BatchHeader, rules: ProduceRules): RecordsRefusal | null {
  const codec = codecBits(header)
  if (codec < Codec.zstd || (codec === Codec.zstd && rules.produceVersion >= ZSTD_PRODUCE_VERSION)) return null
  const message =
    codec === Codec.zstd
      ? `zstd needs Produce version ${ZSTD_PRODUCE_VERSION}, this is ${rules.produceVersion}`
      : `no compression type has id ${codec}`
  return { error: 'UNSUPPORTED_COMPRESSION_TYPE', message }
}

function checkHeader(records: Uint8Array, header: BatchHeader): RecordsRefusal | null {
  if (header.baseOffset !== 0) return invalid(`base offset is ${header.baseOffset}, a producer sends 0`)
  if (header.recordsCount <= 0) return invalid(`record count is ${header.recordsCount}`)
  if (header.lastOffsetDelta !== header.recordsCount - 1) {
    return invalid(`last offset delta ${header.lastOffsetDelta} does not fit ${header.recordsCount} records`)
  }
  if (isControl(header)) return invalid('only brokers write control batches')
  if (hasDeleteHorizon(header)) return invalid('only brokers set a delete horizon')
  if (header.hasProducerId) {
    if (header.producerEpoch < 0) return invalid(`producer epoch is ${header.producerEpoch}`)
    if (header.baseSequence < 0) return invalid(`sequence is ${header.baseSequence} in a batch with a producer id`)
    return null
  }
  // Without a producer id, epoch and sequence say nothing, and clients differ in what they put there.
  if (!isNoProducerId(records)) return invalid('producer id is below -1')
  return isTransactional(header) ? invalid('a transactional batch needs a producer id') : null
}

/** What the header alone says about time; all that is known of a batch that is not walked. */
function checkBatchTimes(header: BatchHeader, rules: ProduceRules): RecordsRefusal | null {
  if (isLogAppendTime(header)) return untimely('only brokers set log append time')
  if (rules.timestampType === 'LogAppendTime') return null
  const wrong = wrongTime(header.maxTimestamp, rules) ?? wrongTime(header.baseTimestamp, rules)
  // An uncompressed batch is walked anyway: then the refusal names the record, and a header that lies is corrected.
  return wrong === null || mayWalk(header, rules) ? null : untimely(wrong)
}

function checkRecords(records: Uint8Array, rules: ProduceRules, into: ProduceFindings): RecordsRefusal | null {
  const { header } = into
  into.walked = mayWalk(header, rules)
  into.maxTimestamp = header.maxTimestamp
  if (!into.walked) return null
  if (codecBits(header) === Codec.none) {
    cursor.reset(records, RECORDS_AT, header.sizeBytes)
  } else {
    const refusal = openInflated(records, rules, header)
    if (refusal !== null) return refusal
  }
  const refusal = walkRecords(rules, into)
  cursor.release()
  return refusal
}

function mayWalk(header: BatchHeader, rules: ProduceRules): boolean {
  return rules.strict || rules.compacted || codecBits(header) === Codec.none
}

function openInflated(records: Uint8Array, rules: ProduceRules, header: BatchHeader): RecordsRefusal | null {
  try {
    const inflated = decompress(codecBits(header), records.subarray(RECORDS_AT), rules.inflatedBytesMax)
    cursor.reset(inflated, 0, inflated.length)
    return null
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error
    // The CRC fits, so the producer wrote it so and sending it again cannot help: not the retriable CORRUPT_MESSAGE. A
    // batch that is too large when inflated can be split, which is what producers do on MESSAGE_TOO_LARGE.
    if (error.kind === 'limit') return { error: 'MESSAGE_TOO_LARGE', message: error.message }
    if (error.kind === 'unsupported') return { error: 'UNSUPPORTED_COMPRESSION_TYPE', message: error.message }
    return invalid(error.message)
  }
}

/** Framing, offsets in order, keys where the topic needs them, times. */
function walkRecords(rules: ProduceRules, into: ProduceFindings): RecordsRefusal | null {
  const { baseTimestamp, recordsCount } = into.header
  let maxTimestamp = NO_TIMESTAMP
  let refusal: RecordsRefusal | null = null
  let atFault: number[] | null = null
  while (cursor.next()) {
    const index = cursor.count - 1
    if (cursor.offsetDelta !== index) return invalid(`offset delta ${cursor.offsetDelta} in record ${index}`, index)
    const timestamp = baseTimestamp + cursor.timestampDelta
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    const wrong = faultOfRecord(timestamp, rules)
    if (wrong === null) continue
    atFault ??= []
    if (atFault.length < RECORDS_NAMED_MAX) atFault.push(index)
    // One code answers for the batch: that of a time where one is wrong, as in Kafka.
    if (refusal === null || (refusal.error !== wrong.error && wrong.error === 'INVALID_TIMESTAMP')) refusal = wrong
  }
  if (cursor.problem !== null) return invalid(cursor.problem, cursor.count)
  if (cursor.count !== recordsCount) return invalid(`${cursor.count} records, the header says ${recordsCount}`)
  if (refusal !== null && atFault !== null) return { ...refusal, batchIndexes: atFault }
  into.maxTimestamp = maxTimestamp
  return null
}

/** What keeps the record at the cursor out, though it can be read. */
function faultOfRecord(timestamp: Millis, rules: ProduceRules): RecordsRefusal | null {
  if (rules.compacted && cursor.keyLength < 0) return invalid('a compacted topic needs a key in every record')
  const wrong = rules.timestampType === 'CreateTime' ? wrongTime(timestamp, rules) : null
  return wrong === null ? null : untimely(wrong)
}

function wrongTime(timestamp: Millis, rules: ProduceRules): string | null {
  if (timestamp === NO_TIMESTAMP) return null
  if (timestamp < 0) return `timestamp ${timestamp} is negative`
  if (rules.nowMs - timestamp > rules.timestampBeforeMaxMs) {
    return `timestamp ${timestamp} is more than message.timestamp.before.max.ms=${rules.timestampBeforeMaxMs} ago`
  }
  if (timestamp - rules.nowMs > rules.timestampAfterMaxMs) {
    return `timestamp ${timestamp} is more than message.timestamp.after.max.ms=${rules.timestampAfterMaxMs} ahead`
  }
  return null
}

function isNoProducerId(records: Uint8Array): boolean {
  for (let at = PRODUCER_ID_AT; at < PRODUCER_ID_AT + 8; at++) {
    if (records[at] !== 0xff) return false
  }
  return true
}

function invalid(message: string, batchIndex?: number): RecordsRefusal {
  return batchIndex === undefined
    ? { error: 'INVALID_RECORD', message }
    : { error: 'INVALID_RECORD', message, batchIndexes: [batchIndex] }
}

function untimely(message: string): RecordsRefusal {
  return { error: 'INVALID_TIMESTAMP', message }
}

function corrupt(message: string): RecordsRefusal {
  return { error: 'CORRUPT_MESSAGE', message }
}
