/** One group as its coordinator knows it: its members and its offsets. Written by evolve.ts only. */
import { type Membership, NO_MEMBERSHIP } from './membership.ts'
import { type Offsets, OffsetTable } from './offset-table.ts'

/** What decisions read. */
export interface Group {
  readonly groupId: string
  readonly membership: Membership
  readonly offsets: Offsets
}

/** What the host holds and evolve writes: the same object from the first record to the last. */
export interface OpenGroup extends Group {
  membership: Membership
  readonly offsets: OffsetTable
}

/** A group of which nothing is known: `Dead`. The host drops it again when it is so after an event. */
export function openGroup(groupId: string): OpenGroup {
  return { groupId, membership: NO_MEMBERSHIP, offsets: new OffsetTable() }
}

/** Whether nothing is left for which the group would be kept. */
export function isGone(group: Group): boolean {
  return group.membership.state === 'Dead'
}
