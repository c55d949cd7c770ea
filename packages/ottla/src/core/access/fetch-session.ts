/**
 * One fetch session: the partitions that a reader follows, and what it was told of each last, so that neither side repeats
 * what did not change. Source: KIP-227; topic ids KIP-516.
 */
import type { LeaderEpoch, Millis, Offset, PartitionIndex } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { WireErrorName } from '../../spec/errors.ts'

/** One partition to be read. A session names topics by id or by name, never both. */
export interface SessionRead {
  readonly topic: string | null
  readonly topicId: Uuid | null
  readonly partition: PartitionIndex
  readonly fetchOffset: Offset
  readonly maxBytes: number
  readonly currentLeaderEpoch: LeaderEpoch
  readonly lastFetchedEpoch: LeaderEpoch
}

export type SessionPartitionName = Pick<SessionRead, 'topic' | 'topicId' | 'partition'>

/** What a reader may be told of a partition. */
export interface SessionAnswer {
  readonly error: WireErrorName
  readonly highWatermark: Offset
  readonly lastStableOffset: Offset
  readonly logStartOffset: Offset
  /** Null when the reader's history is ours. */
  readonly divergingEpoch: object | null
  /** Of records. */
  readonly bytes: number
}

/** -2 is no offset: whatever comes next differs from it and is told. */
const NEVER_TOLD = -2

/** A partition of the session with what was told last. */
export interface FollowedPartition {
  readonly key: string
  read: SessionRead
  highWatermark: Offset
  lastStableOffset: Offset
  logStartOffset: Offset
}

export class FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  /** A follower's session: consumers do not push it out. */
  readonly privileged: boolean
  readonly createdAtMs: Millis
  usedAtMs: Millis
  /** What the next request must say: 1 to 2^31 - 1, then 1 again. */
  epoch = 1
  /** In the order in which they are read: whose records were sent last stand last, so that all get their turn. */
  readonly #partitions = new Map<string, FollowedPartition>()
  /** The partitions in order; made anew when their order or number changed, never changed: answers under way hold it. */
  #order: readonly FollowedPartition[] | null = null

  constructor(session: { id: number; usesTopicIds: boolean; privileged: boolean; nowMs: Millis }) {
    this.id = session.id
    this.usesTopicIds = session.usesTopicIds
    this.privileged = session.privileged
    this.createdAtMs = session.nowMs
    this.usedAtMs = session.nowMs
  }

  get size(): number {
    return this.#partitions.size
  }

  partitions(): readonly FollowedPartition[] {
    this.#order ??= [...this.#partitions.values()]
    return this.#order
  }

  /** How many of the reads are of partitions that the session does not follow yet. */
  countNew(reads: readonly SessionRead[]): number {
    return new Set(reads.map(keyOf).filter(key => !this.#partitions.has(key))).size
  }

  /** Adds or changes what the request names, then drops what it forgets. */
  update(reads: readonly SessionRead[], forgotten: readonly SessionPartitionName[]): void {
    for (const read of reads) {
      const key = keyOf(read)
      const followed = this.#partitions.get(key)
      if (followed === undefined) {
        this.#partitions.set(key, follow(key, read))
        this.#order = null
      } else followed.read = read
    }
    for (const name of forgotten) if (this.#partitions.delete(keyOf(name))) this.#order = null
  }

  advanceEpoch(): void {
    this.epoch = this.epoch === 0x7fff_ffff ? 1 : this.epoch + 1
  }

  /** Puts a partition whose records were sent behind the others. */
  moveLast(partition: FollowedPartition): void {
    if (this.#partitions.get(partition.key) !== partition) return
    this.#partitions.delete(partition.key)
    this.#partitions.set(partition.key, partition)
    this.#order = null
  }
}

/** Whether the reader must be told (I-15), and notes that it was. */
export function tell(partition: FollowedPartition, answer: SessionAnswer): boolean {
  const changed =
    partition.highWatermark !== answer.highWatermark ||
    partition.lastStableOffset !== answer.lastStableOffset ||
    partition.logStartOffset !== answer.logStartOffset
  partition.highWatermark = answer.highWatermark
  partition.lastStableOffset = answer.lastStableOffset
  partition.logStartOffset = answer.logStartOffset
  const trouble = answer.error !== 'NONE' || answer.divergingEpoch !== null
  // What was told with an error is told again when the error is gone.
  if (trouble) partition.highWatermark = NEVER_TOLD
  return changed || trouble || answer.bytes > 0
}

function keyOf(name: SessionPartitionName): string {
  return `${name.partition}/${name.topicId ?? name.topic ?? ''}`
}

function follow(key: string, read: SessionRead): FollowedPartition {
  return { key, read, highWatermark: NEVER_TOLD, lastStableOffset: NEVER_TOLD, logStartOffset: NEVER_TOLD }
}
