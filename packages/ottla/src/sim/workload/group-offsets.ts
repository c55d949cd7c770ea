/** What a group has committed, as the broker tells it, and whether that is what was promised. */
import type { Offset } from '../../base/units.ts'
import type { Connection } from '../../client/connection.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import { offsetFetchApi } from '../../wire/gen/offset-fetch.ts'
import type { GroupHistory } from '../checkers/group-history.ts'
import { nameOf } from './actor.ts'

/** By partition; what is not there was not committed. Or the error of the whole group. */
export async function fetchOffsets(
  connection: Connection,
  { history: { groupId } }: { readonly history: GroupHistory },
): Promise<ReadonlyMap<number, Offset> | Exclude<WireErrorName, 'NONE'>> {
  const reply = await connection.request(offsetFetchApi, {
    groupId,
    topics: null,
    groups: [{ groupId, topics: null }],
  })
  const { errorCode, topics } = reply.groups[0] ?? reply
  const error = nameOf(errorCode)
  if (error !== 'NONE') return error
  return new Map(
    topics.flatMap(({ partitions }) => partitions.map(each => [each.partitionIndex, each.committedOffset] as const)),
  )
}

/** Everything that the group has committed, compared with what was promised when it was asked for. */
export async function auditOffsets(
  connection: Connection,
  { history, partitions }: { readonly history: GroupHistory; readonly partitions: number },
): Promise<WireErrorName> {
  const least = Array.from({ length: partitions }, (_, partition) => history.least(partition))
  const told = await fetchOffsets(connection, { history })
  if (typeof told === 'string') return told
  for (const [partition, offset] of least.entries()) history.fetched(partition, told.get(partition) ?? -1, offset)
  return 'NONE'
}
