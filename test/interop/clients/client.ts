/**
 * What a client under test can be asked to do, and how it says what it cannot. An adapter drives the real library
 * or program; the scenarios and the comparison are shared.
 */
import type { Codec } from '../raw/batches.ts'
import type { Address } from '../raw/judge.ts'
import type { Comparison, InteropRecord, ReadRecord, RecordFeature } from '../records.ts'
import type { LogDirAdmin } from './log-dir-admin.ts'
import type { GroupAdmin, GroupMember, JoinRequest } from './member.ts'

export type Ability =
  | 'create topic'
  | 'list topics'
  | 'describe topic'
  | 'delete topic'
  | 'delete records'
  | 'change configs'
  | 'log sizes'
  | 'move between log directories'
  | 'locate replica'
  | `write ${Codec}`
  | `read ${Codec}`
  | 'write idempotent'
  | 'choose acks'
  | 'create topic by writing'
  | 'read from timestamp'
  | 'read committed'
  | 'offset at timestamp'
  | 'offset of maximum timestamp'
  | `write ${RecordFeature}`
  | 'assign range'
  | 'assign roundrobin'
  | 'assign cooperative'
  | 'static membership'
  | 'commit offsets'
  | 'seek'
  | 'pause'
  | 'grow topic'
  | 'describe groups'
  | 'delete group'
  | 'read committed offsets'
  | 'reset offsets'
  | 'delete offsets'

/** Reasons, by ability, why a client cannot do something. What is not listed must work. */
export type Limits = Readonly<Partial<Record<Ability, string>>>

export interface WriteRequest {
  readonly topic: string
  readonly partition: number
  readonly codec: Codec
  readonly acks: -1 | 0 | 1
  readonly idempotent: boolean
  readonly records: readonly InteropRecord[]
}

export type Start =
  | { readonly at: 'earliest' }
  | { readonly at: 'latest' }
  | { readonly at: 'offset'; readonly offset: number }
  | { readonly at: 'timestamp'; readonly timestampMs: number }

export interface ReadRequest {
  readonly topic: string
  /** The partitions to read at once. Either one, or all of the topic. */
  readonly partitions: readonly number[]
  readonly start: Start
  /** The read ends when it has this many records, or at the timeout with those that it has. */
  readonly count: number
  readonly timeoutMs: number
  readonly committedOnly: boolean
}

export type OffsetQuestion =
  | { readonly at: 'earliest' }
  | { readonly at: 'latest' }
  | { readonly at: 'maximum timestamp' }
  | { readonly at: 'timestamp'; readonly timestampMs: number }

export interface ConfigChange {
  readonly set: Readonly<Record<string, string>>
  readonly remove: readonly string[]
}

/** A client connected to a broker. */
export interface ClientSession {
  createTopic(topic: string, partitions: number, configs: Readonly<Record<string, string>>): Promise<void>
  listTopics(): Promise<readonly string[]>
  /** Number of partitions. */
  describeTopic(topic: string): Promise<number>
  deleteTopic(topic: string): Promise<void>
  /** Gives the topic more partitions, `count` in all. */
  growTopic(topic: string, count: number): Promise<void>
  /** All configs in force. */
  topicConfigs(topic: string): Promise<Readonly<Record<string, string>>>
  /** Sets these configs of the topic, and takes back those of `remove`; others stay as they are. */
  alterTopicConfigs(topic: string, change: ConfigChange): Promise<void>
  /** Bytes that the topic takes in log directories, all partitions together. */
  topicBytes(topic: string): Promise<number>
  write(request: WriteRequest): Promise<void>
  read(request: ReadRequest): Promise<readonly ReadRecord[]>
  /** Null when no record is that late. */
  offset(topic: string, partition: number, question: OffsetQuestion): Promise<number | null>
  /** Deletes everything before the offset. Returns the new start. */
  deleteRecords(topic: string, partition: number, before: number): Promise<number>
  /** Starts a member of a group; resolves when it runs, not when it has partitions. */
  join(request: JoinRequest): Promise<GroupMember>
  /** Null when the client has no administration; its limits say so. */
  readonly groups: GroupAdmin | null
  /** Null when the client has no administration; its limits say so. */
  readonly logDirs: LogDirAdmin | null
  /** The end of what the client itself logged, for a failure report. */
  log(): Promise<string>
  close(): Promise<void>
}

export interface InteropClient {
  /** Short name, as in `--client`. */
  readonly name: string
  /** Library and version. */
  readonly title: string
  readonly limits: Limits
  /** How records read by this client are compared, when it does not show everything. */
  readonly comparison?: Comparison
  /** How the API is used where that is not obvious, for the notes under the table. */
  readonly notes?: readonly string[]
  /** Installs what is missing. */
  install(): Promise<void>
  /** Connects. `logFolder` takes the client's own log. */
  open(address: Address, logFolder: string): Promise<ClientSession>
}
