import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerConfigOf } from './broker.ts'
import {
  brokerConfigChangeProblem,
  brokerKeyProblem,
  brokerValueProblem,
  notDynamic,
  withDynamicConfigs,
} from './dynamic.ts'

const layer = (keys: Readonly<Record<string, string>>) => new Map(Object.entries(keys))

test('one broker beats all brokers, which beat the start', () => {
  const start = brokerConfigOf({ 'log.retention.ms': '1', 'max.connections': '10' })
  assert.equal(withDynamicConfigs(start, [layer({}), layer({})]), start)
  const all = layer({ 'log.retention.ms': '2', 'log.segment.bytes': '5000' })
  const one = layer({ 'log.retention.ms': '3', 'max.connections': '20' })
  const config = withDynamicConfigs(start, [all, one])
  assert.equal(config.topicDefaults.retentionMs, 3)
  assert.equal(config.topicDefaults.segmentBytes, 5000)
  assert.equal(config.maxConnections, 20)
  assert.equal(config.given, start.given)
  assert.equal(start.topicDefaults.retentionMs, 1, 'the start stays as it was')
})

test('what an older release accepted and this one does not counts as not set', () => {
  const start = brokerConfigOf()
  const config = withDynamicConfigs(start, [
    layer({ 'log.retention.ms': 'soon', 'num.partitions': '7', 'no.such': '1', 'min.insync.replicas': '0' }),
  ])
  assert.deepEqual(config, start)
})

test('keys and values are checked', () => {
  assert.equal(brokerKeyProblem('num.partitions'), null)
  assert.equal(
    brokerKeyProblem('log.retention.mss'),
    'Unknown config name: log.retention.mss; did you mean log.retention.ms?',
  )
  assert.match(brokerKeyProblem('num.io.threads') ?? '', /^num\.io\.threads has no effect here: .+thread/)
  assert.equal(brokerKeyProblem('log.retention.hours'), null)
  const keys = ['num.partitions', 'log.retention.ms', 'no.such', 'max.connections', 'log.retention.hours', 'node.id']
  assert.deepEqual(notDynamic(keys), ['num.partitions', 'log.retention.hours', 'node.id'])
  assert.equal(brokerValueProblem('max.connections', '5'), null)
  assert.equal(
    brokerValueProblem('max.connections', '-1'),
    'Invalid value -1 for configuration max.connections: Value must be at least 0',
  )
  assert.equal(brokerValueProblem('min.insync.replicas', '-1'), null)
  assert.match(brokerValueProblem('min.insync.replicas', '0') ?? '', /at least 1$/)
})

test('values that only make no sense together, or that a running log cannot take, are refused', () => {
  const start = brokerConfigOf()
  const change = (keys: Readonly<Record<string, string>>) =>
    brokerConfigChangeProblem(start, withDynamicConfigs(start, [layer(keys)]))
  assert.equal(change({ durability: 'page-cache' }), null)
  assert.match(change({ durability: 'memory' }) ?? '', /from disk to memory/)
  const lags = { 'log.cleaner.min.compaction.lag.ms': '9', 'log.cleaner.max.compaction.lag.ms': '5' }
  assert.match(change(lags) ?? '', /\(9\) > .* \(5\)/)
})
