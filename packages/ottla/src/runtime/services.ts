/**
 * What the broker's API handlers are given: the types of the shells around core. One process makes one BrokerServices
 * (apps/server) and every connection shares it. Handlers see no disk, no log and no other clock than this.
 */
import type { BrokerId, LeaderEpoch, Millis, Offset, PartitionIndex } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import type { FetchSessions } from '../core/access/fetch-sessions.ts'
import type { ControllerCommand, ControllerReply } from '../core/controller/commands.ts'
import type { ReplyBody, RequestEvent } from '../core/group/events.ts'
import type { Group } from '../core/group/group.ts'
import type { ListedGroup } from '../core/group/views.ts'
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
  readonly places: ReplicaPlaces
  readonly groups: Groups
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
  /** Default false: a topic that coordinators keep their state in is refused. */
  readonly mayWriteInternal?: boolean
  /** Answer once the batch is appended, though `acks` asks for more: the caller waits for the high watermark itself. */
  readonly noWait?: true
}

export interface AppendReply {
  readonly error: WireErrorName
  /** -1 on error. */
  readonly baseOffset: Offset
  /** -1 unless the topic stamps LogAppendTime. */
  readonly logAppendTimeMs: Millis
  readonly logStartOffset: Offset
  readonly message: string | null
  /** Records of the batch that are at fault, in order; empty where none is. */
  readonly batchIndexes: readonly number[]
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
  /** How far a future is behind the log that it follows, in offsets; -1 when that is not there. 0 for other logs. */
  readonly offsetLag: Offset
  /** It follows a log of another directory, to take its place. */
  readonly isFuture: boolean
}

/** In which of this broker's log directories its partitions lie. */
export interface ReplicaPlaces {
  /**
   * Begins to move the partition to the log directory with this path, or takes back a move that is under way when it lies
   * there. `NONE`: the move is remembered durably, and goes on by itself.
   */
  move(topic: string, partition: PartitionIndex, path: string): Promise<WireErrorName>
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
  /**
   * `offset` -1 means the high watermark. REQUEST_TIMED_OUT: not durable after `timeoutMs`; it is not given up, and may
   * come to be so later.
   */
  deleteRecords(
    name: PartitionName,
    options: { readonly offset: Offset; readonly timeoutMs: Millis },
  ): Promise<{ readonly error: WireErrorName; readonly lowWatermark: Offset }>
  /** The producers that the partition's leader remembers. */
  producers(name: PartitionName): { readonly error: WireErrorName; readonly producers: readonly KnownProducer[] }
  /** True for a partition that this broker should have and cannot serve: its log directory failed or is missing. */
  isOffline(topicId: Uuid, partition: PartitionIndex): boolean
  /** The log directories of this broker, those that failed included. */
  directories(): Promise<readonly DirectoryReply[]>
  /** False: memory or the journal is behind; stop reading connections that produce until `onRoom` calls back. */
  hasRoom(): boolean
  /** Returns the way to stop listening. */
  onRoom(listener: () => void): () => void
}

/** A request to a group as a handler makes it; the coordinator numbers it. */
export type GroupRequest = Unnumbered<RequestEvent>
type Unnumbered<Event> = Event extends RequestEvent ? Omit<Event, 'request'> : never
export type ReplyTo<Request extends GroupRequest> = Extract<ReplyBody, { readonly type: Request['type'] }>

/** What was read of a group, or why this broker cannot tell. */
export type GroupRead<T> = { readonly error: 'NONE'; readonly value: T } | { readonly error: Refusal }
type Refusal = Exclude<WireErrorName, 'NONE'>

/** The connection of whoever asked. */
export interface Waiter {
  /** Calls `listener` once when it is gone, or is about to be ended by the broker; the returned function takes it back. */
  onClose(listener: () => void): () => void
}

/** The consumer groups that this broker coordinates: those whose partition of __consumer_offsets it leads. */
export interface Groups {
  /**
   * The answer of the group, errors of the coordinator included. Runs up to the append before it returns: the body may
   * hold views that die after the call. A join or sync may wait for other members, for minutes; when `waiter` is about to
   * end it is answered with NOT_COORDINATOR, and its member stays as long as the group's timeouts let it.
   */
  ask<Request extends GroupRequest>(groupId: string, request: Request, waiter: Waiter): Promise<ReplyTo<Request>>
  /** Reads a group, null when there is none, at once; the answer waits until what was read is durable. */
  read<T>(groupId: string, view: (group: Group | null) => T): Promise<GroupRead<T>>
  /** Every group here. */
  list(): Promise<GroupRead<readonly ListedGroup[]>>
}
