/**
 * Which topics the members of a group read: the coordinator looks into the bytes of consumers for this alone, so that
 * offsets of topics in use are neither expired nor deleted. Source: Kafka's ConsumerProtocol; KIP-211, KIP-496.
 */
import { DecodeError, Reader } from '../../base/cursor.ts'
import { decodeConsumerProtocolSubscription } from '../../wire/gen/records/consumer-protocol.ts'
import type { Member } from './membership.ts'
import { metadataOf } from './protocols.ts'

/** The protocol type of consumers, whose bytes have a known form. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/**
 * Topics of all members. Null where they cannot be known: no consumers, or a client that fills the bytes in its own way.
 */
export function subscribedTopics(
  members: Iterable<Member>,
  protocolType: string | null,
  protocol: string | null,
): ReadonlySet<string> | null {
  if (protocolType !== CONSUMER_PROTOCOL_TYPE) return null
  const topics = new Set<string>()
  for (const member of members) {
    const metadata = metadataOf(member.protocols, protocol)
    try {
      for (const topic of decodeConsumerProtocolSubscription(new Reader(metadata)).topics) topics.add(topic)
    } catch (error) {
      if (error instanceof DecodeError) return null
      throw error
    }
  }
  return topics
}

/** Whether members read the topic, as far as is known: of consumers who cannot be understood, all topics may be. */
export function isSubscribed(
  group: { readonly protocolType: string | null; readonly subscribedTopics: ReadonlySet<string> | null },
  topic: string,
): boolean {
  return group.subscribedTopics?.has(topic) ?? group.protocolType === CONSUMER_PROTOCOL_TYPE
}
