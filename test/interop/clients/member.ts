/** A consumer in a group, driven through a client under test; and the groups seen by its administration. */

export type Assignor = 'range' | 'roundrobin' | 'cooperative'

export interface JoinRequest {
  readonly group: string
  readonly topic: string
  readonly assignor: Assignor
  /** Name of a static member, or null. */
  readonly instanceId: string | null
  readonly sessionTimeoutMs: number
  /** How often the library commits what was read; null when only {@link GroupMember.commit} commits. */
  readonly autoCommitMs: number | null
}

/** A record as a member shows it; what records look like in full is the business of other scenarios. */
export type SeenRecord = readonly [partition: number, offset: number, value: string | null]

export interface MemberView {
  /** Partitions that the member owns, in order. */
  readonly assigned: readonly number[]
  /** How often the member was given an assignment. */
  readonly assignments: number
  /** Every partition that was taken away, in order. */
  readonly revoked: readonly number[]
  /** What was read since the last view; the value in base64. */
  readonly records: readonly SeenRecord[]
  /** The first error that the library reported, or null. */
  readonly failure: string | null
}

export type PartitionOffset = readonly [partition: number, offset: number]

export interface GroupMember {
  view(): Promise<MemberView>
  commit(offsets: readonly PartitionOffset[]): Promise<void>
  seek(partition: number, offset: number): Promise<void>
  pause(partitions: readonly number[]): Promise<void>
  resume(partitions: readonly number[]): Promise<void>
  /** Closes the consumer as the library does it. What it had read since the last view is in the result. */
  leave(): Promise<MemberView>
}

export interface GroupDescription {
  readonly state: string
  readonly members: number
  readonly partitions: readonly number[]
}

/** Administration of groups and their offsets. */
export interface GroupAdmin {
  listGroups(): Promise<readonly string[]>
  describeGroup(group: string, topic: string): Promise<GroupDescription>
  deleteGroup(group: string): Promise<void>
  committed(group: string, topic: string, partitions: readonly number[]): Promise<readonly PartitionOffset[]>
  resetOffsets(group: string, topic: string, offsets: readonly PartitionOffset[]): Promise<void>
  deleteOffsets(group: string, topic: string, partitions: readonly number[]): Promise<void>
}
