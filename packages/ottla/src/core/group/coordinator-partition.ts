/** Which partition of __consumer_offsets holds a group: its leader coordinates it. Source: Kafka’s Utils.abs, Java String.hashCode. */
import { assert } from '../../base/assert.ts'
import type { PartitionIndex } from '../../base/units.ts'

/** The internal topic that holds groups and their offsets. */
export const GROUP_OFFSETS_TOPIC = '__consumer_offsets'

/** `partitionCount`: of the topic, 1 or more; it must never change while there are groups. */
export function coordinatorPartition(groupId: string, partitionCount: number): PartitionIndex {
  assert(partitionCount > 0, 'the topic has partitions', { partitionCount })
  let hash = 0
  for (let i = 0; i < groupId.length; i++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(i)) | 0
  // The lowest int32 has no positive twin; Kafka takes 0.
  return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitionCount
}
