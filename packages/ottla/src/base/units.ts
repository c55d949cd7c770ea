/**
 * Branded units. Each is a number to the machine; the brand stops one unit from being passed for another. A plain
 * number is accepted where a unit is asked for, so that arithmetic needs no casts.
 */

declare const unit: unique symbol
type Unit<Name extends string> = number & { readonly [unit]?: Name }

/** Position of a record in a partition. 0 to 2^53 - 1; see ARCHITECTURE.md §8 for larger values on the wire. */
export type Offset = Unit<'offset'>
/** Number of a leader's term for a partition; -1 when unknown. */
export type LeaderEpoch = Unit<'leaderEpoch'>
export type BrokerId = Unit<'brokerId'>
/** Index of a partition within its topic, from 0. */
export type PartitionIndex = Unit<'partitionIndex'>
/** Milliseconds: a duration, or a time since the Unix epoch where the name says `At` or `timestamp`. */
export type Millis = Unit<'millis'>
export type Bytes = Unit<'bytes'>
