/** Reading ahead of a reader who goes from batch to batch: what it saves, and that nobody gets what is not the log's any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryDisk } from '../adapters/memory/disk.ts'
import type { DiskOperation } from '../adapters/memory/disk-operations.ts'
import { Prng } from '../base/random.ts'
import type { Offset } from '../base/units.ts'
import type { Log } from './log.ts'
import { appendTo, logId, offsetsAsValues, openTest, testEnv, topicConfig, valuesFrom } from './testing.ts'

const BATCHES = 40
const VALUE_BYTES = 900

/** A log whose batches lie in files only, and what is done with them. */
async function stored(logs = 1) {
  const env = testEnv()
  const directory = await openTest(env)
  for (let partition = 0; partition < logs; partition++) {
    const log = await directory.create(logId(partition), topicConfig())
    for (let i = 0; i < BATCHES; i++) await appendTo(log, { valueBytes: VALUE_BYTES })
  }
  await directory.close()
  return watched(env.disk)
}

async function watched(before: MemoryDisk) {
  const reads: DiskOperation[] = []
  let fate: (operation: DiskOperation) => 'go' | 'EIO' = () => 'go'
  const isRead = ({ kind, path }: DiskOperation) => kind === 'read' && path.endsWith('.log')
  const disk = before.crash('kill', new Prng('read-ahead'), {
    intercept: operation => {
      if (!isRead(operation)) return 'go'
      reads.push(operation)
      return fate(operation)
    },
  })
  const directory = await openTest(testEnv({ disk, seed: 'again' }))
  reads.length = 0
  const log = (partition = 0): Log => {
    const found = directory.find(logId(partition).topicId, partition)
    assert.ok(found)
    return found
  }
  return {
    directory,
    reads,
    log,
    fail: (how: typeof fate) => {
      fate = how
    },
  }
}

/** Reads two batches at a time, from where the last read ended. Returns where it ends. */
async function goOn(log: Log, from: Offset): Promise<Offset> {
  const values = await valuesFrom(log, from, log.endOffset, 1)
  assert.deepEqual(values, offsetsAsValues(from, from + values.length))
  assert.ok(values.length > 0)
  return from + values.length
}

test('from the third read on, the next bytes have been read when they are asked for, and none twice', async () => {
  const { directory, log, reads } = await stored()
  // The first read of a log completes its index.
  await goOn(log(), 30)
  reads.length = 0
  let at = await goOn(log(), 0)
  assert.equal(reads.length, 1, 'one look is one read')
  at = await goOn(log(), at)
  assert.equal(reads.length, 3, 'the second read, and the next')
  while (at < BATCHES) {
    const { length } = reads
    at = await goOn(log(), at)
    assert.ok(reads.length <= length + 1, 'one more at most')
  }
  const { length } = reads
  assert.deepEqual(await valuesFrom(log(), 20, 22), ['20', '21'])
  assert.equal(reads.length, length + 1, 'elsewhere is another look')
  await directory.close()
})

test('two readers at the same place both get it', async () => {
  const { directory, log } = await stored()
  for (let at = 0; at < BATCHES; ) {
    const [first, second] = await Promise.all([goOn(log(), at), goOn(log(), at)])
    assert.equal(first, second)
    at = first
  }
  await directory.close()
})

test('after a cut nobody gets what was read ahead of it', async () => {
  const { directory, log } = await stored()
  const at = await goOn(log(), await goOn(log(), await goOn(log(), 0)))
  await log().truncateTo(at)
  for (let i = at; i < BATCHES; i++) await appendTo(log(), { valueBytes: VALUE_BYTES, mark: ' anew' })
  await directory.checkpoint()
  const values = await valuesFrom(log(), at)
  assert.deepEqual(
    values,
    offsetsAsValues(at, BATCHES).map(value => `${value} anew`),
  )
  await directory.close()
})

test('a read ahead that fails is no fault of the reader, who reads himself', async () => {
  const { directory, log, reads, fail } = await stored()
  await goOn(log(), 30)
  const at = await goOn(log(), 0)
  let calls = 0
  fail(() => (++calls === 2 ? 'EIO' : 'go'))
  const next = await goOn(log(), at)
  assert.equal(calls, 2, 'the read and the one ahead of the next')
  const { length } = reads
  await goOn(log(), next)
  assert.ok(reads.length > length)
  assert.equal(directory.fault, null)
  await directory.close()
})

test('many readers hold a bounded number of buffers, and a stop waits for what is being read', async () => {
  const { directory, log } = await stored(20)
  const { readBuffers } = directory
  let held = 0
  const [take, give] = [readBuffers.take.bind(readBuffers), readBuffers.give.bind(readBuffers)]
  readBuffers.take = bytes => {
    held++
    return take(bytes)
  }
  readBuffers.give = buffer => {
    held--
    give(buffer)
  }
  for (let partition = 0; partition < 20; partition++) await goOn(log(partition), await goOn(log(partition), 0))
  assert.ok(held > 0 && held <= 8, `${held} buffers are held`)
  await directory.close()
  assert.equal(held, 0)
})
