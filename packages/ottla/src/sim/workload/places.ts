/** The topics of a run, what each promises, and which partitions a crash has excused from it. */
import type { Uuid } from '../../base/uuid.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import type { History } from '../checkers/history.ts'
import type { Compaction } from '../checkers/keyed.ts'
import type { PartitionHistory } from '../checkers/partition-history.ts'

export type Durability = 'disk' | 'page-cache'

/** How a topic is compacted. */
export interface CompactionPlan extends Compaction {
  /** Old records may be deleted too. */
  readonly deletes: boolean
}

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  readonly durability: Durability
  readonly compaction: CompactionPlan | null
  /** Topic config by Kafka's names, durability not included. */
  readonly configs: readonly (readonly [string, string])[]
}

/** One partition, as clients know it. */
export class Place {
  readonly topic: TopicPlan
  readonly partition: number
  readonly history: PartitionHistory
  topicId: Uuid = ZERO_UUID
  /** Rises when a crash may legally have taken what was acknowledged; clients then begin anew. */
  #losses = 0

  constructor(topic: TopicPlan, partition: number, history: History) {
    this.topic = topic
    this.partition = partition
    this.history = history.partition(`${topic.name}-${partition}`, topic.compaction)
  }

  get losses(): number {
    return this.#losses
  }

  /** Whether clients may delete its records. */
  get mayDelete(): boolean {
    return this.topic.compaction?.deletes ?? true
  }

  /** The power went: nothing that only page cache held is promised. */
  powerCut(): void {
    if (this.topic.durability === 'disk') return
    this.#losses++
    this.history.excuseLoss(0)
  }
}

export function placesOf(topics: readonly TopicPlan[], history: History): readonly Place[] {
  return topics.flatMap(topic =>
    Array.from({ length: topic.partitions }, (_, partition) => new Place(topic, partition, history)),
  )
}
