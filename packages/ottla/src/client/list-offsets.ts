/** Asks where a partition begins and ends, and which record was the first at or after a time. Source: KIP-79, KIP-734. */
import type { Millis, Offset, PartitionIndex } from '../base/units.ts'
import { listOffsetsApi } from '../wire/gen/list-offsets.ts'
import type { Cluster } from './cluster.ts'
import { refuseError, WireFailure } from './wire-failure.ts'

/** What can be asked for besides a time. */
export const SpecialTime = { end: -1, start: -2 } as const

export interface FoundOffset {
  /** -1: no record is that new. */
  readonly offset: Offset
  /** Time of the record found; -1 when none was, or for the start and the end. */
  readonly timestampMs: Millis
}

/** Asks the leader once. `timestamp`: milliseconds since 1970, or a SpecialTime. Rejects with a WireFailure or ConnectionError. */
export async function listOffset(
  cluster: Cluster,
  topic: string,
  partition: PartitionIndex,
  timestamp: Millis,
): Promise<FoundOffset> {
  const { address, leaderEpoch } = await cluster.leader(topic, partition)
  const connection = await cluster.connections.to(address)
  const response = await connection.request(listOffsetsApi, {
    topics: [
      {
        name: topic,
        partitions: [{ partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp }],
      },
    ],
  })
  const what = `cannot list offsets of ${topic}-${partition}`
  const found = response.topics[0]?.partitions[0]
  if (found === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  refuseError(found.errorCode, what)
  return { offset: found.offset, timestampMs: found.timestamp }
}
