/** Rules J1 to J3 of the commit journal, on a simulated disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryDisk } from '../../adapters/memory/disk.ts'
import type { DiskOperation } from '../../adapters/memory/disk-operations.ts'
import { Prng } from '../../base/random.ts'
import { StorageRefusal } from '../env.ts'
import {
  appendTo,
  DIRECTORY,
  logId,
  offsetsAsValues,
  openTest,
  testEnv,
  topicConfig,
  valuesFrom,
  watchedEnv,
} from '../testing.ts'
import { isRingFileName } from './ring.ts'

const isRing = (path: string): boolean => isRingFileName(path.slice(path.lastIndexOf('/') + 1))

/** Two kinds of file hold the journal and the segments; rounds are the writes to the first. */
function ringWrites(seen: DiskOperation[]): DiskOperation[] {
  return seen.filter(operation => operation.kind === 'write' && isRing(operation.path))
}

test('J1 a round takes what all partitions appended since the last one began, padded to whole blocks', async () => {
  const { env, seen } = watchedEnv()
  const directory = await openTest(env)
  const logs = [await directory.create(logId(0), topicConfig()), await directory.create(logId(1), topicConfig())]
  seen.length = 0
  const first = logs.map(log => appendTo(log))
  assert.equal(first[0], first[1], 'appends of a round share a promise')
  const second = Promise.resolve().then(() => logs.map(log => appendTo(log, { count: 3 })))
  await Promise.all(first)
  const promises = await second
  assert.equal(promises[0], promises[1])
  assert.notEqual(promises[0], first[0])
  await Promise.all(promises)
  const rounds = ringWrites(seen)
  assert.equal(rounds.length, 2)
  for (const round of rounds) assert.equal(round.bytes % env.disk.alignmentBytes, 0)
  await directory.close()
})

test('J1 a reply leaves when the sync of its round returned, not before', async () => {
  const held: (() => void)[] = []
  let hold = false
  const env = testEnv({
    defer: (finish, operation) => {
      if (hold && operation.kind === 'sync' && isRing(operation.path)) held.push(finish)
      else queueMicrotask(finish)
    },
  })
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  hold = true
  let replied = false
  const done = appendTo(log).then(() => {
    replied = true
  })
  while (held.length === 0) await new Promise(resolve => setImmediate(resolve))
  assert.equal(replied, false)
  assert.equal(log.durableEndOffset, 0)
  // What comes while the sync runs waits for the next round.
  const later = appendTo(log)
  hold = false
  held[0]?.()
  await done
  assert.equal(log.durableEndOffset, 1)
  await later
  assert.equal(log.durableEndOffset, 2)
  await directory.close()
})

test('J1 a damaged round that a later one calls synced refuses the start, and nothing is changed', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  for (let i = 0; i < 3; i++) await appendTo(log)
  const disk = env.disk.crash('kill', new Prng('damage'))
  await flip(disk, `${DIRECTORY}/.ottla-journal-00000001`, await roundAt(disk, 1))
  const before = disk.changeCount
  await assert.rejects(openTest(testEnv({ disk, seed: 'again' })), (error: Error) => {
    assert.ok(error instanceof StorageRefusal)
    assert.match(error.message, /journal .* is damaged: round \d+, which was acknowledged/)
    return true
  })
  // The lock, the folder and an identity that was there already: no file was written.
  assert.ok(disk.changeCount - before < 5)
})

test('J1 a damaged last round is the end of the journal: nobody was told of what follows', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  for (let i = 0; i < 3; i++) await appendTo(log)
  const disk = env.disk.crash('kill', new Prng('end'))
  await flip(disk, `${DIRECTORY}/.ottla-journal-00000001`, await roundAt(disk, 3))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const found = again.find(log.id.topicId, 0)
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), ['0', '1'])
  await again.close()
})

test('J2 a batch longer than a round goes into several, and counts when it is whole', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  const small = appendTo(log)
  const large = appendTo(log, { valueBytes: 100_000 })
  await Promise.all([small, large])
  assert.equal(log.durableEndOffset, 2)
  const disk = env.disk.crash('power', new Prng('large'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const found = again.find(log.id.topicId, 0)
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), ['0', '1'])
  await again.close()
})

test('J2 rounds of large and small batches together are whole, on whose sums they rest, and found so', async () => {
  const env = testEnv()
  const directory = await openTest(env, { journal: { maxBytes: 1 << 20, fileBytes: 1 << 19, roundBytes: 1 << 17 } })
  const logs = await Promise.all([0, 1].map(partition => directory.create(logId(partition), topicConfig())))
  const sizes = [20, 8_100, 8_200, 9_000, 50, 60_000, 10]
  await Promise.all(sizes.flatMap(valueBytes => logs.map(log => appendTo(log, { valueBytes, mark: `/${valueBytes}` }))))
  const disk = env.disk.crash('kill', new Prng('sums'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  for (const { id } of logs) {
    const found = again.find(id.topicId, id.partition)
    assert.ok(found)
    assert.deepEqual(
      await valuesFrom(found, 0),
      sizes.map((valueBytes, offset) => `${offset}/${valueBytes}`),
    )
  }
  await again.close()
})

test('J2 a part of a batch whose end never came is cut', async () => {
  let rounds = 0
  const intercept = (operation: DiskOperation) =>
    operation.kind === 'sync' && isRing(operation.path) && ++rounds === 5 ? 'crash' : 'go'
  const env = testEnv({ intercept })
  const story = async (): Promise<void> => {
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig())
    await appendTo(log)
    await appendTo(log, { valueBytes: 200_000 })
  }
  await Promise.race([story(), env.disk.stopped])
  const disk = env.disk.crash('kill', new Prng('part'), {})
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), ['0'])
  await appendTo(found)
  assert.deepEqual(await valuesFrom(found, 0), ['0', '1'])
  await again.close()
})

test('J3 the ring is used again and again, within its bound, and every crash of it recovers', async () => {
  const env = testEnv()
  const options = { journal: { maxBytes: 32 * 1024, fileBytes: 16 * 1024, roundBytes: 4096 } }
  const directory = await openTest(env, options)
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '20000' }))
  for (let i = 0; i < 300; i++) await appendTo(log, { valueBytes: 500 })
  const files = (await env.disk.list(DIRECTORY)).filter(({ name }) => isRingFileName(name))
  assert.equal(files.length, 2)
  const disk = env.disk.crash('power', new Prng('ring'))
  const again = await openTest(testEnv({ disk, seed: 'again' }), options)
  const found = again.find(log.id.topicId, 0)
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 300))
  await again.close()
})

test('J3 rounds of an earlier life of the ring are never replayed', async () => {
  const env = testEnv()
  const first = await openTest(env)
  const log = await first.create(logId(), topicConfig())
  for (let i = 0; i < 5; i++) await appendTo(log)
  await first.close()
  // A new life, which writes no round before it is killed: the old ones are still in the file.
  const second = await openTest(testEnv({ disk: env.disk, seed: 'second' }))
  assert.equal(second.logCount, 1)
  const disk = env.disk.crash('kill', new Prng('earlier'))
  const env3 = testEnv({ disk, seed: 'third' })
  const third = await openTest(env3)
  assert.equal(env3.observe.named('storage.recovered')[0]?.fields.rounds, 0)
  const [found] = third.logs()
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 5))
  await third.close()
})

/** Where the n-th round that is not empty begins in the first ring file: each test's rounds are one block long. */
async function roundAt(disk: { readonly alignmentBytes: number }, number: number): Promise<number> {
  return (number - 1) * disk.alignmentBytes
}

async function flip(disk: ReturnType<typeof testEnv>['disk'], path: string, position: number): Promise<void> {
  const file = await disk.open(path, { mode: 'write' })
  const bytes = new Uint8Array(1)
  await file.read(position + 70, bytes)
  bytes[0] = (bytes[0] as number) ^ 1
  await file.write(position + 70, bytes)
  await file.close()
}

for (const how of ['never returned', 'failed']) {
  test(`J1 what a start does because of a round whose sync ${how} does not outlive that round`, () =>
    removedAtStart(how === 'failed'))
}

async function removedAtStart(failed: boolean): Promise<void> {
  for (let cut = 0; cut < 30; cut++) {
    const killed = await killedInRemoval(cut, failed)
    // The start finds the deletion, finishes it, and gets no further.
    await assert.rejects(openTest(testEnv({ disk: killed, seed: 'full' })), { code: 'ENOSPC' })
    assert.deepEqual(await foldersOf(killed), [])
    const disk = killed.crash('power', new Prng(cut), {})
    const again = await openTest(testEnv({ disk, seed: 'again' }))
    const found = Array.from(again.logs(), ({ endOffset }) => endOffset)
    assert.deepEqual(found, (await foldersOf(disk)).length === 0 ? [] : [1])
    await again.close()
  }
}

/** What a kill leaves when the sync of a deletion is under way, or has failed, on a disk without room for a checkpoint. */
async function killedInRemoval(seed: number, failed: boolean): Promise<MemoryDisk> {
  let hold = false
  const isHeld = ({ kind, path }: DiskOperation) => hold && kind === 'sync' && path.endsWith('journal-00000001')
  const env = testEnv({
    intercept: operation => (failed && isHeld(operation) ? 'EIO' : 'go'),
    defer: (finish, operation) => {
      if (failed || !isHeld(operation)) queueMicrotask(finish)
    },
  })
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  await appendTo(log)
  hold = true
  directory.remove(log).catch(() => {})
  for (let turns = 0; turns < 100; turns++) await Promise.resolve()
  const isFull = ({ kind, path }: DiskOperation) => kind === 'write' && path.includes('.ottla-checkpoint')
  return env.disk.crash('kill', new Prng(seed), { intercept: each => (isFull(each) ? 'ENOSPC' : 'go') })
}

async function foldersOf(disk: MemoryDisk): Promise<string[]> {
  const entries = await disk.list(DIRECTORY)
  return entries.filter(({ kind, name }) => kind === 'directory' && name.startsWith('orders')).map(({ name }) => name)
}
