/**
 * Keys of consumer groups and of the internal topic that holds them. Data only. Source: Kafka 4.3 GroupCoordinatorConfig.
 */
import { key } from './key.ts'
import { int, long } from './kind.ts'

/** offsets.topic.replication.factor when nobody set it: as many as are alive, at most three. */
export const OFFSETS_REPLICATION_FACTOR_AUTO = -1

export const groupRows = {
  offsetsTopicNumPartitions: key({
    kafka: 'offsets.topic.num.partitions',
    kind: int(1),
    default: 50,
    doc: 'Partitions of the topic that holds groups and offsets, when it is made. It must not change later: a group is found by it.',
  }),
  offsetsTopicReplicationFactor: key({
    kafka: 'offsets.topic.replication.factor',
    kind: int(OFFSETS_REPLICATION_FACTOR_AUTO, 32_767),
    default: OFFSETS_REPLICATION_FACTOR_AUTO,
    doc: 'Replicas of that topic, when it is made. -1: as many as brokers are alive, at most 3. With more than are alive there are no groups until they are.',
    differs: { kafka: '3', why: 'one broker works without settings, three are safe without settings' },
  }),
  offsetsTopicSegmentBytes: key({
    kafka: 'offsets.topic.segment.bytes',
    kind: int(1),
    default: 104_857_600,
    doc: 'Segment size of that topic, when it is made: small, so that little has to be read at start. Bytes.',
  }),
  offsetsTopicCompressionCodec: key({
    kafka: 'offsets.topic.compression.codec',
    kind: int(0, 4),
    default: 0,
    doc: 'How the broker compresses what it writes there. 0: not, 1: gzip, 2: snappy, 3: lz4, 4: zstd.',
  }),
  offsetsLoadBufferSize: key({
    kafka: 'offsets.load.buffer.size',
    kind: int(1),
    default: 5_242_880,
    doc: 'Read at once while groups are loaded; one batch may be larger. Bytes.',
  }),
  offsetsRetentionMinutes: key({
    kafka: 'offsets.retention.minutes',
    kind: int(1),
    default: 10_080,
    doc: 'How long offsets are kept that no group with members uses. Minutes.',
  }),
  offsetsRetentionCheckIntervalMs: key({
    kafka: 'offsets.retention.check.interval.ms',
    kind: long(1),
    default: 600_000,
    doc: 'Time between two looks for offsets that are no longer kept. Milliseconds.',
  }),
  offsetsCommitTimeoutMs: key({
    kafka: 'offsets.commit.timeout.ms',
    kind: int(1),
    default: 5000,
    doc: 'How long a change of a group may take to be durable before its client is told to try again. Milliseconds.',
  }),
  offsetMetadataMaxBytes: key({
    kafka: 'offset.metadata.max.bytes',
    kind: int(0),
    default: 4096,
    doc: 'Longest text that a client may keep with an offset. Characters, in spite of the name.',
  }),
  groupMinSessionTimeoutMs: key({
    kafka: 'group.min.session.timeout.ms',
    kind: int(1),
    default: 6000,
    doc: 'Shortest session timeout that a member may choose. Milliseconds.',
  }),
  groupMaxSessionTimeoutMs: key({
    kafka: 'group.max.session.timeout.ms',
    kind: int(1),
    default: 1_800_000,
    doc: 'Longest session timeout that a member may choose. Milliseconds.',
  }),
  groupInitialRebalanceDelayMs: key({
    kafka: 'group.initial.rebalance.delay.ms',
    kind: int(0),
    default: 3000,
    doc: 'How long the first rebalance of an empty group waits for more members. Milliseconds.',
  }),
  groupMaxSize: key({
    kafka: 'group.max.size',
    kind: int(1),
    default: 2_147_483_647,
    doc: 'Members that one group may have.',
  }),
}
