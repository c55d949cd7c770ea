/** What is drawn stays within what the topics take; options say what is wrong with them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../../packages/ottla/src/base/random.ts'
import { VALUE_BYTES_MIN } from '../../../packages/ottla/src/sim/checkers/value.ts'
import { brokerConfigOf } from '../../../packages/ottla/src/spec/config/broker.ts'
import { resolveTopicConfig } from '../../../packages/ottla/src/spec/config/topic.ts'
import { BadOption } from '../../../tools/command-line.ts'
import { drawBatch } from './batch-draw.ts'
import { drawFault } from './fault.ts'
import { percentile } from './measures.ts'
import { readKillOptions } from './options.ts'
import { Pace } from './pace.ts'
import { planTopics } from './topics.ts'

test('every topic that is planned takes every batch that is drawn for it', () => {
  const random = new Prng('plan')
  const broker = brokerConfigOf()
  for (let i = 0; i < 50; i++) {
    for (const topic of planTopics(['disk', 'page-cache'], random)) {
      const config = resolveTopicConfig(broker, new Map(Object.entries(topic.configs)))
      assert.ok(topic.name.startsWith(config.durability))
      assert.ok(topic.batchBytesMax < Math.min(config.maxMessageBytes, config.segmentBytes))
    }
  }
})

test('batches are within their limit, from a single small record to nearly all of it', () => {
  const random = new Prng('batches')
  const sizes = Array.from({ length: 5000 }, () => {
    const { count, valueBytes } = drawBatch(random, 1_000_000)
    assert.ok(valueBytes >= VALUE_BYTES_MIN && count >= 1 && count <= 1000)
    return count * (valueBytes + 40)
  })
  assert.ok(Math.max(...sizes) <= 1_000_000 && Math.max(...sizes) > 500_000)
  assert.ok(Math.min(...sizes) < 80)
})

test('every fault is drawn, most of all a plain kill', () => {
  const random = new Prng('faults')
  const drawn = Map.groupBy(
    Array.from({ length: 1000 }, () => drawFault(random)),
    fault => fault,
  )
  const all = ['kill', 'kill-while-compacting', 'kill-while-starting', 'kill-while-stopping', 'stop']
  assert.deepEqual([...drawn.keys()].sort(), all)
  assert.ok([...drawn.values()].every(each => each.length <= drawn.get('kill')!.length))
})

test('a pace waits for what was sent too fast, and small requests count too', () => {
  const pace = new Pace(1_000_000)
  assert.equal(pace.delayMs(100_000, 0), 100)
  assert.equal(pace.delayMs(100_000, 0), 200)
  assert.ok(Math.abs(pace.delayMs(100, 200) - 4.096) < 1e-6)
  assert.ok(Math.abs(pace.delayMs(2_000, 1000) - 4.096) < 1e-6)
})

test('percentiles by nearest rank', () => {
  const samples = [5, 1, 4, 2, 3]
  assert.deepEqual(
    [0.5, 0.99, 1].map(rank => percentile(samples, rank)),
    [3, 5, 5],
  )
  assert.equal(percentile([], 0.5), Number.NaN)
})

test('options that mean nothing are refused by name', () => {
  assert.deepEqual(readKillOptions(['--count', '3', '--durability', 'disk', '--seed', 'x']).durabilities, ['disk'])
  assert.throws(() => readKillOptions(['--count', '0']), BadOption)
  assert.throws(() => readKillOptions(['--bug', 'moth']), /--bug moth: one of .*offsets-not-reloaded/)
  assert.throws(() => readKillOptions(['--durability', 'paper']), /--durability paper: one of disk, page-cache, both/)
})
