/** Where offsets of a group are to be set, as a person types it, and what that is in a partition. */
import type { Millis, Offset } from '../../base/units.ts'
import type { Cluster } from '../../client/cluster.ts'
import type { TopicPartition } from '../../client/groups.ts'
import { listOffset, SpecialTime } from '../../client/list-offsets.ts'
import { CommandError, Failure } from './failure.ts'

export type ResetTarget =
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'offset'; readonly offset: Offset }
  /** From what is committed. */
  | { readonly kind: 'shift'; readonly by: number }
  /** The first record at or after this time. */
  | { readonly kind: 'time'; readonly timestampMs: Millis }

const UNIT_MS: Readonly<Record<string, Millis>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `nowMs`: what `30m` is counted back from. Throws a CommandError. */
export function parseTarget(text: string, nowMs: Millis): ResetTarget {
  if (text === 'start' || text === 'end') return { kind: text }
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'offset', offset: Number(text) }
  if (/^[+-]\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'shift', by: Number(text) }
  const ago = /^(\d{1,9})([smhd])$/.exec(text)
  if (ago !== null) return { kind: 'time', timestampMs: nowMs - Number(ago[1]) * (UNIT_MS[ago[2] as string] as number) }
  const timestampMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(timestampMs) || timestampMs < 0) {
    throw new CommandError(
      `--to ${text}: allowed are start, end, an offset, +N or -N from where it is, a time as in 2030-01-31T12:00:00Z, or as long ago as 30s, 15m, 2h, 7d`,
      Failure.usage,
    )
  }
  return { kind: 'time', timestampMs }
}

/** Never before the start nor beyond the end of the partition. `committed`: null for nothing. */
export async function targetOffset(
  cluster: Cluster,
  place: TopicPartition,
  target: ResetTarget,
  committed: Offset | null,
): Promise<Offset> {
  const ask = async (timestamp: number) => (await listOffset(cluster, place.topic, place.partition, timestamp)).offset
  const [start, end] = await Promise.all([ask(SpecialTime.start), ask(SpecialTime.end)])
  switch (target.kind) {
    case 'start':
      return start
    case 'end':
      return end
    case 'time': {
      const found = await ask(target.timestampMs)
      return found < 0 ? end : found
    }
    case 'offset':
      return Math.min(end, Math.max(start, target.offset))
    case 'shift': {
      if (committed === null) {
        throw new CommandError(
          `nothing is committed for ${place.topic}-${place.partition} that ${target.by} could be counted from`,
        )
      }
      return Math.min(end, Math.max(start, committed + target.by))
    }
  }
}

/** `topic` or `topic:0,1`. Throws a CommandError. */
export function parsePlace(text: string): { readonly topic: string; readonly partitions: readonly number[] | null } {
  const found = /^([^:]+)(?::(\d{1,9}(?:,\d{1,9})*))?$/.exec(text)
  if (found === null) {
    throw new CommandError(`--topic ${text}: it has the form NAME or NAME:PARTITIONS, as in orders:0,2`, Failure.usage)
  }
  return {
    topic: found[1] as string,
    partitions: found[2] === undefined ? null : [...new Set(found[2].split(',').map(Number))],
  }
}
