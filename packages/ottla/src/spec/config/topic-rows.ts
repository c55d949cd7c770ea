/**
 * Keys that hold for one topic, with their broker-wide twin that gives the default of all topics. Data only. Source:
 * Kafka 4.3 LogConfig and ServerLogConfigs; defaults that differ say why.
 */

import { topicKey } from './key.ts'
import { bool, fraction, int, LONG_MAX, long, oneOf, setOf } from './kind.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** min.insync.replicas when nobody set it: chosen by the number of replicas. */
export const MIN_INSYNC_REPLICAS_AUTO = -1

export const topicRows = {
  cleanupPolicy: topicKey({
    kafka: 'log.cleanup.policy',
    topic: 'cleanup.policy',
    kind: setOf('delete', 'compact'),
    default: new Set(['delete'] as const),
    doc: 'What happens to old segments: deleted by age and size, compacted to the last value of each key, both, or (empty) kept.',
  }),
  retentionMs: topicKey({
    kafka: 'log.retention.ms',
    aliases: [
      { kafka: 'log.retention.minutes', scale: MINUTE_MS },
      { kafka: 'log.retention.hours', scale: HOUR_MS },
    ],
    topic: 'retention.ms',
    kind: long(-1),
    default: 7 * DAY_MS,
    doc: 'Age at which a closed segment is deleted, by its newest record. -1: never. Milliseconds.',
  }),
  retentionBytes: topicKey({
    kafka: 'log.retention.bytes',
    topic: 'retention.bytes',
    kind: long(-1),
    default: -1,
    doc: 'Size of one partition above which its oldest closed segments are deleted. -1: no limit. Bytes.',
  }),
  segmentBytes: topicKey({
    kafka: 'log.segment.bytes',
    topic: 'segment.bytes',
    kind: int(14),
    default: 1_073_741_824,
    doc: 'Size at which the active segment is closed and the next one begun. Bytes.',
  }),
  segmentMs: topicKey({
    kafka: 'log.roll.ms',
    aliases: [{ kafka: 'log.roll.hours', scale: HOUR_MS }],
    topic: 'segment.ms',
    kind: long(1),
    default: 7 * DAY_MS,
    doc: 'Age at which the active segment is closed, if it holds anything. Milliseconds.',
  }),
  segmentJitterMs: topicKey({
    kafka: 'log.roll.jitter.ms',
    aliases: [{ kafka: 'log.roll.jitter.hours', scale: HOUR_MS }],
    topic: 'segment.jitter.ms',
    kind: long(0),
    default: 0,
    doc: 'At most so much is taken from segment.ms, differently for each segment, so that not all are closed at once. Milliseconds.',
  }),
  segmentIndexBytes: topicKey({
    kafka: 'log.index.size.max.bytes',
    topic: 'segment.index.bytes',
    kind: int(4),
    default: 10_485_760,
    doc: "Largest size of a segment's index; a full index closes the segment. Bytes.",
  }),
  indexIntervalBytes: topicKey({
    kafka: 'log.index.interval.bytes',
    topic: 'index.interval.bytes',
    kind: int(0),
    default: 4096,
    doc: 'About so many bytes of log lie between two entries of an index. Bytes.',
  }),
  maxMessageBytes: topicKey({
    kafka: 'message.max.bytes',
    topic: 'max.message.bytes',
    kind: int(0),
    default: 1_048_588,
    doc: 'Largest record batch that is accepted, as it comes over the wire (compressed). Bytes.',
  }),
  messageTimestampType: topicKey({
    kafka: 'log.message.timestamp.type',
    topic: 'message.timestamp.type',
    kind: oneOf('CreateTime', 'LogAppendTime'),
    default: 'CreateTime',
    doc: "Whose clock a record's time is from: the producer's or the broker's.",
  }),
  messageTimestampBeforeMaxMs: topicKey({
    kafka: 'log.message.timestamp.before.max.ms',
    topic: 'message.timestamp.before.max.ms',
    kind: long(0),
    default: LONG_MAX,
    doc: 'How far behind the broker a record of CreateTime may lie. Milliseconds.',
  }),
  messageTimestampAfterMaxMs: topicKey({
    kafka: 'log.message.timestamp.after.max.ms',
    topic: 'message.timestamp.after.max.ms',
    kind: long(0),
    default: HOUR_MS,
    doc: 'How far ahead of the broker a record of CreateTime may lie. Milliseconds.',
  }),
  compressionType: topicKey({
    kafka: 'compression.type',
    topic: 'compression.type',
    kind: oneOf('producer', 'uncompressed', 'none', 'gzip', 'snappy', 'lz4', 'zstd'),
    default: 'producer',
    doc: 'The codec that stored batches have; producer keeps what each producer chose.',
  }),
  produceValidation: topicKey({
    kafka: 'produce.validation',
    topic: 'produce.validation',
    kind: oneOf('header', 'strict'),
    default: 'header',
    doc: 'header checks what can be checked without inflating a compressed batch; strict inflates it, under a limit, and checks every record.',
    ours: true,
  }),
  durability: topicKey({
    kafka: 'durability',
    topic: 'durability',
    kind: oneOf('disk', 'page-cache', 'memory'),
    default: 'disk',
    doc: 'What an acknowledged record survives. disk: a power cut (synced before the reply). page-cache: the end of the process. memory: nothing; no file is written.',
    ours: true,
  }),
  minInsyncReplicas: topicKey({
    kafka: 'min.insync.replicas',
    topic: 'min.insync.replicas',
    kind: int(MIN_INSYNC_REPLICAS_AUTO),
    default: MIN_INSYNC_REPLICAS_AUTO,
    doc: 'So many replicas must be in sync for acks=all to be accepted. -1: 2 for a topic with three or more replicas, else 1.',
    differs: { kafka: '1', why: 'one lost disk must not lose what was acknowledged' },
  }),
  uncleanLeaderElectionEnable: topicKey({
    kafka: 'unclean.leader.election.enable',
    topic: 'unclean.leader.election.enable',
    kind: bool,
    default: false,
    doc: 'Whether a replica that is not in sync may lead when no other is left: it loses acknowledged records.',
  }),
  flushMessages: topicKey({
    kafka: 'log.flush.interval.messages',
    topic: 'flush.messages',
    kind: long(1),
    default: LONG_MAX,
    doc: 'With durability=page-cache: records after which the log is synced. With disk every append is synced anyway.',
  }),
  flushMs: topicKey({
    kafka: 'log.flush.interval.ms',
    topic: 'flush.ms',
    kind: long(0),
    default: LONG_MAX,
    doc: 'With durability=page-cache: time after which the log is synced. With disk every append is synced anyway. Milliseconds.',
  }),
  preallocate: topicKey({
    kafka: 'log.preallocate',
    topic: 'preallocate',
    kind: bool,
    default: false,
    doc: "Accepted as Kafka's key. Segments grow in steps either way.",
  }),
  fileDeleteDelayMs: topicKey({
    kafka: 'log.segment.delete.delay.ms',
    topic: 'file.delete.delay.ms',
    kind: long(0),
    default: MINUTE_MS,
    doc: 'Time between renaming a deleted file and removing it. Milliseconds.',
  }),
  minCleanableDirtyRatio: topicKey({
    kafka: 'log.cleaner.min.cleanable.ratio',
    topic: 'min.cleanable.dirty.ratio',
    kind: fraction(0, 1),
    default: 0.5,
    doc: 'Share of a compacted log that must be uncompacted before it is compacted again.',
  }),
  minCompactionLagMs: topicKey({
    kafka: 'log.cleaner.min.compaction.lag.ms',
    topic: 'min.compaction.lag.ms',
    kind: long(0),
    default: 0,
    doc: 'Time that a record stays uncompacted at least. Milliseconds.',
  }),
  maxCompactionLagMs: topicKey({
    kafka: 'log.cleaner.max.compaction.lag.ms',
    topic: 'max.compaction.lag.ms',
    kind: long(1),
    default: LONG_MAX,
    doc: 'Time that a record stays uncompacted at most. Milliseconds.',
  }),
  deleteRetentionMs: topicKey({
    kafka: 'log.cleaner.delete.retention.ms',
    topic: 'delete.retention.ms',
    kind: long(0),
    default: DAY_MS,
    doc: 'Time that a delete marker of a compacted topic can be read before it goes. Milliseconds.',
  }),
}
