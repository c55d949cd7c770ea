/**
 * Which neighbouring segments become one: as many as fit the size of a segment and of its index, and whose offsets the
 * index can tell from the first one's base. Source: Kafka Cleaner.groupSegmentsBySize.
 */
import type { TopicConfig } from '../../spec/config/topic.ts'
import { HEADER_BYTES } from '../../wire/batch/header.ts'
import type { Segment } from '../segment.ts'
import { TIME_ENTRY_BYTES } from '../segment-index.ts'

/** Offsets in index files are 32-bit signed distances from the base. */
const OFFSET_DISTANCE_MAX = 0x7fff_ffff

/** At least one segment, neighbours in the log. */
export type SegmentGroup = readonly Segment[]

/** Groups `segments`, neighbours in order. `alone`: segments that are not to be merged. */
export function groupSegments(
  segments: readonly Segment[],
  config: TopicConfig,
  alone: ReadonlySet<Segment>,
): SegmentGroup[] {
  const groups: Segment[][] = []
  let sizeBytes = 0
  for (const segment of segments) {
    const group = groups.at(-1)
    const first = group?.[0]
    const joins =
      group !== undefined &&
      first !== undefined &&
      !alone.has(first) &&
      !alone.has(segment) &&
      sizeBytes + segment.sizeBytes <= config.segmentBytes &&
      indexBytesMax(sizeBytes + segment.sizeBytes, config) <= config.segmentIndexBytes &&
      segment.endOffset - 1 - first.baseOffset <= OFFSET_DISTANCE_MAX
    if (joins) group.push(segment)
    else groups.push([segment])
    sizeBytes = segment.sizeBytes + (joins ? sizeBytes : 0)
  }
  return groups
}

/** An entry comes after more than the interval, and at most one with each batch; the time index ends with one more. */
function indexBytesMax(sizeBytes: number, config: TopicConfig): number {
  return TIME_ENTRY_BYTES * (Math.ceil(sizeBytes / Math.max(HEADER_BYTES, config.indexIntervalBytes)) + 1)
}
