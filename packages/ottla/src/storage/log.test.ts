/** Reads, cuts, headers and times of one log, against a model that keeps everything in a list. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Prng } from '../base/random.ts'
import { BatchBuilder } from '../wire/batch/build.ts'
import { Codec, emptyBatchHeader, readBatchHeader } from '../wire/batch/header.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import type { Log, LogRead } from './log.ts'
import { MemoryBudget } from './memory-budget.ts'
import { appendTo, logId, makeBatch, offsetsAsValues, openTest, testEnv, topicConfig, valuesFrom } from './testing.ts'

interface BatchPlan {
  readonly count: number
  readonly valueBytes: number
}

const batches = fc.array(
  fc.record({ count: fc.integer({ min: 1, max: 5 }), valueBytes: fc.integer({ min: 10, max: 900 }) }),
  {
    minLength: 1,
    maxLength: 40,
  },
)

/** The batches that a read should give, by base offset. */
function expected(
  plans: readonly { base: number; end: number; bytes: number }[],
  from: number,
  range: ReadPlan,
): number[] {
  const chosen: number[] = []
  let bytes = 0
  for (const plan of plans) {
    if (plan.end <= from) continue
    if (plan.end > range.upTo) break
    if (bytes + plan.bytes > range.maxBytes && !(chosen.length === 0 && range.minOneBatch)) break
    chosen.push(plan.base)
    bytes += plan.bytes
  }
  return chosen
}

interface ReadPlan {
  readonly upTo: number
  readonly maxBytes: number
  readonly minOneBatch: boolean
}

function basesOf(read: LogRead): number[] {
  const bases: number[] = []
  for (const chunk of read.chunks) {
    const walk = new BatchWalk().reset(chunk, 0, chunk.length, { verifyCrc: true })
    while (walk.next()) bases.push(walk.header.baseOffset)
    assert.equal(walk.stop, 'end', 'chunks hold whole batches')
  }
  return bases
}

for (const [where, cold] of [
  ['memory', false],
  ['files', true],
] as const) {
  test(`a read from ${where} gives exactly the whole batches that fit`, async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.array(
          fc.record({
            from: fc.double({ min: 0, max: 1, noNaN: true }),
            upTo: fc.integer({ min: 0, max: 40 }),
            maxBytes: fc.integer({ min: 0, max: 6000 }),
            minOneBatch: fc.boolean(),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        (plans, reads) => checkReads({ plans, reads, cold }),
      ),
      { numRuns: 25 },
    )
  })
}

async function checkReads(given: {
  plans: readonly BatchPlan[]
  reads: readonly (ReadPlan & { from: number })[]
  cold: boolean
}): Promise<void> {
  const env = testEnv()
  const config = topicConfig({ 'segment.bytes': '5000', 'index.interval.bytes': '700' })
  const memory = new MemoryBudget(env.disk, { bytes: 8 * 1024 * 1024 })
  const directory = await openTest(env, { memory })
  let log = await directory.create(logId(), config)
  const known: { base: number; end: number; bytes: number }[] = []
  for (const plan of given.plans) {
    const base = log.endOffset
    const { bytes, header } = makeBatch(base, plan)
    await log.append(bytes, header)
    known.push({ base, end: log.endOffset, bytes: bytes.length })
  }
  let open = directory
  if (given.cold) {
    await directory.close()
    open = await openTest(testEnv({ disk: env.disk, seed: 'cold' }))
    log = open.find(log.id.topicId, 0) as Log
  }
  for (const plan of given.reads) {
    const from = Math.floor(plan.from * log.endOffset)
    // A high watermark stands at the end of a batch.
    const upTo = known[Math.min(known.length - 1, plan.upTo)]?.end ?? log.endOffset
    const read = await log.read(from, { ...plan, upTo })
    const all = expected(known, from, { ...plan, upTo })
    // A read from a file ends with the file.
    const segmentEnd = log.segments.find(segment => segment.endOffset > (all[0] ?? 0))?.endOffset ?? 0
    assert.deepEqual(basesOf(read), given.cold ? all.filter(base => base < segmentEnd) : all)
    assert.equal(
      read.bytes,
      read.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    )
    read.release()
  }
  await open.close()
}

test('reads across the border between files and memory see every record once', async () => {
  const env = testEnv()
  const memory = new MemoryBudget(env.disk, { bytes: 64 * 1024 })
  const directory = await openTest(env, { memory })
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '30000' }))
  for (let i = 0; i < 500; i++) {
    await appendTo(log, { valueBytes: 300 })
    if (i % 60 === 59) await directory.checkpoint()
  }
  const border = log.pieces[0]?.baseOffset ?? 0
  assert.ok(border > 0 && border < 500, String(border))
  for (const from of [0, border - 1, border, border + 1]) {
    assert.deepEqual(await valuesFrom(log, from), offsetsAsValues(from, 500))
  }
  await directory.close()
})

test('a cut inside a batch takes the whole batch, and the next offset is the one cut to', async () => {
  const directory = await openTest(testEnv())
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '600' }))
  for (let i = 0; i < 8; i++) await appendTo(log, { count: 3 })
  await log.truncateTo(10)
  assert.deepEqual([log.endOffset, log.durableEndOffset], [10, 10])
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 9))
  await appendTo(log, { mark: 'n' })
  assert.deepEqual(await valuesFrom(log, 8), ['8', '10n'])
  await log.truncateTo(0)
  assert.equal(log.endOffset, 0)
  await appendTo(log, { mark: 'z' })
  assert.deepEqual(await valuesFrom(log, 0), ['0z'])
  await directory.close()
})

test('a cut to where a segment begins empties its file, though its name was never synced', async () => {
  for (const seed of ['a', 'b', 'c', 'd']) {
    const env = testEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig({ durability: 'page-cache', 'segment.bytes': '300' }))
    for (let i = 0; i < 4; i++) await appendTo(log, { mark: 'old' })
    const { baseOffset } = log.active
    assert.ok(baseOffset > 0 && log.active.sizeBytes > 0)
    await log.truncateTo(baseOffset)
    appendTo(log, { mark: 'new' }).catch(() => {})
    const disk = env.disk.crash(seed < 'c' ? 'kill' : 'power', new Prng(seed))
    const again = await openTest(testEnv({ disk, seed: 'again' }))
    const found = again.find(logId().topicId, 0)
    assert.ok(found !== undefined)
    assert.ok(!(await valuesFrom(found, found.startOffset)).includes(`${baseOffset}old`))
    await again.close()
  }
})

test('J2 a cut waits for the rounds in flight, and nothing is read above it afterwards', async () => {
  const directory = await openTest(testEnv())
  const log = await directory.create(logId(), topicConfig())
  const acks = Array.from({ length: 10 }, () => appendTo(log))
  const cut = log.truncateTo(4)
  await Promise.all(acks)
  assert.equal(log.durableEndOffset, 10)
  await cut
  assert.deepEqual([log.endOffset, log.durableEndOffset], [4, 4])
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 4))
  assert.equal((await log.read(4, { upTo: 10, maxBytes: 1000, minOneBatch: true })).bytes, 0)
  await directory.close()
})

test('a segment is rolled by size, by time, by a full index and by distance of offsets', async () => {
  const directory = await openTest(testEnv())
  const bases = async (overrides: Record<string, string>, plan: (log: Log) => Promise<void>, partition: number) => {
    const log = await directory.create(logId(partition), topicConfig(overrides))
    await plan(log)
    return log.segments.map(segment => segment.baseOffset)
  }
  const times = async (log: Log) => {
    for (const timestamp of [0, 400, 1000, 1001, 1900, 2500]) await appendTo(log, { timestamp })
  }
  assert.deepEqual(await bases({ 'segment.ms': '1000' }, times, 0), [0, 3, 5])
  const sized = async (log: Log) => {
    for (let i = 0; i < 6; i++) await appendTo(log, { valueBytes: 400 })
  }
  assert.deepEqual(await bases({ 'segment.bytes': '1000' }, sized, 1), [0, 2, 4])
  assert.deepEqual(await bases({ 'segment.index.bytes': '36', 'index.interval.bytes': '0' }, sized, 2), [0, 3])
  const far = async (log: Log) => {
    await appendTo(log)
    const { bytes, header } = makeBatch(2 ** 31)
    await log.append(bytes, header)
  }
  assert.deepEqual(await bases({}, far, 3), [0, 2 ** 31])
  await directory.close()
})

test('offsets by time are exact to the record, in compressed batches too', async () => {
  const directory = await openTest(testEnv())
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '700' }))
  const builder = new BatchBuilder()
  let time = 1000
  for (let i = 0; i < 20; i++) {
    for (let k = 0; k < 5; k++) {
      time += 10
      builder.append(null, new Uint8Array(20), [], time)
    }
    const bytes = builder.build({
      baseOffset: log.endOffset,
      leaderEpoch: 2,
      codec: i % 2 === 0 ? Codec.gzip : Codec.none,
    })
    await log.append(bytes, readBatchHeader(bytes, 0, emptyBatchHeader()))
  }
  assert.ok(log.segments.length > 1)
  assert.deepEqual(await log.offsetForTimestamp(0, 100), { offset: 0, timestamp: 1010, leaderEpoch: 2 })
  assert.deepEqual(await log.offsetForTimestamp(1335, 100), { offset: 33, timestamp: 1340, leaderEpoch: 2 })
  assert.deepEqual(await log.offsetForTimestamp(2000, 100), { offset: 99, timestamp: 2000, leaderEpoch: 2 })
  assert.equal(await log.offsetForTimestamp(2001, 100), null)
  assert.equal(await log.offsetForTimestamp(1340, 30), null)
  assert.deepEqual(await log.maxTimestamp(100), { offset: 99, timestamp: 2000, leaderEpoch: 2 })
  assert.deepEqual(await log.maxTimestamp(50), { offset: 49, timestamp: 1500, leaderEpoch: 2 })
  await log.advanceStart(40)
  assert.deepEqual(await log.offsetForTimestamp(0, 100), { offset: 40, timestamp: 1410, leaderEpoch: 2 })
  await directory.close()
})

test('the largest time is the first record that has it, wherever it stands', async () => {
  const directory = await openTest(testEnv())
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '300' }))
  for (const timestamp of [5, 9, 3, 9, 7, 1, 8, 2]) await appendTo(log, { timestamp })
  assert.equal((await log.maxTimestamp(8))?.offset, 1)
  assert.equal((await log.maxTimestamp(1))?.offset, 0)
  await log.advanceStart(4)
  assert.equal((await log.maxTimestamp(8))?.offset, 6)
  assert.equal(await log.maxTimestamp(0), null)
  await directory.close()
})

test('times that go back after a restart do not hide records from a search by time', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const config = topicConfig({ 'index.interval.bytes': '0' })
  const first = await directory.create(logId(), config)
  for (let i = 0; i < 5; i++) await appendTo(first, { timestamp: 5000 + i })
  await directory.close()
  const again = await openTest(testEnv({ disk: env.disk, seed: 'again' }))
  const log = again.find(first.id.topicId, 0)
  assert.ok(log)
  log.setConfig(config)
  for (const timestamp of [2000, 2001, 2002, 2003, 9000]) await appendTo(log, { timestamp })
  for (const [timestamp, offset] of [
    [1, 0],
    [2002, 0],
    [5003, 3],
    [5005, 9],
  ] as const) {
    assert.equal((await log.offsetForTimestamp(timestamp, 10))?.offset, offset, String(timestamp))
  }
  assert.equal((await log.maxTimestamp(9))?.offset, 4)
  await again.close()
})

test('a segment that ended in an earlier life still ends with an entry for its largest time', async () => {
  const config = topicConfig({ 'index.interval.bytes': '300', 'segment.bytes': '1000' })
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), config)
  while (log.active.sizeBytes < 900) await appendTo(log, { timestamp: 1000 * (log.endOffset + 1) })
  const last = log.endOffset - 1
  await directory.checkpoint()
  while (log.segments.length === 1) await appendTo(log, { timestamp: 500 })
  const killed = env.disk.crash('kill', new Prng('ended'))
  const second = await openTest(testEnv({ disk: killed, seed: 'second' }), { defaultConfig: config })
  await second.checkpoint()
  const third = await openTest(testEnv({ disk: killed.crash('kill', new Prng('again')), seed: 'third' }), {
    defaultConfig: config,
  })
  const found = third.find(logId().topicId, 0)
  assert.ok(found !== undefined)
  assert.equal((await found.offsetForTimestamp(1000 * last, found.endOffset))?.offset, last - 1)
  assert.equal((await found.offsetForTimestamp(1000 * (last + 1), found.endOffset))?.offset, last)
  await third.close()
})
