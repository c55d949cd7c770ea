/** Offsets of topics that are no more. */
import { ZERO_UUID } from '../base/uuid.ts'
import type { Group } from '../core/group/group.ts'
import { type MetadataImage, topicByName } from '../core/metadata/image.ts'

/**
 * What the group has committed for topics that were deleted, or deleted and made again since, by topic; null when nothing.
 * Of an offset without a topic id only the name can be compared.
 */
export function orphansOf({ offsets }: Group, image: MetadataImage): ReadonlyMap<string, readonly number[]> | null {
  let orphans: Map<string, number[]> | null = null
  for (const [name, partitions] of offsets.topics()) {
    const topic = topicByName(image, name)
    const gone: number[] = []
    for (const [partition, { topicId }] of partitions) {
      if (topic === null || (topicId !== ZERO_UUID && topicId !== topic.id)) gone.push(partition)
    }
    if (gone.length === 0) continue
    orphans ??= new Map()
    orphans.set(name, gone)
  }
  return orphans
}
