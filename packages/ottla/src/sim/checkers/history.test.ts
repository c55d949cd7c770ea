import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { History } from './history.ts'
import { type Lane, type LaneRules, NO_OFFSET } from './lane.ts'
import { showViolations, type ViolationKind } from './violation.ts'

const RUN = 5
const NAME = 'orders-0'

function laneOf(history: History, rules: Partial<LaneRules> = {}, partition = NAME): Lane {
  const defaults = { producer: 'p', idempotent: true, ordered: true, visibleWhenAcknowledged: true }
  return history.lane(partition, { ...defaults, ...rules })
}

/** The log as a full read meets it: lane and sequence at each offset from `start`; null is nothing. */
type LogContent = readonly (readonly [Lane, number] | null)[]

function fullRead(history: History, log: LogContent, options: { start?: number; end?: number } = {}): void {
  const start = options.start ?? 0
  const read = history.fullRead(NAME, start)
  log.forEach((record, i) => {
    if (record !== null) read.reads(start + i, { lane: record[0].index, sequence: record[1], run: RUN })
  })
  read.end(options.end ?? start + log.length)
}

function kindsOf(history: History): Partial<Record<ViolationKind, number>> {
  return Object.fromEntries(history.violations.counts)
}

test('a legal history: acknowledged, retried, unknown and refused records', () => {
  const history = new History(RUN)
  const exact = laneOf(history)
  const loose = laneOf(history, { producer: 'q', idempotent: false })
  exact.send(3)
  exact.acknowledge(0, 2, 0)
  exact.resend(2, 1)
  loose.send(2)
  loose.resend(0, 1)
  loose.acknowledge(0, 1, 4)
  exact.acknowledge(2, 1, 3)
  loose.refuse(1, 1)
  const reader = history.reader('r', NAME, 0)
  reader.asks()
  reader.told(5)
  reader.reads(0, { lane: exact.index, sequence: 0, run: RUN })
  reader.reads(1, { lane: exact.index, sequence: 1, run: RUN })
  const log: LogContent = [
    [exact, 0],
    [exact, 1],
    [loose, 0],
    [exact, 2],
    [loose, 0],
  ]
  fullRead(history, log)
  fullRead(history, log)
  assert.equal(history.violations.total, 0, showViolations(history.violations))
  assert.deepEqual(history.totals(), { sent: 5, acknowledged: 4, refused: 1 })
})

test('acknowledged loss: the tail, the middle, another record in its place, the whole partition', () => {
  const scenes: readonly [(lane: Lane) => LogContent, number][] = [
    [
      lane => [
        [lane, 0],
        [lane, 1],
      ],
      1,
    ],
    [lane => [[lane, 0], null, [lane, 2]], 1],
    [() => [], 3],
  ]
  for (const [log, lost] of scenes) {
    const history = new History(RUN)
    const lane = laneOf(history)
    lane.send(3)
    lane.acknowledge(0, 3, 0)
    fullRead(history, log(lane))
    assert.deepEqual(kindsOf(history), { 'acknowledged-loss': lost })
  }
  const history = new History(RUN)
  const lane = laneOf(history, { ordered: false, idempotent: false })
  lane.send(2)
  lane.acknowledge(0, 1, 0)
  fullRead(history, [
    [lane, 1],
    [lane, 0],
  ])
  assert.deepEqual(kindsOf(history), { 'acknowledged-loss': 1, 'two-contents': 1 })
  assert.match(
    showViolations(history.violations),
    /record 0 of p was acknowledged at offset 0, which holds record 1 of p/,
  )
})

test('acknowledged loss: without an offset the record must be somewhere', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(2)
  lane.acknowledge(0, 2, NO_OFFSET)
  fullRead(history, [[lane, 0]])
  assert.deepEqual(kindsOf(history), { 'acknowledged-loss': 1 })
})

test('vanished: given to a reader, gone later, never acknowledged', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(1)
  const reader = history.reader('r', NAME, 0)
  reader.asks()
  reader.told(1)
  reader.reads(0, { lane: lane.index, sequence: 0, run: RUN })
  fullRead(history, [])
  assert.deepEqual(kindsOf(history), { vanished: 1 })
})

test('two contents: read and read, read and acknowledged, acknowledged twice', () => {
  const history = new History(RUN)
  const lane = laneOf(history, { ordered: false, idempotent: false })
  lane.send(4)
  for (const sequence of [0, 1]) {
    const reader = history.reader('r', NAME, 0)
    reader.asks()
    reader.told(1)
    reader.reads(0, { lane: lane.index, sequence, run: RUN })
  }
  assert.deepEqual(kindsOf(history), { 'two-contents': 1 })
  lane.acknowledge(1, 1, 0)
  assert.deepEqual(kindsOf(history), { 'two-contents': 2 })
  lane.acknowledge(2, 1, 1)
  lane.acknowledge(3, 1, 1)
  assert.deepEqual(kindsOf(history), { 'two-contents': 3 })
})

test('order within a lane counts, between lanes it does not; nor where nobody promised it', () => {
  const history = new History(RUN)
  const a = laneOf(history)
  const b = laneOf(history, { producer: 'q' })
  a.send(3)
  b.send(1)
  fullRead(history, [
    [b, 0],
    [a, 0],
    [a, 2],
    [a, 1],
  ])
  assert.deepEqual(kindsOf(history), { order: 1 })
  assert.match(showViolations(history.violations), /record 1 of p lies at offset 3, behind record 2 at 2/)

  const unordered = new History(RUN)
  const lane = laneOf(unordered, { ordered: false })
  lane.send(2)
  fullRead(unordered, [
    [lane, 1],
    [lane, 0],
  ])
  assert.equal(unordered.violations.total, 0)
})

test('duplicates: once for idempotent producers, once per sending for others', () => {
  const history = new History(RUN)
  const exact = laneOf(history)
  exact.send(1)
  exact.resend(0, 1)
  fullRead(history, [
    [exact, 0],
    [exact, 0],
  ])
  assert.deepEqual(kindsOf(history), { duplicate: 1 })

  const other = new History(RUN)
  const loose = laneOf(other, { idempotent: false })
  loose.send(2)
  loose.resend(0, 1)
  fullRead(other, [
    [loose, 0],
    [loose, 0],
    [loose, 1],
  ])
  assert.equal(other.violations.total, 0, showViolations(other.violations))
  fullRead(other, [
    [loose, 0],
    [loose, 0],
    [loose, 1],
    [loose, 1],
  ])
  assert.deepEqual(kindsOf(other), { duplicate: 1 })
})

test('duplicates: an idempotent record has one offset in all its acknowledgements', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(1)
  lane.acknowledge(0, 1, 4)
  lane.acknowledge(0, 1, 4)
  assert.equal(history.violations.total, 0)
  lane.acknowledge(0, 1, 6)
  assert.deepEqual(kindsOf(history), { duplicate: 1 })
})

test('refused records stay out, unless an earlier sending may have been kept', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(2)
  lane.refuse(0, 1)
  lane.resend(1, 1)
  lane.refuse(1, 1)
  fullRead(history, [
    [lane, 0],
    [lane, 1],
  ])
  assert.deepEqual(kindsOf(history), { 'refused-but-kept': 1 })
})

test('invented: damaged, of another run, of no lane, of another partition, never sent', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  const elsewhere = laneOf(history, { producer: 'q' }, 'orders-1')
  lane.send(1)
  elsewhere.send(1)
  const read = history.fullRead(NAME, 0)
  read.reads(0, 'a damaged value of 40 bytes')
  read.reads(1, { lane: lane.index, sequence: 0, run: RUN + 1 })
  read.reads(2, { lane: 77, sequence: 0, run: RUN })
  read.reads(3, { lane: elsewhere.index, sequence: 0, run: RUN })
  read.reads(4, { lane: lane.index, sequence: 1, run: RUN })
  read.end(5)
  assert.deepEqual(kindsOf(history), { invented: 5 })
})

test('a hole, and an offset out of order, in a full read', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(2)
  fullRead(history, [[lane, 0], null, [lane, 1]], { end: 4 })
  assert.deepEqual(kindsOf(history), { hole: 2 })
  const read = history.fullRead(NAME, 2)
  read.reads(1, { lane: lane.index, sequence: 0, run: RUN })
  assert.equal(history.violations.counts.get('went-back'), 1)
})

test('readers: beyond the high watermark, back, behind what was known when they asked', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(4)
  const reader = history.reader('r', NAME, 0)
  reader.asks()
  lane.acknowledge(0, 2, 0)
  reader.told(1)
  assert.equal(history.violations.total, 0, 'what is acknowledged after the question may be missing in the answer')
  reader.reads(0, { lane: lane.index, sequence: 0, run: RUN })
  reader.reads(1, { lane: lane.index, sequence: 1, run: RUN })
  assert.deepEqual(kindsOf(history), { 'beyond-high-watermark': 1 })
  reader.asks()
  reader.told(2)
  reader.reads(1, { lane: lane.index, sequence: 1, run: RUN })
  assert.deepEqual(kindsOf(history), { 'beyond-high-watermark': 1, 'went-back': 1 })
  const second = history.reader('s', NAME, 0)
  second.asks()
  second.told(1)
  assert.deepEqual(kindsOf(history), { 'beyond-high-watermark': 1, 'went-back': 1, stale: 1 })
})

test('an acknowledgement that does not promise visibility moves no floor', () => {
  const history = new History(RUN)
  const lane = laneOf(history, { visibleWhenAcknowledged: false })
  lane.send(2)
  lane.acknowledge(0, 2, 0)
  const reader = history.reader('r', NAME, 0)
  reader.asks()
  reader.told(0)
  assert.equal(history.violations.total, 0)
})

test('the log may begin where deletion was allowed, and no later', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(4)
  lane.acknowledge(0, 4, 0)
  history.partition(NAME).allowStart(2)
  fullRead(
    history,
    [
      [lane, 2],
      [lane, 3],
    ],
    { start: 2 },
  )
  fullRead(
    history,
    [
      [lane, 1],
      [lane, 2],
      [lane, 3],
    ],
    { start: 1 },
  )
  assert.equal(history.violations.total, 0, showViolations(history.violations))
  fullRead(history, [[lane, 3]], { start: 3 })
  assert.deepEqual(kindsOf(history), { 'log-start': 1, 'acknowledged-loss': 1 })
})

test('what was deleted does not come back', () => {
  const history = new History(RUN)
  const lane = laneOf(history)
  lane.send(3)
  lane.acknowledge(0, 3, 0)
  history.partition(NAME).allowStart(2)
  history.partition(NAME).promiseStart(1)
  const tail: LogContent = [
    [lane, 1],
    [lane, 2],
  ]
  fullRead(history, tail, { start: 1 })
  assert.equal(history.violations.total, 0, showViolations(history.violations))
  fullRead(history, [[lane, 0], ...tail])
  assert.deepEqual(kindsOf(history), { 'log-start': 1 })
})

test('a power cut may take what its durability does not keep, and nothing below', () => {
  const history = new History(RUN)
  const lane = laneOf(history, { idempotent: false })
  lane.send(4)
  lane.acknowledge(0, 3, 0)
  history.partition(NAME).excuseLoss(2)
  lane.acknowledge(3, 1, 2)
  fullRead(history, [
    [lane, 0],
    [lane, 1],
    [lane, 3],
  ])
  assert.equal(history.violations.total, 0, showViolations(history.violations))
  fullRead(history, [[lane, 0]])
  assert.equal(history.violations.counts.get('acknowledged-loss'), 2)
})

test('what the workload finds strange is kept with the rest, bounded in number', () => {
  const history = new History(RUN)
  for (let i = 0; i < 1000; i++) history.unexpected(NAME, `answer ${i}`)
  assert.equal(history.violations.total, 1000)
  assert.equal(history.violations.found.length, 20)
  assert.match(
    showViolations(history.violations),
    /^1000 violations: 1000 unexpected\n {2}unexpected in orders-0: answer 0\n/,
  )
})

test('any legal log passes; any one acknowledged record taken out, or doubled, or swapped, is found', () => {
  const scene = fc.record({
    lanes: fc.array(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 4,
    }),
    shuffle: fc.infiniteStream(fc.nat()),
    victim: fc.nat(),
    harm: fc.constantFrom('none', 'drop', 'double', 'swap'),
  })
  fc.assert(
    fc.property(scene, ({ lanes: batches, shuffle, victim, harm }) => {
      const history = new History(RUN)
      const queues = batches.map((sizes, i) => ({ lane: laneOf(history, { producer: `p${i}` }), sizes: [...sizes] }))
      const log: [Lane, number][] = []
      while (queues.length > 0) {
        const at = (shuffle.next().value as number) % queues.length
        const { lane, sizes } = queues[at] as (typeof queues)[number]
        const count = sizes.shift() as number
        if (sizes.length === 0) queues.splice(at, 1)
        const first = lane.send(count)
        lane.acknowledge(first, count, log.length)
        for (let i = 0; i < count; i++) log.push([lane, first + i])
      }
      const at = victim % log.length
      const here = log[at] as [Lane, number]
      if (harm === 'drop') log.splice(at, 1)
      if (harm === 'double') log.splice(at, 0, here)
      if (harm === 'swap') {
        const other = (at + 1) % log.length
        log[at] = log[other] as [Lane, number]
        log[other] = here
        if (other === at) return
      }
      fullRead(history, log)
      assert.equal(history.violations.total > 0, harm !== 'none', showViolations(history.violations))
    }),
    { numRuns: 300 },
  )
})
