import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerPerfOf, endToEndOf, producerPerfOf } from './tool-output.ts'

test('of the producer the steady state counts, not the warm-up', () => {
  const output = `Warmup first 20000 records. Steady state results will print after the complete test summary.
60000 records sent, 19607.843137 records/sec (18.70 MB/sec), 169.68 ms avg latency, 810.00 ms max latency, 157 ms 50th, 330 ms 95th, 378 ms 99th, 401 ms 99.9th.
40000 steady state records sent, 26578.073090 records/sec (25.35 MB/sec), 172.23 ms avg latency, 401.00 ms max latency, 161 ms 50th, 331 ms 95th, 380 ms 99th, 401 ms 99.9th.
`
  assert.deepEqual(producerPerfOf(output), { bytesPerSecond: 25.35 * 2 ** 20, meanMs: 172.23, p99Ms: 380 })
})

test('progress of the producer is not its summary', () => {
  const progress = '99000 records sent, 19800.0 records/sec (18.88 MB/sec), 1.5 ms avg latency, 20.0 ms max latency.\n'
  assert.throws(() => producerPerfOf(progress), /printed no figures/)
})

test('of the consumer the fetching counts, not the time until its group stood', () => {
  const output = `start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
2026-11-21 14:45:58:125, 2026-11-21 14:46:01:002, 57.2205, 19.8889, 60000, 20855.0574, 1734, 1143, 50.0616, 52493.4383
`
  assert.deepEqual(consumerPerfOf(output), { bytesPerSecond: 50.0616 * 2 ** 20, records: 60000 })
  assert.throws(() => consumerPerfOf('Timeout\n'), /kafka-consumer-perf-test printed no figures:\nTimeout/)
})

test('of the latency tool the mean counts', () => {
  const output = '0\t123.623885\nAvg latency: 5.5215 ms\nPercentiles: 50th = 3, 99th = 24, 99.9th = 123\n'
  assert.deepEqual(endToEndOf(output), { meanMs: 5.5215, p99Ms: 24 })
  assert.throws(() => endToEndOf('0\t123.6\n'), /printed no figures/)
})
