/**
 * AlterReplicaLogDirs: the log directory of the broker that is asked in which a partition is to lie. The answer says
 * whether the move was begun; how far it is, DescribeLogDirs tells. v2 flexible.
 *
 * - Per partition: 57 for a directory that is not configured, 56 for one that is out of service or a partition in such a
 *   one, 17 for a topic whose name leaves no room for the folder of a move, 3 for a partition that nobody knows, 9 for one
 *   that is not here. With 3 and 9 the directory is remembered, for when the partition is made here.
 * - A partition that moves elsewhere stops doing so; one that lies in the directory stays there, and that is no error.
 * - A partition that is named with several directories is wanted in the last one.
 *
 * Source: Kafka ReplicaManager.alterReplicaLogDirs; KIP-113.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type AlterReplicaLogDirsRequest,
  type AlterReplicaLogDirsResponseInput,
  alterReplicaLogDirsApi,
} from '../../wire/gen/alter-replica-log-dirs.ts'
import { type Handler, serve } from './handler.ts'
import { inGroups } from './turns.ts'

/** Futures that are made at a time. */
const PARTITIONS_AT_ONCE = 32

export const handleAlterReplicaLogDirs: Handler<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponseInput> = async (
  { services },
  request,
) => {
  const wanted = wantedIn(request)
  const moves = [...wanted].flatMap(([topic, partitions]) =>
    Array.from(partitions, ([partition, path]) => ({ topic, partition, path })),
  )
  const errors = await inGroups(moves, PARTITIONS_AT_ONCE, ({ topic, partition, path }) =>
    services.places.move(topic, partition, path),
  )
  let next = 0
  const results = Array.from(wanted, ([topicName, partitions]) => ({
    topicName,
    partitions: Array.from(partitions.keys(), partitionIndex => ({
      partitionIndex,
      errorCode: errorCodeOf(errors[next++]!),
    })),
  }))
  return { body: { results } }
}

export const alterReplicaLogDirs = serve(alterReplicaLogDirsApi, handleAlterReplicaLogDirs)

/** The directory of each partition, by topic; a topic that is named without partitions is left out. */
function wantedIn({ dirs }: AlterReplicaLogDirsRequest): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const wanted = new Map<string, Map<number, string>>()
  for (const { path, topics } of dirs) {
    for (const { name, partitions } of topics) {
      for (const partition of partitions) {
        const paths = wanted.get(name) ?? new Map<number, string>()
        wanted.set(name, paths.set(partition, path))
      }
    }
  }
  return wanted
}
