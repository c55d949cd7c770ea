/**
 * What a start makes of a directory: rules J4, J5 and J10, cases A5, A8, A10, A11 and A15 of docs/reliability.md, and
 * the directories that must not be opened.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryDisk } from '../adapters/memory/disk.ts'
import { Prng } from '../base/random.ts'
import { StorageCorruption, StorageRefusal } from './env.ts'
import { readText, replaceFile } from './files.ts'
import {
  appendTo,
  DIRECTORY,
  logId,
  makeBatch,
  offsetsAsValues,
  openTest,
  testEnv,
  topicConfig,
  valuesFrom,
} from './testing.ts'

const FOLDER = `${DIRECTORY}/orders-0`
const FIRST_SEGMENT = `${FOLDER}/00000000000000000000`

/** A directory that was stopped cleanly, with one log of so many records. */
async function stopped(records: number, config = topicConfig()): Promise<MemoryDisk> {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), config)
  for (let i = 0; i < records; i++) await appendTo(log)
  await directory.close()
  return env.disk
}

async function reopened(disk: MemoryDisk) {
  const env = testEnv({ disk, seed: 'again' })
  const directory = await openTest(env)
  const [log] = directory.logs()
  assert.ok(log)
  return { log, env, close: () => directory.close() }
}

async function overwrite(disk: MemoryDisk, path: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, { mode: 'write' })
  await file.write(position, bytes)
  await file.sync()
  await file.close()
}

async function cutFile(disk: MemoryDisk, path: string, sizeBytes: number): Promise<void> {
  const file = await disk.open(path, { mode: 'write' })
  await file.truncate(sizeBytes)
  await file.sync()
  await file.close()
}

test('J4 a start follows what was not written back, not the size of the log', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '20000' }))
  for (let i = 0; i < 1000; i++) await appendTo(log, { valueBytes: 100 })
  await directory.checkpoint()
  for (let i = 0; i < 3; i++) await appendTo(log)
  let readBytes = 0
  const disk = env.disk.crash('kill', new Prng('small'), {
    intercept: operation => {
      if (operation.kind === 'read' && operation.path.endsWith('.log')) readBytes += operation.bytes
      return 'go'
    },
  })
  const { log: found, close } = await reopened(disk)
  assert.equal(found.endOffset, 1003)
  assert.ok(readBytes < 2000, `${readBytes} bytes of segments read`)
  await close()
})

test('J4 entries, terms and producers beyond the recovered end are gone; those below are kept', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ 'index.interval.bytes': '0' }))
  const producers = [
    {
      producerId: 2n ** 60n,
      producerEpoch: 3,
      coordinatorEpoch: -1,
      currentTxnFirstOffset: -1,
      lastTimestamp: 5,
      batches: [
        { firstSequence: 0, lastSequence: 4, lastOffset: 4, offsetDelta: 4, timestamp: 4 },
        { firstSequence: 5, lastSequence: 5, lastOffset: 5, offsetDelta: 0, timestamp: 5 },
      ],
    },
  ]
  log.attach({
    highWatermark: () => log.durableEndOffset,
    producers: () => ({ offset: log.endOffset, entries: producers }),
    durable: () => {},
  })
  log.epochs.assign(1, 0)
  for (let i = 0; i < 10; i++) await appendTo(log, { epoch: 1 })
  await directory.checkpoint()
  log.epochs.assign(4, 10)
  for (let i = 0; i < 3; i++) await appendTo(log, { epoch: 4 })
  const disk = env.disk.crash('power', new Prng('terms'))
  const { log: found, close } = await reopened(disk)
  // Its own batches are of no producer: nobody has to read them again.
  const recovered = { highWatermark: 10, producers: { offset: 10, entries: producers }, producersBehind: false }
  assert.deepEqual(found.recovered, recovered)
  assert.deepEqual(found.epochs.entries, [
    { epoch: 1, startOffset: 0 },
    { epoch: 4, startOffset: 10 },
  ])
  const seen: number[] = []
  await found.headers(10, header => seen.push(header.baseOffset))
  assert.deepEqual(seen, [10, 11, 12])
  await close()
})

test('a high watermark above the recovered end is the end', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const first = await directory.create(logId(), topicConfig())
  first.attach({ highWatermark: () => 10, producers: () => ({ offset: 0, entries: [] }), durable: () => {} })
  for (let i = 0; i < 10; i++) await appendTo(first)
  await directory.checkpoint()
  await first.truncateTo(6)
  const { log, close } = await reopened(env.disk.crash('kill', new Prng('cut')))
  assert.deepEqual([log.endOffset, log.recovered.highWatermark], [6, 6])
  await close()
})

test('a log whose kept end lies below its promised start goes on at that start', async () => {
  for (const seed of ['a', 'b', 'c', 'd', 'e']) {
    const env = testEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig({ durability: 'page-cache', 'segment.bytes': '300' }))
    for (let i = 0; i < 9; i++) await appendTo(log)
    await log.advanceStart(7)
    const disk = env.disk.crash('power', new Prng(seed))
    const { log: found, close } = await reopened(disk)
    assert.equal(found.startOffset, 7)
    assert.ok(found.endOffset >= 7, String(found.endOffset))
    await appendTo(found, { mark: 'n' })
    const values = await valuesFrom(found, 7)
    assert.equal(values.at(-1), `${found.endOffset - 1}n`)
    await close()
  }
})

test('J5 what stands behind the recovered end is cut, durably, before anything is appended', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  await appendTo(log)
  await directory.checkpoint()
  const size = log.active.sizeBytes
  const disk = env.disk.crash('kill', new Prng('tail'))
  // A whole, valid batch that no round ever had.
  await overwrite(disk, `${FIRST_SEGMENT}.log`, size, makeBatch(1, { mark: 'stale' }).bytes)
  const { log: found, close } = await reopened(disk)
  assert.equal(found.endOffset, 1)
  assert.equal((await disk.stat(`${FIRST_SEGMENT}.log`))?.sizeBytes, size)
  await appendTo(found, { mark: 'new' })
  assert.deepEqual(await valuesFrom(found, 0), ['0', '1new'])
  await close()
})

test('J5 A8 a damaged batch below the journaled end is never cut and never served; the rest is readable', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  for (let i = 0; i < 10; i++) await appendTo(log)
  await directory.checkpoint()
  const size = log.active.sizeBytes
  const disk = env.disk.crash('kill', new Prng('damage'))
  await overwrite(disk, `${FIRST_SEGMENT}.log`, Math.floor((size * 6.9) / 10), Uint8Array.of(255))
  const { log: found, close } = await reopened(disk)
  assert.equal(found.endOffset, 10)
  await assert.rejects(valuesFrom(found, 0), (error: Error) => {
    assert.ok(error instanceof StorageCorruption)
    assert.equal(error.from, 6)
    return true
  })
  assert.deepEqual(await valuesFrom(found, 0, 6), offsetsAsValues(0, 6))
  assert.deepEqual(await valuesFrom(found, 7), offsetsAsValues(7, 10))
  assert.equal((await disk.stat(`${FIRST_SEGMENT}.log`))?.sizeBytes, size)
  await close()
})

test('A9 a batch of another place is not served, whatever its sum says', async () => {
  const disk = await stopped(10)
  const strange = makeBatch(77).bytes
  const size = ((await disk.stat(`${FIRST_SEGMENT}.log`))?.sizeBytes ?? 0) / 10
  assert.equal(size, makeBatch(3).bytes.length)
  const { log, close } = await reopened(disk)
  await overwrite(disk, `${FIRST_SEGMENT}.log`, 3 * size, makeBatch(3).bytes)
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 10))
  await overwrite(disk, `${FIRST_SEGMENT}.log`, 3 * size, strange.subarray(0, size))
  await assert.rejects(valuesFrom(log, 0), StorageCorruption)
  await close()
})

test('A5 after a kill of Kafka, or without our checkpoint, a torn last batch is cut at every length', async () => {
  const batch = makeBatch(3).bytes.length
  for (let torn = 0; torn < batch; torn += 7) {
    const disk = await stopped(4)
    await disk.remove(`${DIRECTORY}/.kafka_cleanshutdown`)
    await replaceFile(disk, `${DIRECTORY}/recovery-point-offset-checkpoint`, '0\n1\norders 0 2\n')
    await cutFile(disk, `${FIRST_SEGMENT}.log`, 3 * batch + torn)
    const { log, close } = await reopened(disk)
    assert.equal(log.fault, null)
    assert.equal(log.endOffset, 3)
    await appendTo(log, { mark: 'n' })
    assert.deepEqual(await valuesFrom(log, 0), ['0', '1', '2', '3n'])
    await close()
  }
})

test('A10 with a clean marker and a torn tail the marker is not believed: below the recovery point it is damage', async () => {
  const disk = await stopped(10)
  const size = (await disk.stat(`${FIRST_SEGMENT}.log`))?.sizeBytes ?? 0
  await cutFile(disk, `${FIRST_SEGMENT}.log`, size - 5)
  const { log, close } = await reopened(disk)
  assert.ok(log.fault instanceof StorageCorruption)
  assert.equal(log.fault.from, 9)
  assert.deepEqual(await valuesFrom(log, 0, 9), offsetsAsValues(0, 9))
  await assert.rejects(appendTo(log), StorageCorruption)
  await close()
})

for (const [what, spoil] of [
  ['missing', (disk: MemoryDisk, path: string) => disk.remove(path)],
  ['empty', (disk: MemoryDisk, path: string) => cutFile(disk, path, 0)],
  ['garbage', (disk: MemoryDisk, path: string) => replaceFile(disk, path, new Prng(path).bytes(240))],
  [
    'beyond the log',
    (disk: MemoryDisk, path: string) => replaceFile(disk, path, Uint8Array.of(0, 0, 0, 5, 9, 9, 9, 9)),
  ],
  ['one entry wrong', (disk: MemoryDisk, path: string) => overwrite(disk, path, 7, Uint8Array.of(1))],
] as const) {
  test(`A10 an index that is ${what} is made again; data is untouched`, async () => {
    const config = topicConfig({ 'index.interval.bytes': '100', 'segment.bytes': '4000' })
    const disk = await stopped(120, config)
    for (const kind of ['index', 'timeindex']) {
      if (what === 'beyond the log' && kind === 'timeindex') continue
      await spoil(disk, `${FIRST_SEGMENT}.${kind}`)
    }
    const { log, close } = await reopened(disk)
    for (let offset = 0; offset < 120; offset += 5) {
      assert.deepEqual((await valuesFrom(log, offset, 120, 1))[0], String(offset))
      const found = await log.offsetForTimestamp(1000 + offset, 120)
      assert.equal(found?.offset, offset)
    }
    await close()
  })
}

for (const [what, content] of [
  ['missing', null],
  ['garbage', 'x\ny'],
  ['ahead of the log', '0\n2\n3 0\n9 5000\n'],
] as const) {
  test(`A11 an epoch file that is ${what} never cuts the log`, async () => {
    const env = testEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig())
    log.epochs.assign(3, 0)
    for (let i = 0; i < 10; i++) await appendTo(log, { epoch: i < 6 ? 3 : 7 })
    await directory.close()
    const path = `${FOLDER}/leader-epoch-checkpoint`
    assert.equal(await readText(env.disk, path), '0\n2\n3 0\n7 6\n')
    if (content === null) await env.disk.remove(path)
    else await replaceFile(env.disk, path, content)
    const { log: found, close } = await reopened(env.disk)
    assert.equal(found.endOffset, 10)
    assert.equal(found.epochs.epochAt(2), 3)
    if (what !== 'ahead of the log') assert.equal(found.epochs.epochAt(8), 7)
    await close()
  })
}

test('A15 strays are left alone, and told of', async () => {
  const disk = await stopped(3)
  for (const name of ['notes', 'orders-x', '..-0', 'orders-1.0123456789abcdef0123456789abcdef-stray', 'clicks-0']) {
    await disk.makeDirectory(`${DIRECTORY}/${name}`)
  }
  await disk.makeDirectory(`${DIRECTORY}/gone-0.0123456789abcdef0123456789abcdef-delete`)
  await replaceFile(disk, `${DIRECTORY}/readme.txt`, 'hello')
  const { log, env, close } = await reopened(disk)
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 3))
  assert.equal(env.observe.named('storage.stray').length, 5)
  const names = (await disk.list(DIRECTORY)).map(({ name }) => name)
  assert.ok(names.includes('readme.txt') && names.includes('notes'))
  assert.ok(!names.some(name => name.endsWith('-delete')))
  await close()
})

test('J10 a clean stop leaves Kafka its files, and the start takes the marker away before it writes', async () => {
  const disk = await stopped(5)
  assert.equal(await readText(disk, `${DIRECTORY}/recovery-point-offset-checkpoint`), '0\n1\norders 0 5\n')
  assert.equal(await readText(disk, `${DIRECTORY}/log-start-offset-checkpoint`), '0\n1\norders 0 0\n')
  assert.equal(await readText(disk, `${FOLDER}/partition.metadata`), 'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAFA')
  assert.ok(await disk.stat(`${DIRECTORY}/.kafka_cleanshutdown`))
  const { close } = await reopened(disk)
  assert.equal(await disk.stat(`${DIRECTORY}/.kafka_cleanshutdown`), null)
  await close()
})

test('J10 a clean stop after a kill leaves an index that is believed, not made again', async () => {
  const config = topicConfig({ 'index.interval.bytes': '300' })
  const env = testEnv()
  const directory = await openTest(env)
  const first = await directory.create(logId(), config)
  for (let i = 0; i < 20; i++) await appendTo(first)
  await directory.checkpoint()
  const disk = env.disk.crash('kill', new Prng('index'))
  const second = await openTest(testEnv({ disk, seed: 'second' }), { defaultConfig: config })
  await second.close()
  const { log, env: last, close } = await reopened(disk)
  assert.equal((await log.offsetForTimestamp(1019, 20))?.offset, 19)
  assert.deepEqual(last.observe.named('index.rebuilt'), [])
  await close()
})

test('J10 a checkpoint of ours that is older than what Kafka wrote is not believed', async () => {
  const disk = await stopped(5)
  // Kafka appended, and was killed: no marker, and its recovery point says what it had synced.
  await disk.remove(`${DIRECTORY}/.kafka_cleanshutdown`)
  const size = (await disk.stat(`${FIRST_SEGMENT}.log`))?.sizeBytes ?? 0
  await overwrite(disk, `${FIRST_SEGMENT}.log`, size, makeBatch(5).bytes)
  const { log, close } = await reopened(disk)
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 6))
  await close()
})

async function refusal(disk: MemoryDisk, options: Parameters<typeof openTest>[1] = {}): Promise<string> {
  const before = disk.changeCount
  try {
    await openTest(testEnv({ disk, seed: 'refused' }), options)
  } catch (error) {
    assert.ok(error instanceof StorageRefusal, String(error))
    assert.ok(disk.changeCount - before < 5, 'nothing is touched')
    return error.message
  }
  return 'not refused'
}

test('a directory of another cluster or broker, or of a newer release, is refused', async () => {
  const disk = await stopped(1)
  assert.match(await refusal(disk, { clusterId: 'other' }), /belongs to cluster test-cluster, this is cluster other/)
  assert.match(await refusal(disk, { nodeId: 7 }), /belongs to broker 1, this is broker 7/)
  const meta = (await readText(disk, `${DIRECTORY}/meta.properties`)) ?? ''
  await replaceFile(disk, `${DIRECTORY}/meta.properties`, meta.replace('version=1', 'version=2'))
  assert.match(await refusal(disk), /newer release/)
  await replaceFile(disk, `${DIRECTORY}/meta.properties`, 'what is this')
  assert.match(await refusal(disk), /cannot be read/)
})

test('a directory in use is refused', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  assert.match(await refusal(env.disk), /in use by another process/)
  await directory.close()
})

test('after a kill, a checkpoint that is missing, damaged or newer is refused rather than guessed at', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  await appendTo(log)
  const disk = env.disk.crash('kill', new Prng('checkpoint'))
  const path = `${DIRECTORY}/.ottla-checkpoint`
  await overwrite(disk, path, 5, Uint8Array.of(9))
  assert.match(await refusal(disk), /newer release/)
  await overwrite(disk, path, 5, Uint8Array.of(1))
  await overwrite(disk, path, 20, Uint8Array.of(1, 2, 3))
  assert.match(await refusal(disk), /is damaged/)
  await disk.remove(path)
  assert.match(await refusal(disk), /is missing/)
})

test('J2 a folder that vanished without a deletion is refused: its data was acknowledged', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig())
  await appendTo(log)
  const disk = env.disk.crash('kill', new Prng('vanished'))
  await disk.rename(FOLDER, '/elsewhere')
  assert.match(await refusal(disk), /folder of partition 0 .* is missing/)
  await disk.rename('/elsewhere', FOLDER)
  const { log: found, close } = await reopened(disk)
  assert.deepEqual(await valuesFrom(found, 0), ['0'])
  await close()
})
