/**
 * Sequence numbers of idempotent producers: one per record, 0 to 2^31 - 1, and after the last comes 0 again.
 * Source: KIP-98.
 */

/** The highest sequence; the next one is 0. */
export const SEQUENCE_MAX = 2_147_483_647

const SEQUENCE_COUNT = SEQUENCE_MAX + 1

/** The sequence `count` records after `sequence`; -1 (nothing written yet) counts as the one before 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCE_COUNT
}

/** Whether `next` directly follows `last`; `last` is -1 when the producer wrote nothing in this epoch. */
export function follows(last: number, next: number): boolean {
  return sequenceAfter(last, 1) === next
}
