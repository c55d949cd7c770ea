/**
 * Our defaults against Kafka's, key by key: equal, or said to differ with what Kafka's is. The lists were printed from
 * the ConfigDef of Kafka 4.3.1 (AbstractKafkaConfig.CONFIG_DEF, LogConfig); QuotaConfig has the one of replica.alter.log.dirs. Where Kafka's key is null and another one
 * fills it in, the value that comes of it stands here: log.dirs (log.dir), log.retention.ms, log.roll.ms and
 * log.roll.jitter.ms (hours), log.flush.interval.ms (log.flush.scheduler.interval.ms).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerRows } from './broker-rows.ts'
import type { Key } from './key.ts'
import { topicRows } from './topic-rows.ts'

const KAFKA_BROKER = `
  node.id = (none)
  broker.rack =
  log.dirs = /tmp/kafka-logs
  auto.create.topics.enable = true
  delete.topic.enable = true
  num.partitions = 1
  default.replication.factor = 1
  socket.request.max.bytes = 104857600
  connections.max.idle.ms = 600000
  max.connections = 2147483647
  max.connections.per.ip = 2147483647
  max.connection.creation.rate = 2147483647
  fetch.max.bytes = 57671680
  max.incremental.fetch.session.cache.slots = 1000
  producer.id.expiration.ms = 86400000
  log.retention.check.interval.ms = 300000
  log.cleaner.enable = true
  log.cleaner.backoff.ms = 15000
  log.cleaner.dedupe.buffer.size = 134217728
  log.cleaner.io.buffer.load.factor = 0.9
  log.cleaner.io.buffer.size = 524288
  log.cleaner.io.max.bytes.per.second = 1.7976931348623157E308
  replica.alter.log.dirs.io.max.bytes.per.second = 9223372036854775807
  max.request.partition.size.limit = 2000
  offsets.topic.num.partitions = 50
  offsets.topic.replication.factor = 3
  offsets.topic.segment.bytes = 104857600
  offsets.topic.compression.codec = 0
  offsets.load.buffer.size = 5242880
  offsets.retention.minutes = 10080
  offsets.retention.check.interval.ms = 600000
  offsets.commit.timeout.ms = 5000
  offset.metadata.max.bytes = 4096
  group.min.session.timeout.ms = 6000
  group.max.session.timeout.ms = 1800000
  group.initial.rebalance.delay.ms = 3000
  group.max.size = 2147483647
  log.cleanup.policy = delete
  log.retention.ms = 604800000
  log.retention.bytes = -1
  log.segment.bytes = 1073741824
  log.roll.ms = 604800000
  log.roll.jitter.ms = 0
  log.index.size.max.bytes = 10485760
  log.index.interval.bytes = 4096
  message.max.bytes = 1048588
  log.message.timestamp.type = CreateTime
  log.message.timestamp.before.max.ms = 9223372036854775807
  log.message.timestamp.after.max.ms = 3600000
  compression.type = producer
  min.insync.replicas = 1
  unclean.leader.election.enable = false
  log.flush.interval.messages = 9223372036854775807
  log.flush.interval.ms = 9223372036854775807
  log.preallocate = false
  log.segment.delete.delay.ms = 60000
  log.cleaner.min.cleanable.ratio = 0.5
  log.cleaner.min.compaction.lag.ms = 0
  log.cleaner.max.compaction.lag.ms = 9223372036854775807
  log.cleaner.delete.retention.ms = 86400000
`

const KAFKA_TOPIC = `
  cleanup.policy = delete
  retention.ms = 604800000
  retention.bytes = -1
  segment.bytes = 1073741824
  segment.ms = 604800000
  segment.jitter.ms = 0
  segment.index.bytes = 10485760
  index.interval.bytes = 4096
  max.message.bytes = 1048588
  message.timestamp.type = CreateTime
  message.timestamp.before.max.ms = 9223372036854775807
  message.timestamp.after.max.ms = 3600000
  compression.type = producer
  min.insync.replicas = 1
  unclean.leader.election.enable = false
  flush.messages = 9223372036854775807
  flush.ms = 9223372036854775807
  preallocate = false
  file.delete.delay.ms = 60000
  min.cleanable.dirty.ratio = 0.5
  min.compaction.lag.ms = 0
  max.compaction.lag.ms = 9223372036854775807
  delete.retention.ms = 86400000
`

function listed(facts: string): [name: string, value: string][] {
  const lines = facts.trim().split('\n')
  return lines.map(line => {
    const [name = '', value = ''] = line.trim().split(/ =(?: |$)/)
    return [name, value]
  })
}

/** What a row says that Kafka has. A double as its number: Java writes it another way. */
function toldOf<T>({ kind, default: value, differs }: Key<T>): string {
  if (differs !== undefined) return differs.kafka
  const text = kind.format(value)
  return kind.name === 'double' ? text.replace('e+', 'E') : text
}

const rows: readonly Key<never>[] = Object.values({ ...brokerRows, ...topicRows }) as unknown as readonly Key<never>[]

test("defaults of the broker are Kafka's, or say what Kafka's are", () => {
  const ours = rows.filter(row => row.ours !== true).map(row => [row.kafka, toldOf(row)])
  assert.deepEqual(Object.fromEntries(ours), Object.fromEntries(listed(KAFKA_BROKER)))
})

test('so are those of topics', () => {
  const ours = rows.filter(row => row.ours !== true && row.topic !== undefined).map(row => [row.topic, toldOf(row)])
  assert.deepEqual(Object.fromEntries(ours), Object.fromEntries(listed(KAFKA_TOPIC)))
})
