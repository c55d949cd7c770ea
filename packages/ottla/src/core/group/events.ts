/**
 * What a group is asked and what it answers: the types between the machine and the host that runs it. classic.ts says how
 * they are used. Errors are names of spec/errors; the handlers turn them into codes and into what a version can say.
 */
import type { Millis } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { HeartbeatRequest } from '../../wire/gen/heartbeat.ts'
import type { JoinGroupRequest } from '../../wire/gen/join-group.ts'
import type { LeaveGroupRequest } from '../../wire/gen/leave-group.ts'
import type { OffsetCommitRequest } from '../../wire/gen/offset-commit.ts'
import type { OffsetDeleteRequest } from '../../wire/gen/offset-delete.ts'
import type { SyncGroupRequest } from '../../wire/gen/sync-group.ts'
import type { GroupRecord } from './records.ts'

/** A request that waits for its reply. Given by the host; never given again while its request waits. */
export type RequestId = number

/** Broker config keys that groups depend on. */
export interface GroupRules {
  /** `group.min.session.timeout.ms` */
  readonly sessionTimeoutMsMin: Millis
  /** `group.max.session.timeout.ms` */
  readonly sessionTimeoutMsMax: Millis
  /** `group.initial.rebalance.delay.ms`; 0: the first member begins the first generation. */
  readonly initialRebalanceDelayMs: Millis
  /** `group.max.size`: members, and ids given to members that have not joined with them yet; 1 or more. */
  readonly groupSizeMax: number
  /** `offset.metadata.max.bytes`; counted in UTF-16 units, as Kafka counts it. */
  readonly offsetMetadataLengthMax: number
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: Millis
}

export interface GroupContext {
  /** Monotonic; all deadlines and timers are of this clock. */
  readonly nowMs: Millis
  /** Milliseconds since 1970; what records say, and what offsets expire by. */
  readonly timestamp: Millis
  readonly rules: GroupRules
}

export interface JoinEvent {
  readonly type: 'join'
  readonly request: RequestId
  readonly apiVersion: number
  readonly clientId: string
  readonly clientHost: string
  /** Drawn by the host, of 36 characters or so, never twice: the end of the member id that this join may be given. */
  readonly drawnId: string
  readonly body: JoinGroupRequest
}

export interface SyncEvent {
  readonly type: 'sync'
  readonly request: RequestId
  readonly apiVersion: number
  readonly body: SyncGroupRequest
}

export interface HeartbeatEvent {
  readonly type: 'heartbeat'
  readonly request: RequestId
  readonly body: HeartbeatRequest
}

export interface LeaveEvent {
  readonly type: 'leave'
  readonly request: RequestId
  readonly apiVersion: number
  readonly body: LeaveGroupRequest
}

/**
 * Topics have names here, also where the request had ids only: offsets are kept by name. Partitions that do not exist
 * were taken out by the host, which knows the metadata; it answers for them.
 */
export interface OffsetCommitEvent {
  readonly type: 'offsetCommit'
  readonly request: RequestId
  readonly apiVersion: number
  readonly body: OffsetCommitRequest
}

/** As with OffsetCommitEvent, partitions that do not exist are the host's. */
export interface OffsetDeleteEvent {
  readonly type: 'offsetDelete'
  readonly request: RequestId
  readonly body: OffsetDeleteRequest
}

export interface DeleteGroupEvent {
  readonly type: 'deleteGroup'
  readonly request: RequestId
}

export type RequestEvent =
  | JoinEvent
  | SyncEvent
  | HeartbeatEvent
  | LeaveEvent
  | OffsetCommitEvent
  | OffsetDeleteEvent
  | DeleteGroupEvent

/** A timer fired. Too early or too late is no harm: the group knows its deadlines. */
export type TimerEvent =
  | { readonly type: 'sessionTimeout'; readonly memberId: string }
  | { readonly type: 'joinPhaseTimeout' }
  | { readonly type: 'syncPhaseTimeout' }

export type HousekeepingEvent =
  /** All records of the partition were replayed: this broker coordinates the group from now on. Once, before any other. */
  | { readonly type: 'loaded' }
  /** Due every `offsets.retention.check.interval.ms`. */
  | { readonly type: 'expireOffsets' }
  /** Topics or partitions were deleted: their offsets go. By name of the topic. To be asked again if refused. */
  | { readonly type: 'partitionsDeleted'; readonly partitions: ReadonlyMap<string, readonly number[]> }

export type GroupEvent = RequestEvent | TimerEvent | HousekeepingEvent

export interface JoinReply {
  readonly type: 'join'
  readonly error: WireErrorName
  /** -1 on error. */
  readonly generationId: number
  /** Null on error. */
  readonly protocolType: string | null
  /** Null on error; versions below 7 say '' then. */
  readonly protocolName: string | null
  /** '' on error. */
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  readonly members: readonly JoinedMember[]
}

export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Uint8Array
}

export interface SyncReply {
  readonly type: 'sync'
  readonly error: WireErrorName
  /** Null on error. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** Empty on error. */
  readonly assignment: Uint8Array
}

export interface HeartbeatReply {
  readonly type: 'heartbeat'
  readonly error: WireErrorName
}

export interface LeaveReply {
  readonly type: 'leave'
  readonly error: WireErrorName
  /** Empty below version 3, where `error` is that of the only member. */
  readonly members: readonly LeftMember[]
}

export interface LeftMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly error: WireErrorName
}

export interface OffsetCommitReply {
  readonly type: 'offsetCommit'
  readonly topics: readonly {
    readonly name: string
    readonly topicId: Uuid
    readonly partitions: readonly PartitionOutcome[]
  }[]
}

export interface OffsetDeleteReply {
  readonly type: 'offsetDelete'
  readonly error: WireErrorName
  readonly topics: readonly { readonly name: string; readonly partitions: readonly PartitionOutcome[] }[]
}

export interface PartitionOutcome {
  readonly partitionIndex: number
  readonly error: WireErrorName
}

export interface DeleteGroupReply {
  readonly type: 'deleteGroup'
  readonly error: WireErrorName
}

export type ReplyBody =
  | JoinReply
  | SyncReply
  | HeartbeatReply
  | LeaveReply
  | OffsetCommitReply
  | OffsetDeleteReply
  | DeleteGroupReply

export interface Reply {
  readonly to: RequestId
  /** `durable`: it leaves when all that the group appended so far, this decision's records included, is committed. */
  readonly after: 'now' | 'durable'
  readonly body: ReplyBody
}

/**
 * `set` replaces the timer of the same key and is due at `atMs` (monotonic, may be past); `cancel` of a key that is not set
 * is no harm. Keys are the group's own: two groups have the same ones.
 */
export type TimerChange =
  | { readonly type: 'set'; readonly key: string; readonly atMs: Millis; readonly event: TimerEvent }
  | { readonly type: 'cancel'; readonly key: string }

/** What becomes of an event. */
export interface Decision {
  /** In order; those that `isDurable` knows are appended as one batch, all are evolved. */
  readonly records: readonly GroupRecord[]
  /** In order. */
  readonly replies: readonly Reply[]
  /** In order. */
  readonly timers: readonly TimerChange[]
  /**
   * When the append is refused at once: `drop` the decision (a request is told why, by `refuse`), or `evolve` it all the
   * same, because time passed whatever the log says.
   */
  readonly ifRefused: 'drop' | 'evolve'
}
