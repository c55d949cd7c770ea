/**
 * DescribeLogDirs: the log directories of the broker that is asked, what each holds and how large that is. v2 flexible, v3
 * an error for the whole request, v4 the size of the file system and what of it is usable.
 *
 * - No list of topics asks for all partitions, an empty one for none; what this broker does not hold is left out.
 * - A directory that is out of service: 56, with nothing in it.
 * - `offsetLag` is 0 for the log of a leader, or of the only replica, which lags behind nothing. A replica on its way here
 *   has `isFutureKey`, and lags behind the one that it follows.
 */

import type { Clock } from '../../ports/clock.ts'
import type { DirectoryReply } from '../../runtime/services.ts'
import { nextTurn } from '../../runtime/turns.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type DescribeLogDirsRequest,
  type DescribeLogDirsResponseInput,
  describeLogDirsApi,
  type LogDirPartition,
  type LogDirResultInput,
} from '../../wire/gen/describe-log-dirs.ts'
import { type Handler, serve } from './handler.ts'

/** Logs looked at before others get their turn. */
const LOGS_PER_TURN = 1000

/** Partitions by topic; null: all. */
type Wanted = ReadonlyMap<string, ReadonlySet<number>> | null

export const handleDescribeLogDirs: Handler<DescribeLogDirsRequest, DescribeLogDirsResponseInput> = async (
  { services },
  request,
) => {
  const wanted = wantedIn(request)
  const results: LogDirResultInput[] = []
  for (const directory of await services.partitions.directories()) {
    results.push(await describe(directory, wanted, services.clock))
  }
  return { body: { results } }
}

export const describeLogDirs = serve(describeLogDirsApi, handleDescribeLogDirs)

function wantedIn({ topics }: DescribeLogDirsRequest): Wanted {
  if (topics === null) return null
  const wanted = new Map<string, Set<number>>()
  for (const { topic, partitions } of topics) {
    const indexes = wanted.get(topic) ?? new Set()
    for (const index of partitions) indexes.add(index)
    wanted.set(topic, indexes)
  }
  return wanted
}

async function describe(directory: DirectoryReply, wanted: Wanted, clock: Clock): Promise<LogDirResultInput> {
  const { path, error, totalBytes, usableBytes } = directory
  const byTopic = new Map<string, LogDirPartition[]>()
  let seen = 0
  for (const { topic, partition, sizeBytes, offsetLag, isFuture } of directory.logs()) {
    if (++seen % LOGS_PER_TURN === 0) await nextTurn(clock)
    if (wanted !== null && wanted.get(topic)?.has(partition) !== true) continue
    const row = { partitionIndex: partition, partitionSize: sizeBytes, offsetLag, isFutureKey: isFuture }
    const rows = byTopic.get(topic)
    if (rows === undefined) byTopic.set(topic, [row])
    else rows.push(row)
  }
  const topics = [...byTopic].map(([name, partitions]) => ({ name, partitions }))
  return { errorCode: errorCodeOf(error), logDir: path, topics, totalBytes, usableBytes }
}
