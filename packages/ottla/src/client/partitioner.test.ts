import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionOf } from './partitioner.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('hashes as the Java client does', () => {
  // Known pairs of Kafka's own murmur2, all lengths modulo 4 among them.
  const known: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ]
  for (const [text, hash] of known) assert.equal(murmur2(bytes(text)), hash, text)
})

test('a negative hash still names a partition, and an empty key is a key', () => {
  assert.equal(partitionOf(bytes('21'), 7), (-973932308 & 0x7fff_ffff) % 7)
  const empty = partitionOf(bytes(''), 12)
  assert.ok(empty >= 0 && empty < 12)
})
