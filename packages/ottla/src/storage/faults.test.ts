/** Disks that fail, fill up or hang: rules J7 and J12, cases A12 to A16 of docs/reliability.md. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskOperation, DiskVerdict } from '../adapters/memory/disk-operations.ts'
import { Prng } from '../base/random.ts'
import { DiskFault } from '../ports/disk.ts'
import { lastName } from './files.ts'
import { isRingFileName } from './journal/ring.ts'
import { MemoryBudget } from './memory-budget.ts'
import { appendTo, DIRECTORY, logId, offsetsAsValues, openTest, testEnv, topicConfig, valuesFrom } from './testing.ts'

type Intercept = (operation: DiskOperation) => DiskVerdict

/** An environment whose fault hook can be changed on the way. */
function faultyEnv(): { env: ReturnType<typeof testEnv>; fail(next: Intercept): void } {
  let current: Intercept = () => 'go'
  const env = testEnv({ intercept: operation => current(operation) })
  return {
    env,
    fail: next => {
      current = next
    },
  }
}

const isRing = (operation: DiskOperation): boolean => isRingFileName(lastName(operation.path))
const isSegment = (operation: DiskOperation): boolean => operation.path.endsWith('.log')

test('J7 A13 a failed sync of the journal poisons the directory: nothing is acknowledged or served after it', async () => {
  const { env, fail } = faultyEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  await appendTo(log)
  const told: DiskFault[] = []
  directory.onFault(fault => told.push(fault))
  let failures = 0
  // Once, and then all is well again: it must not be tried again.
  fail(operation => (operation.kind === 'sync' && isRing(operation) && failures++ === 0 ? 'EIO' : 'go'))
  await assert.rejects(appendTo(log), DiskFault)
  assert.equal(directory.fault?.code, 'EIO')
  assert.equal(told.length, 1)
  assert.equal(log.durableEndOffset, 1)
  const end = log.endOffset
  await assert.rejects(appendTo(log), DiskFault)
  assert.equal(log.endOffset, end, 'a refused append leaves no trace')
  assert.throws(() => log.read(0, { upTo: 1, maxBytes: 100, minOneBatch: true }), DiskFault)
  assert.equal(directory.hasRoom(), true, 'those who append are refused, not held back')
  await directory.close()
})

test('J7 a failed sync of a segment poisons the directory, and the next start replays the journal', async () => {
  const { env, fail } = faultyEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  for (let i = 0; i < 10; i++) await appendTo(log)
  fail(operation => (operation.kind === 'sync' && isSegment(operation) ? 'EIO' : 'go'))
  await assert.rejects(directory.checkpoint(), DiskFault)
  assert.ok(directory.fault)
  await directory.close()
  fail(() => 'go')
  const disk = env.disk.crash('power', new Prng('poisoned'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 10))
  await again.close()
})

test('J7 A12 a disk that is full keeps the ring and what is there, and goes on when there is room', async () => {
  const { env, fail } = faultyEnv()
  const directory = await openTest(env, {
    journal: { maxBytes: 64 * 1024, fileBytes: 64 * 1024, roundBytes: 16 * 1024 },
  })
  const log = await directory.create(logId(), topicConfig())
  await appendTo(log)
  fail(operation => (operation.kind === 'write' && isSegment(operation) ? 'ENOSPC' : 'go'))
  await assert.rejects(directory.checkpoint(), { code: 'ENOSPC' })
  assert.deepEqual([directory.isFull, log.isDiskFull, directory.fault], [true, true, null])
  // Whoever appends is refused by the one who asks; nobody is held back.
  assert.equal(directory.hasRoom(), true)
  await appendTo(log)
  assert.deepEqual(await valuesFrom(log, 0), ['0', '1'])
  fail(() => 'go')
  env.clock.advance(2000)
  await directory.checkpoint()
  assert.deepEqual([directory.isFull, directory.hasRoom()], [false, true])
  const told = env.observe.events.filter(({ event }) => event.startsWith('storage.disk-'))
  assert.deepEqual(
    told.map(({ event }) => event),
    ['storage.disk-full', 'storage.disk-has-room'],
  )
  const disk = env.disk.crash('power', new Prng('full'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), ['0', '1'])
  await again.close()
})

for (const durability of ['disk', 'page-cache']) {
  test(`A12 a log can be deleted to make room on a full disk (${durability})`, async () => {
    const { env, fail } = faultyEnv()
    const directory = await openTest(env)
    const config = topicConfig({ durability, 'file.delete.delay.ms': '0' })
    const log = await directory.create(logId(), config)
    const other = await directory.create(logId(1), config)
    fail(operation => (operation.kind === 'write' && isSegment(operation) ? 'ENOSPC' : 'go'))
    const appended = [appendTo(log), appendTo(other)]
    for (const each of appended) each.catch(() => {})
    await directory.checkpoint().catch(() => {})
    assert.equal(directory.isFull, true)
    await directory.remove(log)
    fail(() => 'go')
    env.clock.advance(2000)
    await directory.checkpoint()
    assert.equal(directory.isFull, false)
    assert.deepEqual(await valuesFrom(other, 0), ['0'])
    await directory.close()
  })
}

test('A12 a log that finds no room when it is made leaves nothing behind', async () => {
  const { env, fail } = faultyEnv()
  const directory = await openTest(env)
  fail(({ kind, path }) => (kind === 'write' && path.includes('partition.metadata') ? 'ENOSPC' : 'go'))
  await assert.rejects(directory.create(logId(), topicConfig()), { code: 'ENOSPC' })
  assert.equal(await env.disk.stat(`${DIRECTORY}/orders-0`), null)
  fail(() => 'go')
  await appendTo(await directory.create(logId(), topicConfig()))
  await directory.close()
})

test('A12 a stop on a full disk ends, and loses nothing that was acknowledged', async () => {
  const { env, fail } = faultyEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  for (let i = 0; i < 5; i++) await appendTo(log)
  fail(operation => (operation.kind === 'write' && isSegment(operation) ? 'ENOSPC' : 'go'))
  await directory.close()
  fail(() => 'go')
  const again = await openTest(testEnv({ disk: env.disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.equal(again.cleanStart, false)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 5))
  await again.close()
})

test('J12 a sync that hangs holds up neither reads nor another directory', async () => {
  const held: (() => void)[] = []
  let hang = false
  const env = testEnv({
    defer: (finish, operation) => {
      if (hang && operation.kind === 'sync' && operation.path.startsWith('/data/.')) held.push(finish)
      else queueMicrotask(finish)
    },
  })
  const memory = new MemoryBudget(env.disk, { bytes: 1024 * 1024 })
  const slow = await openTest(env, { memory })
  const quick = await openTest(env, { memory, path: '/other' })
  const [a, b] = [await slow.create(logId(0), topicConfig()), await quick.create(logId(0), topicConfig())]
  await appendTo(a)
  hang = true
  let done = false
  const stuck = appendTo(a).then(() => {
    done = true
  })
  for (let i = 0; i < 20; i++) await appendTo(b)
  assert.deepEqual(await valuesFrom(b, 0), offsetsAsValues(0, 20))
  assert.deepEqual(await valuesFrom(a, 0, 1), ['0'])
  assert.equal(done, false)
  // Memory does not grow without bound while it hangs: appends are held back.
  const refusedFrom = Array.from({ length: 500 }, () => {
    if (!slow.hasRoom()) return false
    appendTo(a, { valueBytes: 1000 }).catch(() => {})
    return true
  }).indexOf(false)
  assert.ok(refusedFrom > 0 && refusedFrom < 200)
  hang = false
  for (const finish of held) finish()
  await stuck
  await slow.close()
  await quick.close()
})

test('A14 a directory that fails leaves the others alone', async () => {
  const { env, fail } = faultyEnv()
  const memory = new MemoryBudget(env.disk, { bytes: 1024 * 1024 })
  const broken = await openTest(env, { memory })
  const sound = await openTest(env, { memory, path: '/other' })
  const [a, b] = [await broken.create(logId(0), topicConfig()), await sound.create(logId(0), topicConfig())]
  fail(operation => (operation.path.startsWith('/data') && operation.changes ? 'EROFS' : 'go'))
  await assert.rejects(appendTo(a), DiskFault)
  for (let i = 0; i < 5; i++) await appendTo(b)
  assert.equal(b.durableEndOffset, 5)
  await broken.close()
  await sound.close()
})

test('J7 a page-cache write that fails poisons the directory', async () => {
  const { env, fail } = faultyEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ durability: 'page-cache' }))
  await appendTo(log)
  fail(operation => (operation.kind === 'write' && isSegment(operation) ? 'EIO' : 'go'))
  await assert.rejects(appendTo(log), DiskFault)
  assert.ok(directory.fault)
  assert.equal(log.durableEndOffset, 1)
  await directory.close()
})

test('a bug in whoever is asked for a checkpoint is no fault of the disk', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  let isBroken = true
  const producers = () => {
    if (isBroken) throw new TypeError('a bug')
    return { offset: log.endOffset, entries: [] }
  }
  log.attach({ highWatermark: () => log.durableEndOffset, producers, durable: () => {} })
  await appendTo(log)
  await assert.rejects(directory.checkpoint(), new TypeError('a bug'))
  assert.equal(directory.fault, null)
  isBroken = false
  await appendTo(log)
  await directory.close()
})

for (const how of ['a checkpoint', 'a clean stop']) {
  test(`J4 J7 a write to a segment that fails in ${how} takes nothing that was acknowledged`, async () => {
    const { env, fail } = faultyEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig())
    for (let i = 0; i < 5; i++) await appendTo(log)
    await directory.checkpoint()
    for (let i = 5; i < 10; i++) await appendTo(log)
    let failures = 0
    // Once: whatever comes after it would work.
    fail(operation => (operation.kind === 'write' && isSegment(operation) && failures++ === 0 ? 'EIO' : 'go'))
    if (how === 'a checkpoint') await assert.rejects(directory.checkpoint(), { code: 'EIO' })
    await directory.close()
    assert.equal(directory.fault?.code, 'EIO')
    const again = await openTest(testEnv({ disk: env.disk.crash('kill', new Prng(how)), seed: 'again' }))
    const [found] = again.logs()
    assert.equal(found?.fault, null)
    assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 10))
    await again.close()
  })
}

test('J4 J7 no checkpoint is made of a directory that fails under it', async () => {
  const { env, fail } = faultyEnv()
  const directory = await openTest(env)
  const [log, other] = [
    await directory.create(logId(), topicConfig()),
    await directory.create(logId(1), topicConfig({ durability: 'page-cache' })),
  ]
  for (let i = 0; i < 10; i++) await appendTo(log)
  let appended: Promise<void> | null = null
  fail(operation => {
    // While the checkpoint syncs one log, a write of another fails.
    if (operation.kind === 'sync' && operation.path.endsWith('.log')) appended ??= appendTo(other)
    return operation.kind === 'write' && operation.path.includes('orders-1') ? 'EIO' : 'go'
  })
  await assert.rejects(directory.checkpoint(), { code: 'EIO' })
  assert.ok(appended)
  await assert.rejects(appended, { code: 'EIO' })
  await directory.close()
})

for (const what of ['create', 'createFuture'] as const) {
  test(`J7 a directory that fails while a log is made in it (${what}) says so`, async () => {
    const { env, fail } = faultyEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(1), topicConfig())
    const config = topicConfig({ durability: 'page-cache' })
    let appended: Promise<void> | null = null
    fail(operation => {
      if (operation.kind === 'makeDirectory') appended ??= appendTo(log)
      return operation.kind === 'write' && isRing(operation) ? 'EIO' : 'go'
    })
    const made =
      what === 'create'
        ? directory.create(logId(), config)
        : directory.createFuture(logId(), { config, startOffset: 0, epochs: [] })
    await assert.rejects(made, { code: 'EIO' })
    assert.ok(appended)
    await assert.rejects(appended, { code: 'EIO' })
    assert.equal(directory.logCount, 1)
    await directory.close()
  })
}
