/** Where clients of one listener reach brokers: each broker's endpoint of the same listener name (KIP-103). */
import type { BrokerId } from '../../base/units.ts'
import { type BrokerEndpoint, type BrokerImage, isAlive, type MetadataImage } from '../../core/metadata/image.ts'
import type { CurrentLeader } from '../../runtime/services.ts'

/** The broker's endpoint for those who came by `listener`; null when it has none of that name. */
export function endpointOf(broker: BrokerImage, listener: string): BrokerEndpoint | null {
  return broker.endpoints.find(endpoint => endpoint.listener === listener) ?? null
}

export interface NodeEndpoint {
  readonly nodeId: BrokerId
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** Addresses of the leaders that a reply names, each once (KIP-951). Leaders that cannot be reached are left out. */
export function leaderEndpoints(
  image: MetadataImage,
  listener: string,
  leaders: Iterable<CurrentLeader | null>,
): NodeEndpoint[] {
  const found = new Map<BrokerId, NodeEndpoint>()
  for (const leader of leaders) {
    if (leader === null || found.has(leader.leaderId) || !isAlive(image, leader.leaderId)) continue
    const broker = image.brokers.get(leader.leaderId)
    const endpoint = broker === undefined ? null : endpointOf(broker, listener)
    if (broker === undefined || endpoint === null) continue
    found.set(broker.id, { nodeId: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.rack })
  }
  return [...found.values()]
}
