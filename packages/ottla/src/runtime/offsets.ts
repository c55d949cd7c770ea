/** Questions about offsets: by time, by leader epoch, and the deletion of what lies below one. */
import type { Offset } from '../base/units.ts'
import { isInternalTopic } from '../core/metadata/names.ts'
import { checkEpoch, checkLeader } from '../core/partition/leadership.ts'
import { decideDeleteRecords, knowsCommitted, readLimit } from '../core/partition/read.ts'
import type { Clock } from '../ports/clock.ts'
import type { WireErrorName } from '../spec/errors.ts'
import { faultToWire } from './faults.ts'
import type { HostedPartition } from './hosted-partition.ts'
import type { PartitionTable } from './partition-table.ts'
import type { EpochReply, OffsetReply, PartitionName, Partitions } from './services.ts'

/** What ListOffsets asks for instead of a time. Sources: KIP-734 (-3), KIP-405 (-4, -5), KIP-1023 (-6). */
export const OffsetAt = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  earliestLocal: -4,
  lastTiered: -5,
  earliestPendingUpload: -6,
} as const

type Asked = Parameters<Partitions['offsetFor']>[1]

export async function offsetFor(table: PartitionTable, name: PartitionName, asked: Asked): Promise<OffsetReply> {
  const hosted = table.resolve(name)
  if (typeof hosted === 'string') return unknownOffset(hosted)
  const refused = checkLeader(hosted.state, asked.currentLeaderEpoch)
  if (refused !== null) return unknownOffset(refused)
  for (;;) {
    const { log } = hosted
    try {
      return await find(hosted, asked)
    } catch (fault) {
      // It was moved meanwhile: asked again where it is now.
      if (hosted.log === log || hosted.closed) return unknownOffset(faultToWire(fault))
    }
  }
}

async function find(hosted: HostedPartition, asked: Asked): Promise<OffsetReply> {
  const { state, log } = hosted
  const upTo = readLimit(state, asked.readCommitted ? 'committed-transactions' : 'consumer')
  switch (asked.timestamp) {
    case OffsetAt.latest:
      if (!knowsCommitted(state)) return unknownOffset('OFFSET_NOT_AVAILABLE')
      return { error: 'NONE', offset: upTo, timestamp: -1, leaderEpoch: state.leaderEpoch }
    case OffsetAt.earliest:
    case OffsetAt.earliestLocal: {
      const offset = state.logStartOffset
      return { error: 'NONE', offset, timestamp: -1, leaderEpoch: log.epochs.epochAt(offset) }
    }
    case OffsetAt.lastTiered:
    case OffsetAt.earliestPendingUpload:
      // Nothing is tiered, so nothing was, and nothing waits to be.
      return unknownOffset('NONE')
    case OffsetAt.maxTimestamp:
      return reply(await log.maxTimestamp(upTo))
    default:
      if (!knowsCommitted(state)) return unknownOffset('OFFSET_NOT_AVAILABLE')
      return reply(await log.offsetForTimestamp(asked.timestamp, upTo))
  }
}

function reply(found: { offset: Offset; timestamp: number; leaderEpoch: number } | null): OffsetReply {
  return found === null ? unknownOffset('NONE') : { error: 'NONE', ...found }
}

function unknownOffset(error: WireErrorName): OffsetReply {
  return { error, offset: -1, timestamp: -1, leaderEpoch: -1 }
}

export function endOffsetForEpoch(
  table: PartitionTable,
  name: PartitionName,
  asked: Parameters<Partitions['endOffsetForEpoch']>[1],
): EpochReply {
  const hosted = table.resolve(name)
  if (typeof hosted === 'string') return { error: hosted, leaderEpoch: -1, endOffset: -1 }
  const { state, log } = hosted
  const refused = checkEpoch(state, asked.currentLeaderEpoch) ?? checkLeader(state, -1)
  if (refused !== null) return { error: refused, leaderEpoch: -1, endOffset: -1 }
  const { epoch, endOffset } = log.epochs.endOffsetFor(asked.leaderEpoch, state.endOffset)
  return { error: 'NONE', leaderEpoch: epoch, endOffset }
}

type Deleted = Awaited<ReturnType<Partitions['deleteRecords']>>

/** With one replica the deletion is done everywhere when it is done here. */
export async function deleteRecords(
  { table, clock }: { readonly table: PartitionTable; readonly clock: Clock },
  name: PartitionName,
  asked: Parameters<Partitions['deleteRecords']>[1],
): Promise<Deleted> {
  const hosted = table.resolve(name)
  if (typeof hosted === 'string') return { error: hosted, lowWatermark: -1 }
  if (isInternalTopic(hosted.log.id.topic)) return { error: 'INVALID_TOPIC_EXCEPTION', lowWatermark: -1 }
  const mayDelete = hosted.config.cleanupPolicy.has('delete')
  const decision = mayDelete ? decideDeleteRecords(hosted.state, asked.offset) : 'POLICY_VIOLATION'
  if (typeof decision === 'string') return { error: decision, lowWatermark: -1 }
  const { promise: timedOut, resolve } = Promise.withResolvers<Deleted>()
  const cancel = clock.after(asked.timeoutMs, () => resolve({ error: 'REQUEST_TIMED_OUT', lowWatermark: -1 }))
  const deleted = await Promise.race([moveStart(hosted, decision.logStartOffset), timedOut])
  cancel()
  return deleted
}

async function moveStart(hosted: HostedPartition, logStartOffset: Offset): Promise<Deleted> {
  try {
    await hosted.advanceStart(logStartOffset)
  } catch (fault) {
    return { error: faultToWire(fault), lowWatermark: -1 }
  }
  hosted.startMoved()
  return { error: 'NONE', lowWatermark: hosted.state.logStartOffset }
}
