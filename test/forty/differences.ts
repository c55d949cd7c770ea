/**
 * Where Ottla behaves otherwise than Apache Kafka on purpose. A behaviour asks for its row by `TestCluster.either` and
 * asserts what stands there for the broker at hand, so a row that is no longer true fails; a row that no behaviour asks
 * for fails the run.
 */

export interface Difference {
  /** Number of the behaviour that asserts it. */
  readonly behaviour: number
  readonly what: string
  readonly kafka: string
  readonly ottla: string
  readonly why: string
}

const rows = {
  'count-inside-compressed': {
    behaviour: 9,
    what: 'a compressed batch whose header claims more records than are inside',
    kafka: 'INVALID_RECORD',
    ottla: 'NONE',
    why: 'Kafka inflates every batch. Ottla passes compressed bytes on, and the consumer finds the lie; `produce.validation=strict` inflates and refuses (ARCHITECTURE.md §2.4).',
  },
  'timestamp-type': {
    behaviour: 11,
    what: 'a producer that sets the LogAppendTime bit itself',
    kafka: 'NONE',
    ottla: 'INVALID_TIMESTAMP',
    why: 'Kafka means to refuse it but never looks at that bit in batches of magic 2; taken, consumers would read a time that no broker has written.',
  },
  'repeats-after-restart': {
    behaviour: 16,
    what: 'a repeat of the fifth to second last batch of a producer after a restart',
    kafka: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ottla: 'NONE',
    why: 'Kafka keeps the last batch only in its snapshots; Ottla keeps all five, so a producer with five requests in flight goes on over a restart.',
  },
  'zstd-to-old-readers': {
    behaviour: 25,
    what: 'a fetch before version 10 of a topic whose compression.type is zstd',
    kafka: 'NONE',
    ottla: 'UNSUPPORTED_COMPRESSION_TYPE',
    why: 'KIP-110 asks for the error, and Kafka 4 no longer gives it: an old reader is told why, instead of failing on bytes (docs/adr/0003).',
  },
  'unknown-config-operation': {
    behaviour: 38,
    what: 'IncrementalAlterConfigs with an operation that does not exist',
    kafka: 'UNKNOWN_SERVER_ERROR',
    ottla: 'INVALID_REQUEST',
    why: 'Kafka runs into a null; the request is at fault, and tools print what the code says.',
  },
  'secret-configs': {
    behaviour: 38,
    what: 'the password of a TLS key in DescribeConfigs',
    kafka: 'null, sensitive',
    ottla: 'not listed',
    why: 'Ottla has no setting that is secret before it has TLS; with the first one this row goes.',
  },
} as const satisfies Record<string, Difference>

export type DifferenceId = keyof typeof rows

export const differences: Readonly<Record<DifferenceId, Difference>> = rows
