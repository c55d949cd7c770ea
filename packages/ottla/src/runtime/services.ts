/**
 * What the broker's API handlers are given: the types of the shells around core. One process makes one BrokerServices
 * (apps/server) and every connection shares it. Handlers see no disk, no log and no other clock than this.
 */
import type { BrokerId, LeaderEpoch, Millis, Offset, PartitionIndex } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import type { FetchSessions } from '../core/access/fetch-sessions.ts'
import type { ControllerCommand, ControllerReply } from '../core/controller/commands.ts'
import type { MetadataImage } from '../core/metadata/image.ts'
import type { Clock } from '../ports/clock.ts'
import type { Crypto } from '../ports/crypto.ts'
import type { Observe } from '../ports/observe.ts'
import type { Random } from '../ports/random.ts'
import type { BrokerConfig } from '../spec/config/broker.ts'
import type { WireErrorName } from '../spec/errors.ts'

export interface BrokerServices {
  readonly nodeId: BrokerId
  readonly clusterId: string
  /** In force now: what was changed dynamically included. Another object after a change, so read it anew. */
  readonly config: BrokerConfig
  /** As it was read at the start. */
  readonly startConfig: BrokerConfig
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly observe: Observe
  readonly partitions: Partitions
  readonly sessions: FetchSessions
  /** The newest metadata that this broker has applied. Never changes in place: ask again for a newer one. */
  image(): MetadataImage
  /**
   * Resolves when the command's records are committed AND this broker serves what they say (a created topic's
   * partitions are open). A refusal is part of the reply; rejects with ControllerUnavailable only when no controller
   * answered.
   */
  submit<C extends ControllerCommand>(command: C): Promise<ControllerReply<C>>
  /** A producer id never given before. */
  nextProducerId(): Promise<bigint>
  /** The process no longer knows its own state: log, then stop. For Bugs only. */
  fatal(why: unknown): void
}

/** No controller answered, or it is not known whether it did what was asked. Wire: COORDINATOR/CONTROLLER errors that clients retry. */
export class ControllerUnavailable extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ControllerUnavailable'
  }
}

export interface CurrentLeader {
  readonly leaderId: BrokerId
  readonly leaderEpoch: LeaderEpoch
}

export interface AppendOptions {
  /** -1, 0 or 1, checked by the handler. */
  readonly acks: number
  /** How long to wait for acks=-1. */
  readonly timeoutMs: Millis
  readonly apiVersion: number
  readonly transactionalId: string | null
}

export interface AppendReply {
  readonly error: WireErrorName
  /** -1 on error. */
  readonly baseOffset: Offset
  /** -1 unless the topic stamps LogAppendTime. */
  readonly logAppendTimeMs: Millis
  readonly logStartOffset: Offset
  readonly message: string | null
  /** Record of the batch that was refused, where one was. */
  readonly batchIndex: number | null
  /** Present with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH. */
  readonly currentLeader: CurrentLeader | null
}

/** A partition named by topic id (newer versions) or by name. Exactly one of the two is set. */
export interface PartitionName {
  readonly topic: string | null
  readonly topicId: Uuid | null
  readonly partition: PartitionIndex
}

export interface PartitionRead extends PartitionName {
  readonly fetchOffset: Offset
  readonly maxBytes: number
  /** -1: not checked. */
  readonly currentLeaderEpoch: LeaderEpoch
  /** -1: not checked. */
  readonly lastFetchedEpoch: LeaderEpoch
}

export interface FetchOptions {
  readonly maxWaitMs: Millis
  readonly minBytes: number
  readonly maxBytes: number
  /** Asked before the partitions are read: grants up to `bytes` of memory for what is found. */
  readonly reserve: (bytes: number) => number
  /** Ends what was granted: too little was found, and the fetch waits. */
  readonly giveBack: () => void
  readonly readCommitted: boolean
  readonly apiVersion: number
  /** -1 for consumers. */
  readonly replicaId: BrokerId
  /** Reply at once whatever was found (an empty topic list, a session error). */
  readonly noWait: boolean
  /** Called with a function that ends the wait early (the connection closed); it may be called at once. */
  readonly onAbort: (abort: () => void) => void
}

export interface FetchedPartition {
  readonly read: PartitionRead
  readonly error: WireErrorName
  readonly highWatermark: Offset
  readonly lastStableOffset: Offset
  readonly logStartOffset: Offset
  readonly divergingEpoch: { readonly epoch: LeaderEpoch; readonly endOffset: Offset } | null
  readonly currentLeader: CurrentLeader | null
  /** Null unless read_committed. */
  readonly abortedTransactions: readonly { readonly producerId: bigint; readonly firstOffset: Offset }[] | null
  /** Whole batches, as views; valid until `FetchResult.release`. */
  readonly records: readonly Uint8Array[]
  readonly bytes: number
}

export interface FetchResult {
  /** In the order of the reads. */
  readonly partitions: readonly FetchedPartition[]
  /** Gives the memory back; call once, after the reply was sent or dropped. */
  release(): void
}

export interface OffsetReply {
  readonly error: WireErrorName
  readonly offset: Offset
  readonly timestamp: Millis
  readonly leaderEpoch: LeaderEpoch
}

export interface EpochReply {
  readonly error: WireErrorName
  readonly leaderEpoch: LeaderEpoch
  readonly endOffset: Offset
}

/** One producer that a partition remembers. */
export interface KnownProducer {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** -1: no batch of this epoch is remembered. */
  readonly lastSequence: number
  /** Of the newest batch, ms since the Unix epoch; -1 when none is remembered. */
  readonly lastTimestamp: Millis
  /** -1: no coordinator has written a marker. */
  readonly coordinatorEpoch: number
  /** -1: no transaction is open. */
  readonly currentTxnStartOffset: Offset
}

/** One log directory of this broker. */
export interface DirectoryReply {
  readonly path: string
  /** KAFKA_STORAGE_ERROR when it is out of service. */
  readonly error: WireErrorName
  /** Of its file system; -1 on error. */
  readonly totalBytes: number
  readonly usableBytes: number
  /** What it holds while it is asked, in no order. */
  logs(): Iterable<HeldLog>
}

export interface HeldLog {
  readonly topic: string
  readonly partition: PartitionIndex
  readonly sizeBytes: number
}

/** The partitions that this broker holds. */
export interface Partitions {
  /** Runs up to the append before it returns: `records` may be a view that dies after the call. */
  append(name: PartitionName, records: Uint8Array, options: AppendOptions): AppendReply | Promise<AppendReply>
  fetch(reads: readonly PartitionRead[], options: FetchOptions): FetchResult | Promise<FetchResult>
  offsetFor(
    name: PartitionName,
    options: {
      /** A time, or -1 to -6 (ListOffsets). */
      readonly timestamp: Millis
      readonly readCommitted: boolean
      readonly currentLeaderEpoch: LeaderEpoch
    },
  ): Promise<OffsetReply>
  endOffsetForEpoch(
    name: PartitionName,
    options: { readonly currentLeaderEpoch: LeaderEpoch; readonly leaderEpoch: LeaderEpoch },
  ): EpochReply
  /** `offset` -1 means the high watermark. */
  deleteRecords(
    name: PartitionName,
    options: { readonly offset: Offset; readonly timeoutMs: Millis },
  ): Promise<{ readonly error: WireErrorName; readonly lowWatermark: Offset }>
  /** The producers that the partition's leader remembers. */
  producers(name: PartitionName): { readonly error: WireErrorName; readonly producers: readonly KnownProducer[] }
  /** The log directories of this broker, those that failed included. */
  directories(): Promise<readonly DirectoryReply[]>
  /** False: memory or the journal is behind; stop reading connections that produce until `onRoom` calls back. */
  hasRoom(): boolean
  /** Returns the way to stop listening. */
  onRoom(listener: () => void): () => void
}
