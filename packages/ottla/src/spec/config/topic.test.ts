import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerConfigOf } from './broker.ts'
import { LONG_MAX } from './kind.ts'
import {
  resolveTopicConfig,
  topicConfigField,
  topicConfigKeys,
  topicConfigTexts,
  validateTopicConfig,
  validateTopicConfigs,
} from './topic.ts'

const resolve = (
  overrides: Readonly<Record<string, string>>,
  broker: Readonly<Record<string, string>> = {},
  replicas?: number,
) => resolveTopicConfig(brokerConfigOf(broker), new Map(Object.entries(overrides)), replicas)

test("a topic's value beats the broker's, which beats the default", () => {
  assert.equal(resolve({}).segmentBytes, 1_073_741_824)
  assert.equal(resolve({}, { 'log.segment.bytes': '5000' }).segmentBytes, 5000)
  assert.equal(resolve({ 'segment.bytes': '6000' }, { 'log.segment.bytes': '5000' }).segmentBytes, 6000)
  assert.deepEqual([...resolve({ 'cleanup.policy': 'compact,delete' }).cleanupPolicy].sort(), ['compact', 'delete'])
  assert.equal(resolve({ 'cleanup.policy': '' }).cleanupPolicy.size, 0)
})

test('min.insync.replicas is chosen by the number of replicas when nobody set it', () => {
  assert.deepEqual(
    [1, 2, 3, 5].map(replicas => resolve({}, {}, replicas).minInsyncReplicas),
    [1, 1, 2, 2],
  )
  assert.equal(resolve({}, { 'min.insync.replicas': '1' }, 3).minInsyncReplicas, 1)
  assert.equal(resolve({ 'min.insync.replicas': '3' }, {}, 3).minInsyncReplicas, 3)
})

test('values are checked by key; the message says what is allowed', () => {
  assert.equal(validateTopicConfig('retention.ms', '-1'), null)
  assert.equal(validateTopicConfig('max.compaction.lag.ms', '9223372036854775807'), null)
  assert.match(
    validateTopicConfig('retention.ms', '-2') ?? '',
    /invalid value -2 for retention\.ms: allowed is a whole number from -1/,
  )
  assert.match(validateTopicConfig('retention.ms', '9223372036854775808') ?? '', /invalid value/)
  assert.match(validateTopicConfig('min.insync.replicas', '-1') ?? '', /allowed is a whole number from 1 to/)
  assert.match(validateTopicConfig('cleanup.policy', 'delete,shred') ?? '', /any of delete, compact/)
  assert.match(
    validateTopicConfig('retention.mss', '1') ?? '',
    /unknown topic config retention\.mss; did you mean retention\.ms\?/,
  )
  assert.match(validateTopicConfig('log.retention.ms', '1') ?? '', /unknown topic config/)
  for (const key of ['__proto__', 'constructor', ''])
    assert.match(validateTopicConfig(key, '1') ?? '', /unknown topic config/)
})

test('lags of compaction must leave room between them', () => {
  assert.equal(validateTopicConfigs(resolve({})), null)
  assert.match(
    validateTopicConfigs(resolve({ 'min.compaction.lag.ms': '9', 'max.compaction.lag.ms': '8' })) ?? '',
    /above/,
  )
})

test('every key has a name, a field and a text that reads back the same', () => {
  const config = resolve({ 'flush.ms': '9223372036854775807', 'min.cleanable.dirty.ratio': '0.25' })
  const texts = topicConfigTexts(config)
  assert.equal(config.flushMs, LONG_MAX)
  assert.equal(texts.get('flush.ms'), '9223372036854775807')
  assert.deepEqual([...texts.keys()], topicConfigKeys)
  for (const key of topicConfigKeys) assert.notEqual(topicConfigField(key), null)
  assert.deepEqual(resolveTopicConfig(brokerConfigOf(), texts), config)
})

test('an override that no longer parses counts as not set', () => {
  assert.equal(resolve({ 'segment.bytes': 'x', 'gone.key': '1' }).segmentBytes, 1_073_741_824)
})
