/** Reads everything back while nobody writes, and lets the history compare. */
import type { Offset } from '../../../packages/ottla/src/base/units.ts'
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import { errorNameOf } from '../../../packages/ottla/src/spec/errors.ts'
import { visitFetched } from './fetched-records.ts'
import { fetchFrom, offsetRange, type Place } from './fetching.ts'
import type { Load } from './load.ts'
import { partitionName } from './topics.ts'

const LIMITS = { maxWaitMs: 0, maxBytes: 8 * 1024 * 1024, partitionMaxBytes: 8 * 1024 * 1024 }
const NOTHING = new Uint8Array(0)

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
  let torn: readonly Offset[] | null = []
  while (torn !== null) torn = await readRange(connection, { load, place, tornBefore: torn })
}

/** Null when it was judged. Else what it shows may have changed while it was read, and it has to be read once more. */
async function readRange(
  connection: Connection,
  { load, place, tornBefore }: { load: Load; place: Place; tornBefore: readonly Offset[] },
): Promise<readonly Offset[] | null> {
  const name = partitionName(place.topic.name, place.partition)
  const { compaction } = place.topic
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
    // What a producer without replies still adds lies beyond the end that was told, and is next time's.
    const range = { from, end, compaction }
    let afterLast = from
    const { nextOffset, problem } = visitFetched(answer.records ?? NOTHING, range, (offset, mark) => {
      read.reads(offset, mark)
      afterLast = offset + 1
      load.measures.readBackRecords++
    })
    if (problem !== null) load.history.unexpected(name, `reading back from ${from}: ${problem}`)
    const before = from
    from = compaction === null ? afterLast : Math.max(afterLast, nextOffset)
    // Nothing may be left of the end of a compacted partition.
    const isAtEnd = compaction !== null && from === before
    if (problem === null && isAtEnd) break
    if (from === before || problem !== null) {
      load.history.unexpected(name, `reading back gets no further than ${from} of ${end}`)
      break
    }
  }
  const { torn } = read
  if (torn.length > 0 && !torn.some(offset => tornBefore.includes(offset))) return torn
  read.end(end)
  return null
}
