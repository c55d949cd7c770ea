import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerConfigOf } from './broker.ts'
import { LONG_MAX } from './kind.ts'
import {
  resolveTopicConfig,
  topicConfigChangeProblem,
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
  const problems: readonly (readonly [key: string, value: string, problem: string])[] = [
    ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
    ['retention.ms', 'soon', 'Invalid value soon for configuration retention.ms: Not a number of type LONG'],
    [
      'retention.ms',
      '9223372036854775808',
      'Invalid value 9223372036854775808 for configuration retention.ms: Not a number of type LONG',
    ],
    [
      'max.message.bytes',
      '99999999999',
      'Invalid value 99999999999 for configuration max.message.bytes: Not a number of type INT',
    ],
    [
      'min.cleanable.dirty.ratio',
      '2',
      'Invalid value 2 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
    ],
    ['min.insync.replicas', '-1', 'Invalid value -1 for configuration min.insync.replicas: Value must be at least 1'],
    [
      'cleanup.policy',
      'delete,shred',
      'Invalid value delete,shred for configuration cleanup.policy: String must be one of: delete, compact',
    ],
    [
      'unclean.leader.election.enable',
      'maybe',
      'Invalid value maybe for configuration unclean.leader.election.enable: Expected value to be either true or false',
    ],
    ['retention.mss', '1', 'Unknown topic config name: retention.mss; did you mean retention.ms?'],
    ['no.such.key', '1', 'Unknown topic config name: no.such.key'],
  ]
  for (const [key, value, problem] of problems) assert.equal(validateTopicConfig(key, value), problem)
  for (const key of ['__proto__', 'constructor', '', 'log.retention.ms'])
    assert.match(validateTopicConfig(key, '1') ?? '', /Unknown topic config name/)
})

test('lags of compaction must leave room between them', () => {
  assert.equal(validateTopicConfigs(resolve({})), null)
  assert.match(
    validateTopicConfigs(resolve({ 'min.compaction.lag.ms': '9', 'max.compaction.lag.ms': '8' })) ?? '',
    /min\.compaction\.lag\.ms \(9\) > max\.compaction\.lag\.ms \(8\)/,
  )
})

test('memory is for the whole life of a topic; disk and page-cache may change', () => {
  const of = (durability: string) => resolve({ durability })
  assert.equal(topicConfigChangeProblem(of('disk'), of('page-cache')), null)
  assert.equal(topicConfigChangeProblem(of('memory'), of('memory')), null)
  assert.match(topicConfigChangeProblem(of('memory'), of('disk')) ?? '', /from memory to disk/)
  assert.match(topicConfigChangeProblem(of('page-cache'), of('memory')) ?? '', /from page-cache to memory/)
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
