/**
 * How a record changes a group: the only writer. The membership is made anew by evolve-membership.ts; offsets are changed
 * in place. Decides nothing: a record that contradicts the group is a Bug.
 */
import { evolveMembership } from './evolve-membership.ts'
import type { OpenGroup } from './group.ts'
import { type Membership, NO_MEMBERSHIP } from './membership.ts'
import type { DurableRecord, GroupRecord } from './records.ts'

export function evolve(group: OpenGroup, record: GroupRecord): void {
  switch (record.type) {
    case 'offset':
      group.offsets.set(record.topic, record.partition, record.value)
      break
    case 'offsetRemoval':
      group.offsets.delete(record.topic, record.partition)
      break
    default:
      group.membership = evolveMembership(group.membership, record)
  }
  if (record.type === 'offset' || endsSomething(record)) group.membership = keptAlive(group)
}

/**
 * As `evolve`, of a record read back from the log: it stands for itself, whatever was known of the members before. Older
 * records of a key may be gone or not, since compaction takes its time.
 */
export function replay(group: OpenGroup, record: DurableRecord): void {
  if (record.type === 'group' || record.type === 'groupRemoval') group.membership = NO_MEMBERSHIP
  evolve(group, record)
}

function endsSomething(record: GroupRecord): boolean {
  return record.type === 'offsetRemoval' || record.type === 'groupRemoval' || record.type === 'memberPendingGone'
}

/**
 * A group that is nowhere recorded lives as long as it has offsets or somebody was given an id; else whoever asks for
 * groups by names of its own making would fill the memory with them.
 */
function keptAlive(group: OpenGroup): Membership {
  const { membership, offsets } = group
  const { state, isRecorded, pendingMembers } = membership
  if (state === 'Dead' && offsets.size > 0) return { ...membership, state: 'Empty' }
  const isHusk = state === 'Empty' && !isRecorded && offsets.size === 0 && pendingMembers.size === 0
  return isHusk ? NO_MEMBERSHIP : membership
}
