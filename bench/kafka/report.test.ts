import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sample } from './figures.ts'
import { atLeast, atMost, type Side } from './goals.ts'
import { type Circumstances, historyLine } from './history.ts'
import { countsText, resultOf, rowText, tableText } from './report.ts'
import type { Measured } from './rounds.ts'
import type { Row } from './rows.ts'

const row: Row = {
  name: 'made-up',
  workload: { title: 'a workload', prepare: () => Promise.reject(new Error('not run here')) },
  ottla: 'disk',
  kafka: 'page-cache',
  goals: [atLeast(2, 'bytesPerSecond'), atMost(0.05, 'p99Ms'), atMost(10, 'p999Ms', null)],
}

function measured(side: Side, durability: 'disk' | 'page-cache', samples: readonly Sample[]): [string, Measured] {
  return [`${side} ${durability}`, { contender: { side, durability }, durability: `${durability} as told`, samples }]
}

const result = resultOf(
  row,
  new Map([
    measured('ottla', 'disk', [
      { bytesPerSecond: 3e8, p99Ms: 1 },
      { bytesPerSecond: 5e8, p99Ms: 1 },
    ]),
    measured('kafka', 'page-cache', [
      { bytesPerSecond: 2e8, p99Ms: 10 },
      { bytesPerSecond: 2e8, p99Ms: 10 },
    ]),
    measured('kafka', 'disk', [{ bytesPerSecond: 1, p99Ms: 1 }]),
  ]),
)

test('a row says its sides, the durability in effect, medians with spreads, and each verdict', () => {
  assert.equal(
    rowText(result),
    [
      'made-up: a workload (2 rounds)',
      '                durability          MB/s           p99 ms',
      '  Ottla         disk as told        400 (300-500)  1.00',
      '  Apache Kafka  page-cache as told  200            10.00',
      "  met    MB/s >= 2 of Apache Kafka's: 2.00 (1.50-2.50)",
      "  MISSED p99 ms <= 0.05 of Apache Kafka's: 0.10 (0.10-0.10)",
      '  -      p99.9 ms <= 10: not measured',
    ].join('\n'),
  )
})

test('the table at the end has a line for each goal', () => {
  const lines = tableText([result]).split('\n')
  assert.equal(lines.length, 2 + row.goals.length)
  assert.equal(
    lines[2],
    "| made-up | MB/s | 400 (300-500), disk as told | 200, page-cache as told | 2.00 (1.50-2.50) | MB/s >= 2 of Apache Kafka's | met |",
  )
  assert.equal(countsText([result]), '1 goals met, 1 missed, 1 not measured')
})

test('a line of the history can be read again, with every sample', () => {
  const circumstances: Circumstances = {
    at: '2026-01-01T00:00:00.000Z',
    commit: 'abc',
    processor: 'p',
    cores: 2,
    memoryBytes: 1,
    kernel: 'k',
    node: 'v',
    kafka: '4',
    program: 'sources',
    rounds: 2,
    seconds: 1,
  }
  const read = JSON.parse(historyLine(circumstances, [result]))
  assert.equal(read.commit, 'abc')
  assert.deepEqual(read.rows[0].sides[0].samples[1], { bytesPerSecond: 5e8, p99Ms: 1 })
  assert.equal(read.rows[0].goals[1].outcome, 'missed')
})
