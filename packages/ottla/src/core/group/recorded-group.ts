/** The record of a group as it is now, in Kafka's form. Source: Kafka 4.2 GroupMetadataValue. */
import type { Millis } from '../../base/units.ts'
import { type Membership, NO_BYTES } from './membership.ts'
import { metadataOf } from './protocols.ts'
import type { DurableRecord } from './records.ts'

export interface RecordedNow {
  readonly generation: number
  readonly timestamp: Millis
  /** What each member gets, by member id, in bytes of our own; nothing for who is not named. Absent: what they have. */
  readonly assignments?: ReadonlyMap<string, Uint8Array>
}

/** The group has members and a protocol, or neither. */
export function groupRecord(membership: Membership, now: RecordedNow): Extract<DurableRecord, { type: 'group' }> {
  const { protocolType, protocol, leader, members } = membership
  return {
    type: 'group',
    value: {
      protocolType: protocolType ?? '',
      generation: now.generation,
      protocol: members.size === 0 ? null : protocol,
      leader,
      currentStateTimestamp: now.timestamp,
      members: [...members.values()].map(member => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: metadataOf(member.protocols, protocol),
        assignment:
          now.assignments === undefined ? member.assignment : (now.assignments.get(member.memberId) ?? NO_BYTES),
      })),
    },
  }
}
