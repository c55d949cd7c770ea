/**
 * The shape of one config key's row. One row yields the type, the reading, the check, the default, the documentation and
 * the answers of the admin APIs.
 */
import type { Kind } from './kind.ts'

/** An older or coarser name of a key, as in log.retention.hours. Its numbers are multiplied by `scale`; -1 stays -1. */
export interface Alias {
  readonly kafka: string
  readonly scale: number
}

export interface Key<T> {
  /** The name in server.properties. */
  readonly kafka: string
  /** From the finest to the coarsest; in one source a finer name wins. */
  readonly aliases?: readonly Alias[]
  /** The name as a topic's config, when the key may be set for one topic. */
  readonly topic?: string
  readonly kind: Kind<T>
  readonly default: T
  /** Meaning, then the unit. Whole sentences. */
  readonly doc: string
  /**
   * Set when the key may be changed while the broker runs, for one broker and for all; what reads it reads it anew. Keys
   * that have a topic name always may. Absent: the value at the start holds.
   */
  readonly dynamic?: true
  /** Set when Kafka has no such key. */
  readonly ours?: true
  /** Where our default is another than Kafka's: what Kafka's is, and why ours differs. */
  readonly differs?: { readonly kafka: string; readonly why: string }
}

/** A row whose topic name is there: see `topicRows`. */
export type TopicKey<T> = Key<T> & { readonly topic: string }

/** Whether the value may be changed while the broker runs. */
export function isDynamic(row: Key<unknown>): boolean {
  return row.dynamic === true || row.topic !== undefined
}

/** Infers T from the kind, so that `default` must fit. */
export function key<const T>(row: Key<T>): Key<T> {
  return row
}

export function topicKey<const T>(row: TopicKey<T>): TopicKey<T> {
  return row
}

/** The type that a row's values have. */
export type ValueOf<Row> = Row extends Key<infer T> ? T : never

/** The typed values of a table of rows. */
export type ValuesOf<Rows> = { readonly [Name in keyof Rows]: ValueOf<Rows[Name]> }
