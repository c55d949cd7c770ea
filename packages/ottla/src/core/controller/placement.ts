/**
 * Where replicas of new partitions go: leaders in turn over all brokers, followers over the brokers after them with a gap
 * that grows each turn, so that what one broker led is taken over by several; replicas of one partition in different racks
 * while there are enough of them. Deterministic. Moves nothing that exists. The idea is Kafka's (KIP-36 for racks).
 */
import { assert } from '../../base/assert.ts'
import type { BrokerId } from '../../base/units.ts'

export interface PlaceableBroker {
  readonly id: BrokerId
  readonly rack: string | null
}

export interface PlacementRequest {
  /** Index of the first new partition, so that added partitions go on where the topic ended. */
  readonly firstPartition: number
  readonly count: number
  /** 1 to the number of brokers. */
  readonly replicationFactor: number
  /** Where to begin: any whole number from 0. */
  readonly start: number
}

/** Replicas of each new partition, the preferred leader first. `brokers` are distinct, in any order. */
export function placeReplicas(brokers: readonly PlaceableBroker[], request: PlacementRequest): BrokerId[][] {
  const { firstPartition, count, replicationFactor, start } = request
  assert(replicationFactor >= 1 && replicationFactor <= brokers.length, 'there are enough brokers', {
    replicationFactor,
    brokers: brokers.length,
  })
  const ring = alternateRacks(brokers)
  const racks = new Set(ring.map(broker => broker.rack))
  // A broker that does not say where it stands could stand anywhere: then racks mean nothing.
  const rackCount = racks.has(null) ? 1 : racks.size
  const placed: BrokerId[][] = []
  for (let index = firstPartition; index < firstPartition + count; index++) {
    const first = (start + index) % ring.length
    const gap = Math.floor((start + index) / ring.length)
    placed.push(choose(ring, { first, gap, replicationFactor, rackCount }))
  }
  return placed
}

function choose(
  ring: readonly PlaceableBroker[],
  turn: { first: number; gap: number; replicationFactor: number; rackCount: number },
): BrokerId[] {
  const leader = ring[turn.first]!
  const chosen = [leader.id]
  const usedRacks = new Set([leader.rack])
  const others = ring.length - 1
  // First those that bring a new rack, then, when no rack is new any more, whoever comes next.
  for (const wantNewRack of [true, false]) {
    for (let step = 0; step < others && chosen.length < turn.replicationFactor; step++) {
      const candidate = ring[(turn.first + 1 + ((turn.gap + step) % others)) % ring.length]!
      if (chosen.includes(candidate.id)) continue
      if (wantNewRack && turn.rackCount > 1 && usedRacks.has(candidate.rack)) continue
      chosen.push(candidate.id)
      usedRacks.add(candidate.rack)
    }
  }
  return chosen
}

/** Brokers by id, but the racks in turn, so that neighbours stand apart. */
function alternateRacks(brokers: readonly PlaceableBroker[]): PlaceableBroker[] {
  const byRack = new Map<string, PlaceableBroker[]>()
  for (const broker of [...brokers].sort((a, b) => a.id - b.id)) {
    const rack = broker.rack ?? ''
    const members = byRack.get(rack)
    if (members === undefined) byRack.set(rack, [broker])
    else members.push(broker)
  }
  const racks = [...byRack.keys()].sort().map(rack => byRack.get(rack)!)
  const ring: PlaceableBroker[] = []
  for (let turn = 0; ring.length < brokers.length; turn++) {
    for (const members of racks) {
      const broker = members[turn]
      if (broker !== undefined) ring.push(broker)
    }
  }
  return ring
}
