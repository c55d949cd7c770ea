/**
 * What clients ask of partitions: append here, reading in fetch.ts, offsets in offsets.ts. An append runs to the log
 * before `append` returns, so the batch may be a view of the receive buffer; only the answer waits, for the commit round
 * that covers the batch and, with acks=all, for the high watermark.
 */
import { assert, Bug } from '../base/assert.ts'
import type { Offset } from '../base/units.ts'
import { isInternalTopic } from '../core/metadata/names.ts'
import { type AppendDecision, decideAck, decideAppend, evolveAppended } from '../core/partition/append.ts'
import type { Clock } from '../ports/clock.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import type { WireErrorName } from '../spec/errors.ts'
import { CompressionError, type CompressionProblem } from '../wire/batch/errors.ts'
import {
  type BatchHeader,
  Codec,
  type CodecId,
  codecBits,
  isTransactional,
  patchBaseOffset,
  patchLeaderEpoch,
  producerIdAt,
  readBatchHeader,
  restateMaxTimestamp,
  stampLogAppendTime,
} from '../wire/batch/header.ts'
import { recodeBatch } from '../wire/batch/recode.ts'
import { emptyProduceFindings, validateProduceRecords } from '../wire/batch/validate.ts'
import { faultToWire } from './faults.ts'
import { fetchPartitions } from './fetch.ts'
import type { HostedPartition } from './hosted-partition.ts'
import { deleteRecords, endOffsetForEpoch, offsetFor } from './offsets.ts'
import type { PartitionTable } from './partition-table.ts'
import { producersOf } from './producers.ts'
import type { Purgatory } from './purgatory.ts'
import type {
  AppendOptions,
  AppendReply,
  DirectoryReply,
  EpochReply,
  FetchOptions,
  FetchResult,
  OffsetReply,
  PartitionName,
  PartitionRead,
  Partitions,
} from './services.ts'

/** The log directories: appends are paced so that all have room. */
export interface Directories {
  hasRoom(): boolean
  onRoom(listener: () => void): () => void
  describe(): Promise<readonly DirectoryReply[]>
}

export interface HostParts {
  readonly table: PartitionTable
  readonly purgatory: Purgatory
  readonly clock: Clock
  readonly directories: Directories
}

/** One for all appends: validation is synchronous and never re-enters. */
const findings = emptyProduceFindings()

export class PartitionHost implements Partitions {
  readonly #parts: HostParts

  constructor(parts: HostParts) {
    this.#parts = parts
  }

  append(name: PartitionName, records: Uint8Array, options: AppendOptions): AppendReply | Promise<AppendReply> {
    const hosted = this.#parts.table.resolve(name)
    if (typeof hosted === 'string') return this.#refused(name, null, { error: hosted })
    if (options.mayWriteInternal !== true && isInternalTopic(hosted.log.id.topic)) {
      const message = 'coordinators keep their state in this topic, and they alone write it'
      return this.#refused(name, hosted, { error: 'INVALID_TOPIC_EXCEPTION', message })
    }
    const rules = hosted.produceRules
    rules.produceVersion = options.apiVersion
    rules.nowMs = this.#parts.clock.wallMs()
    const refusal = validateProduceRecords(records, rules, findings)
    if (refusal !== null) return this.#refused(name, hosted, refusal)
    if (hosted.log.isDiskFull) {
      const message = 'the disk of this log directory is full'
      return this.#refused(name, hosted, { error: 'KAFKA_STORAGE_ERROR', message })
    }
    const { header } = findings
    if (isTransactional(header)) {
      const message = 'this broker does not serve transactions'
      return this.#refused(name, hosted, { error: 'INVALID_TXN_STATE', message })
    }
    const producerId = header.hasProducerId ? producerIdAt(records, 0) : null
    const decision = decideAppend(hosted.state, header, producerId, options)
    switch (decision.kind) {
      case 'refused':
        return this.#refused(name, hosted, decision)
      case 'duplicate':
        return this.#acknowledgeDuplicate(name, hosted, { decision, options })
      case 'append':
        return this.#appendNew(name, hosted, { records, producerId, options, decision })
    }
  }

  fetch(reads: readonly PartitionRead[], options: FetchOptions): FetchResult | Promise<FetchResult> {
    return fetchPartitions(this.#parts, reads, options)
  }

  offsetFor(name: PartitionName, options: Parameters<Partitions['offsetFor']>[1]): Promise<OffsetReply> {
    return offsetFor(this.#parts.table, name, options)
  }

  endOffsetForEpoch(name: PartitionName, options: Parameters<Partitions['endOffsetForEpoch']>[1]): EpochReply {
    return endOffsetForEpoch(this.#parts.table, name, options)
  }

  deleteRecords(
    name: PartitionName,
    options: Parameters<Partitions['deleteRecords']>[1],
  ): Promise<{ readonly error: WireErrorName; readonly lowWatermark: Offset }> {
    return deleteRecords(this.#parts, name, options)
  }

  producers(name: PartitionName): ReturnType<Partitions['producers']> {
    return producersOf(this.#parts.table, name)
  }

  isOffline(...place: Parameters<Partitions['isOffline']>): boolean {
    return this.#parts.table.isOffline(...place)
  }

  directories(): Promise<readonly DirectoryReply[]> {
    return this.#parts.directories.describe()
  }

  hasRoom(): boolean {
    return this.#parts.directories.hasRoom()
  }

  onRoom(listener: () => void): () => void {
    return this.#parts.directories.onRoom(listener)
  }

  #appendNew(name: PartitionName, hosted: HostedPartition, accepted: Accepted): AppendReply | Promise<AppendReply> {
    const { producerId, options, decision } = accepted
    const { header } = findings
    let batch: Uint8Array
    try {
      batch = storedForm(accepted.records, header, hosted)
    } catch (error) {
      if (!(error instanceof CompressionError)) throw error
      return this.#refused(name, hosted, { error: recodeErrors[error.kind], message: error.message })
    }
    const { maxMessageBytes } = hosted.config
    if (batch.length > maxMessageBytes) {
      const message = `batch of ${batch.length} bytes with the topic's codec, max.message.bytes is ${maxMessageBytes}`
      return this.#refused(name, hosted, { error: 'MESSAGE_TOO_LARGE', message })
    }
    header.baseOffset = decision.baseOffset
    header.partitionLeaderEpoch = hosted.state.leaderEpoch
    patchBaseOffset(batch, 0, header.baseOffset)
    patchLeaderEpoch(batch, 0, header.partitionLeaderEpoch)
    const logAppendTimeMs = hosted.config.messageTimestampType === 'LogAppendTime' ? header.maxTimestamp : -1
    const { state, log } = hosted
    const durable = hosted.appending(() => {
      const before = log.endOffset
      const promise = hosted.write(batch, header)
      // A log that has failed takes nothing, and says so by the promise alone.
      if (log.endOffset === before) return { promise, taken: false }
      evolveAppended(state, header, { producerId, baseOffset: decision.baseOffset, nowMs: this.#parts.clock.monoMs() })
      hosted.appendedBytes += batch.length
      return { promise, taken: true }
    })
    assert(log.endOffset === state.endOffset, 'log and state end together', {
      log: log.endOffset,
      state: state.endOffset,
    })
    if (!durable.taken)
      return durable.promise.then(
        () => assertRefused(),
        fault => this.#refused(name, hosted, { error: faultToWire(fault) }),
      )
    const reply = appended(hosted, decision.baseOffset, logAppendTimeMs)
    if (options.acks === 0 || options.noWait === true) return reply
    // With a mirror the batch is durable when it is so in both.
    if (options.acks === 1 && hosted.mirror === null) {
      return durable.promise.then(
        () => reply,
        fault => this.#refused(name, hosted, { error: faultToWire(fault) }),
      )
    }
    const { timeoutMs } = options
    const wait = { reply, endOffset: decision.lastOffset + 1, timeoutMs, durableOnly: options.acks === 1 }
    return this.#acknowledge(name, hosted, wait)
  }

  /** The batch is in the log already; it is promised no earlier than one that was appended now. */
  #acknowledgeDuplicate(
    name: PartitionName,
    hosted: HostedPartition,
    { decision, options }: { decision: Extract<AppendDecision, { kind: 'duplicate' }>; options: AppendOptions },
  ): AppendReply | Promise<AppendReply> {
    const logAppendTimeMs = hosted.config.messageTimestampType === 'LogAppendTime' ? decision.timestamp : -1
    const reply = appended(hosted, decision.baseOffset, logAppendTimeMs)
    if (options.acks === 0) return reply
    const { timeoutMs } = options
    const wait = { reply, endOffset: decision.lastOffset + 1, timeoutMs, durableOnly: options.acks === 1 }
    return this.#acknowledge(name, hosted, wait)
  }

  /** Waits for the high watermark to reach `endOffset`, or with `durableOnly` for this replica's durable end. */
  #acknowledge(name: PartitionName, hosted: HostedPartition, wait: AckWait): AppendReply | Promise<AppendReply> {
    const { state } = hosted
    const { reply } = wait
    const outcome = (): WireErrorName | null => {
      if (hosted.closed || hosted.log.fault !== null) return this.#whyGone(name)
      if (wait.durableOnly === true) return state.durableEndOffset >= wait.endOffset ? 'NONE' : null
      return decideAck(state, wait.endOffset)
    }
    const now = outcome()
    if (now !== null) return now === 'NONE' ? reply : failed(now, null)
    return new Promise(resolve => {
      this.#parts.purgatory.park([hosted.ackWaits], {
        timeoutMs: wait.timeoutMs,
        attempt: () => {
          const error = outcome()
          if (error === null) return false
          resolve(error === 'NONE' ? reply : failed(error, null))
          return true
        },
        expired: () =>
          resolve(failed('REQUEST_TIMED_OUT', 'not on every in-sync replica in time; it may still get there')),
      })
    })
  }

  /** What to tell those who wait on a partition that is not served any more. */
  #whyGone(name: PartitionName): WireErrorName {
    const found = this.#parts.table.resolve(name)
    // Found: the name is that of another topic by now.
    return typeof found === 'string' ? found : 'UNKNOWN_TOPIC_OR_PARTITION'
  }

  #refused(
    name: PartitionName,
    hosted: HostedPartition | null,
    refusal: { readonly error: WireErrorName; readonly message?: string; readonly batchIndexes?: readonly number[] },
  ): AppendReply {
    const tellsLeader = refusal.error === 'NOT_LEADER_OR_FOLLOWER'
    return {
      ...failed(refusal.error, refusal.message ?? null),
      logStartOffset: hosted === null ? -1 : hosted.state.logStartOffset,
      batchIndexes: refusal.batchIndexes ?? [],
      currentLeader: tellsLeader ? this.#parts.table.currentLeader(name) : null,
    }
  }
}

/** The sum fitted, so sending the same again cannot help; a batch that is too large can be split. */
const recodeErrors = {
  corrupt: 'INVALID_RECORD',
  limit: 'MESSAGE_TOO_LARGE',
  unsupported: 'UNSUPPORTED_COMPRESSION_TYPE',
} as const satisfies Record<CompressionProblem, WireErrorName>

interface Accepted {
  readonly records: Uint8Array
  readonly producerId: bigint | null
  readonly options: AppendOptions
  readonly decision: Extract<AppendDecision, { kind: 'append' }>
}

interface AckWait {
  readonly reply: AppendReply
  readonly endOffset: Offset
  readonly timeoutMs: number
  readonly durableOnly?: boolean
}

/**
 * The batch as the topic keeps it: with the topic's codec, its time stamps set right. In place in the request's bytes
 * unless the codec changes. `header` follows.
 */
function storedForm(records: Uint8Array, header: BatchHeader, hosted: HostedPartition): Uint8Array {
  let batch = records
  const codec = codecWanted(hosted.config)
  if (codec !== null && codec !== codecBits(header)) {
    const limitBytes = hosted.produceRules.inflatedBytesMax
    batch = recodeBatch(records, 0, header, { codec, limitBytes })
  }
  if (hosted.config.messageTimestampType === 'LogAppendTime') stampLogAppendTime(batch, 0, hosted.produceRules.nowMs)
  else if (findings.maxTimestamp !== header.maxTimestamp) restateMaxTimestamp(batch, 0, findings.maxTimestamp)
  else if (batch === records) return batch
  readBatchHeader(batch, 0, header)
  return batch
}

/** Null: as the producer sent it. */
function codecWanted(config: TopicConfig): CodecId | null {
  const { compressionType } = config
  if (compressionType === 'producer') return null
  return compressionType === 'uncompressed' ? Codec.none : Codec[compressionType]
}

function assertRefused(): never {
  throw new Bug('what was not appended is not durable')
}

function appended(hosted: HostedPartition, baseOffset: Offset, logAppendTimeMs: number): AppendReply {
  return {
    error: 'NONE',
    baseOffset,
    logAppendTimeMs,
    logStartOffset: hosted.state.logStartOffset,
    message: null,
    batchIndexes: [],
    currentLeader: null,
  }
}

function failed(error: WireErrorName, message: string | null): AppendReply {
  return {
    error,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    message,
    batchIndexes: [],
    currentLeader: null,
  }
}
