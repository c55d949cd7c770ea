/**
 * Keys that hold for the whole broker. Data only; listeners need more than a row and are read by listeners.ts. A key
 * stands here only when the code honours it: see unhonoured.ts for the rest of Kafka's. Source: Kafka 4.3 KafkaConfig.
 */

import { groupRows } from './group-rows.ts'
import { key } from './key.ts'
import { bool, fraction, INT_MAX, int, list, long, text } from './kind.ts'

const MIB = 1_048_576

/** default.replication.factor when nobody set it: as many as are alive, at most three. */
export const REPLICATION_FACTOR_AUTO = -1

export const brokerRows = {
  nodeId: key({
    kafka: 'node.id',
    aliases: [{ kafka: 'broker.id', scale: 1 }],
    kind: int(0),
    default: 1,
    doc: "This broker's number in the cluster. A data directory belongs to one number.",
    differs: { kafka: '(none)', why: 'one broker works without settings' },
  }),
  rack: key({
    kafka: 'broker.rack',
    kind: text('any text'),
    default: '',
    doc: 'Where the broker stands; replicas are spread over racks. Empty: not said.',
  }),
  logDirs: key({
    kafka: 'log.dirs',
    aliases: [{ kafka: 'log.dir', scale: 1 }],
    kind: list('one or more folders, separated by commas', { min: 1 }),
    default: ['ottla-data'],
    doc: 'Folders that hold the data. `--data` sets it.',
    differs: { kafka: '/tmp/kafka-logs', why: 'a temporary folder is no place for data' },
  }),
  autoCreateTopicsEnable: key({
    kafka: 'auto.create.topics.enable',
    kind: bool,
    default: true,
    doc: 'Whether a topic is made when a client asks for one that is not there (and the client allows it).',
  }),
  deleteTopicEnable: key({
    kafka: 'delete.topic.enable',
    kind: bool,
    default: true,
    doc: 'Whether topics may be deleted.',
  }),
  numPartitions: key({
    kafka: 'num.partitions',
    kind: int(1),
    default: 1,
    doc: 'Partitions of a topic that is made without a number.',
  }),
  defaultReplicationFactor: key({
    kafka: 'default.replication.factor',
    kind: int(REPLICATION_FACTOR_AUTO, 32_767),
    default: REPLICATION_FACTOR_AUTO,
    doc: 'Replicas of a topic that is made without a number. -1: as many as brokers are alive, at most 3.',
    differs: { kafka: '1', why: 'one broker works without settings, three are safe without settings' },
  }),
  socketRequestMaxBytes: key({
    kafka: 'socket.request.max.bytes',
    kind: int(1024),
    default: 100 * MIB,
    doc: 'Largest request; a connection that announces a larger one is closed. Bytes.',
  }),
  connectionsMaxIdleMs: key({
    kafka: 'connections.max.idle.ms',
    kind: long(-1),
    default: 600_000,
    doc: 'A connection on which nothing happens for so long is closed. -1: never. Milliseconds.',
  }),
  maxConnections: key({
    kafka: 'max.connections',
    kind: int(0),
    default: 20_000,
    dynamic: true,
    doc: 'Connections at a time, all listeners together; the next is closed at once.',
    differs: { kafka: '2147483647', why: 'without a limit the broker runs out of file descriptors before it says no' },
  }),
  maxConnectionsPerIp: key({
    kafka: 'max.connections.per.ip',
    kind: int(0),
    default: 1000,
    dynamic: true,
    doc: 'Connections at a time from one address.',
    differs: { kafka: '2147483647', why: 'one client must not take the room of all others' },
  }),
  maxConnectionCreationRate: key({
    kafka: 'max.connection.creation.rate',
    kind: int(1),
    default: 200,
    dynamic: true,
    doc: 'New connections that are accepted in a second; further ones wait. Per second.',
    differs: { kafka: '2147483647', why: 'a storm of reconnects must not starve those connected' },
  }),
  fetchMaxBytes: key({
    kafka: 'fetch.max.bytes',
    kind: int(1024),
    default: 55 * MIB,
    doc: 'Largest fetch reply, whatever the client allows; the first batch may exceed it. Bytes.',
  }),
  maxIncrementalFetchSessionCacheSlots: key({
    kafka: 'max.incremental.fetch.session.cache.slots',
    kind: int(0),
    default: 1000,
    doc: 'Fetch sessions that are kept at a time.',
  }),
  producerIdExpirationMs: key({
    kafka: 'producer.id.expiration.ms',
    kind: int(1),
    default: 86_400_000,
    dynamic: true,
    doc: 'A partition forgets an idempotent producer that has not written for so long. Milliseconds.',
  }),
  logRetentionCheckIntervalMs: key({
    kafka: 'log.retention.check.interval.ms',
    kind: long(1),
    default: 300_000,
    doc: 'Time between two looks for segments to delete. Milliseconds.',
  }),
  logCleanerEnable: key({
    kafka: 'log.cleaner.enable',
    kind: bool,
    default: true,
    doc: 'Whether topics with `cleanup.policy=compact` are compacted.',
  }),
  logCleanerBackoffMs: key({
    kafka: 'log.cleaner.backoff.ms',
    kind: long(0),
    default: 15_000,
    dynamic: true,
    doc: 'Time between two looks for logs to compact. Milliseconds.',
  }),
  logCleanerDedupeBufferSize: key({
    kafka: 'log.cleaner.dedupe.buffer.size',
    kind: long(MIB, INT_MAX),
    default: 128 * MIB,
    dynamic: true,
    doc: 'Memory for the keys of the log that is compacted, 24 bytes each; a log with more keys takes several passes. Bytes.',
  }),
  logCleanerIoBufferLoadFactor: key({
    kafka: 'log.cleaner.io.buffer.load.factor',
    kind: fraction(0.01, 0.99),
    default: 0.9,
    dynamic: true,
    doc: 'Share of that memory that is filled. More keys fit in a pass, and each takes longer to find.',
  }),
  logCleanerIoBufferSize: key({
    kafka: 'log.cleaner.io.buffer.size',
    kind: int(4096, 64 * MIB),
    default: MIB / 2,
    dynamic: true,
    doc: 'What is read, and what is written, in one step while a log is compacted. Bytes.',
  }),
  logCleanerIoMaxBytesPerSecond: key({
    kafka: 'log.cleaner.io.max.bytes.per.second',
    kind: fraction(1, Number.MAX_VALUE),
    default: Number.MAX_VALUE,
    dynamic: true,
    doc: 'What compaction may read and write together. Bytes a second.',
  }),
  replicaAlterLogDirsIoMaxBytesPerSecond: key({
    kafka: 'replica.alter.log.dirs.io.max.bytes.per.second',
    kind: long(0),
    default: Number.MAX_SAFE_INTEGER,
    dynamic: true,
    doc: 'What all partitions that move between log directories of this broker may copy together. Bytes a second.',
  }),
  maxRequestPartitionSizeLimit: key({
    kafka: 'max.request.partition.size.limit',
    kind: int(1),
    default: 2000,
    doc: 'Most partitions in one page of a DescribeTopicPartitions reply.',
  }),
  journalMaxBytes: key({
    kafka: 'journal.max.bytes',
    kind: long(16 * MIB, 64 * 1024 * MIB),
    default: 256 * MIB,
    doc: 'Size to which the commit journal of one log directory may grow. Bytes.',
    ours: true,
  }),
  memoryBudgetBytes: key({
    kafka: 'memory.budget.bytes',
    kind: long(32 * MIB, 64 * 1024 * MIB),
    default: 64 * MIB,
    doc: 'Memory for records on their way to the disk, and for the newest records of each partition. Producers wait when it is full. Bytes.',
    ours: true,
  }),
  ...groupRows,
}
