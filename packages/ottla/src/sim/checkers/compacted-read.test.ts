/** What a reading of a compacted partition may miss, and what it may not (I-19). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History } from './history.ts'
import { type Compaction, isDeletion, keyOf } from './keyed.ts'
import type { ViolationKind } from './violation.ts'

const RUN = 5
const NAME = 'compacted-0'
const COMPACTION: Compaction = { keys: 1, forgetsDeletions: true }
const COUNT = 40
/** Sequences of lane 0, whose ids are the sequences themselves, that delete the one key and that do not. */
const sequences = Array.from({ length: COUNT }, (_, sequence) => sequence)
const deletion = sequences.find(sequence => isDeletion(sequence)) as number
const values = sequences.filter(sequence => !isDeletion(sequence))

/** A producer was told that `log` was written, from offset 0 on, and a reader then found what is at `left`. */
function read(log: readonly number[], ...readings: readonly (readonly number[])[]) {
  const history = new History(RUN)
  history.partition(NAME, COMPACTION)
  const rules = { producer: 'p', idempotent: true, ordered: false, visibleWhenAcknowledged: true }
  const lane = history.lane(NAME, rules)
  lane.send(COUNT)
  log.forEach((sequence, offset) => {
    lane.acknowledge(sequence, 1, offset)
  })
  // What was not written was refused, so that no deletion may lie where nobody knows.
  for (const sequence of sequences) if (!log.includes(sequence)) lane.refuse(sequence, 1)
  const torn = readings.map(left => {
    const full = history.fullRead(NAME, 0)
    for (const offset of left) full.reads(offset, { lane: 0, sequence: log[offset] as number, run: RUN })
    const isTorn = full.torn.length > 0
    full.end(log.length)
    return isTorn
  })
  const kinds: Partial<Record<ViolationKind, number>> = Object.fromEntries(history.violations.counts)
  return { kinds, torn }
}

const [a, b, c] = values as [number, number, number]

test('keys and deletions follow from who sent a record, and all occur', () => {
  const keys = new Set(sequences.map(sequence => keyOf(sequence, { keys: 5, forgetsDeletions: true })))
  assert.equal(keys.size, 5)
  assert.ok(deletion >= 0 && values.length > COUNT / 2)
})

test('older values of a key may be there or not, the newest must be', () => {
  assert.deepEqual(read([a, b, c], [0, 1, 2], [1, 2], [2]).kinds, {})
  assert.deepEqual(read([a, b, c], [0, 1]).kinds, { 'acknowledged-loss': 1 })
  assert.deepEqual(read([a, b, c], []).kinds, { 'acknowledged-loss': 1 })
})

test('what was gone does not come back', () => {
  assert.deepEqual(read([a, b, c], [2], [0, 2]).kinds, { returned: 1 })
})

test('a deletion may go with everything older, and never before that', () => {
  assert.deepEqual(read([a, b, deletion], [0, 1, 2], [2], []), { kinds: {}, torn: [false, false, false] })
  assert.deepEqual(read([a, b, deletion], [0]), { kinds: { returned: 1 }, torn: [true] })
  assert.deepEqual(read([a, deletion, c], [2]).kinds, {})
  assert.deepEqual(read([a, deletion, c], []).kinds, { 'acknowledged-loss': 1 })
})
