/** Reads everything back while nobody writes, and lets the history compare. */
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import { errorNameOf } from '../../../packages/ottla/src/spec/errors.ts'
import { visitFetched } from './fetched-records.ts'
import { fetchFrom, offsetRange, type Place } from './fetching.ts'
import type { Load } from './load.ts'
import { partitionName } from './topics.ts'

const LIMITS = { maxWaitMs: 0, maxBytes: 8 * 1024 * 1024, partitionMaxBytes: 8 * 1024 * 1024 }

/** All partitions of all topics, one after the other. */
export async function readBack(connection: Connection, load: Load): Promise<void> {
  load.measures.readBacks++
  for (const topic of load.topics) {
    for (let partition = 0; partition < topic.partitions; partition++) {
      await readPartition(connection, load, { topic, partition })
    }
  }
}

async function readPartition(connection: Connection, load: Load, place: Place): Promise<void> {
  const name = partitionName(place.topic.name, place.partition)
  const { start, end } = await offsetRange(connection, place)
  const read = load.history.fullRead(name, start)
  let from = start
  while (from < end) {
    const [answer] = await fetchFrom(connection, [{ ...place, from }], { ...LIMITS, byId: true })
    if (answer?.errorCode !== 0) {
      const error = answer == null ? 'not at all' : errorNameOf(answer.errorCode)
      load.history.unexpected(name, `asked for ${from} of ${start} to ${end}, reading back was answered ${error}`)
      break
    }
    const before = from
    // What a producer without replies still adds lies beyond the end that was told, and is next time's.
    const problem = visitFetched(answer.records ?? new Uint8Array(0), { from, end }, (offset, mark) => {
      read.reads(offset, mark)
      from = offset + 1
      load.measures.readBackRecords++
    })
    if (problem !== null) load.history.unexpected(name, `reading back from ${before}: ${problem}`)
    if (from === before || problem !== null) {
      load.history.unexpected(name, `reading back gets no further than ${from} of ${end}`)
      break
    }
  }
  read.end(end)
}
