/**
 * Compacts a log of many keys, each written several times, with a map that holds a fifth of them, on the real disk; reads
 * what is left and compares it with the last value of each key. Prints passes, time and memory; fails on a difference.
 *
 *   npm run compaction:million [-- --keys 1000000] [--writes 5] [--dir D] [--keep]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CollectingObserve } from '../packages/ottla/src/adapters/memory/observe.ts'
import { NodeClock } from '../packages/ottla/src/adapters/node/clock.ts'
import { NodeCrypto } from '../packages/ottla/src/adapters/node/crypto.ts'
import { NodeDisk } from '../packages/ottla/src/adapters/node/disk.ts'
import { NodeRandom } from '../packages/ottla/src/adapters/node/random.ts'
import { uuidFromBytes } from '../packages/ottla/src/base/uuid.ts'
import { brokerConfigOf } from '../packages/ottla/src/spec/config/broker.ts'
import { resolveTopicConfig } from '../packages/ottla/src/spec/config/topic.ts'
import { SLOT_BYTES } from '../packages/ottla/src/storage/cleaner/offset-map.ts'
import type { Log } from '../packages/ottla/src/storage/log.ts'
import type { LogDirectory } from '../packages/ottla/src/storage/log-directory.ts'
import { MemoryBudget } from '../packages/ottla/src/storage/memory-budget.ts'
import { openLogDirectory } from '../packages/ottla/src/storage/open.ts'
import { BatchBuilder } from '../packages/ottla/src/wire/batch/build.ts'
import { emptyBatchHeader, readBatchHeader } from '../packages/ottla/src/wire/batch/header.ts'
import { readRecords } from '../packages/ottla/src/wire/batch/iterate.ts'
import { BatchWalk } from '../packages/ottla/src/wire/batch/walk.ts'

const MIB = 1 << 20
const BATCH_RECORDS = 500
const LOAD_FACTOR = 0.9
/** Share of the keys that the map holds. */
const MAP_SHARE = 1 / 5
/** Keys come in another order in each round; a prime, so that each comes once. */
const STRIDE = 7919

const { values: given } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    writes: { type: 'string', default: '5' },
    dir: { type: 'string', default: tmpdir() },
    keep: { type: 'boolean', default: false },
  },
})
const keys = Number(given.keys)
const writes = Number(given.writes)
if (keys % BATCH_RECORDS !== 0 || keys % STRIDE === 0 || writes < 1) {
  throw new Error(`--keys is a multiple of ${BATCH_RECORDS}, and not of ${STRIDE}; --writes is at least 1`)
}

const observe = new CollectingObserve()
const env = {
  disk: new NodeDisk(),
  clock: new NodeClock(),
  random: new NodeRandom(),
  crypto: new NodeCrypto(),
  observe,
}
const path = mkdtempSync(join(given.dir, 'ottla-compaction-'))
// The clock's timers alone do not keep a process alive.
const awake = setInterval(() => {}, 60_000)
try {
  process.exitCode = await main()
} finally {
  clearInterval(awake)
  if (!given.keep) rmSync(path, { recursive: true })
}

async function main(): Promise<number> {
  const journal = { maxBytes: 64 * MIB }
  const memory = new MemoryBudget(env.disk, { bytes: 64 * MIB })
  const directory = await openLogDirectory(env, { path, nodeId: 1, clusterId: 'bench', journal, memory })
  const log = await compactedLog(directory)
  await write(directory, log)
  const before = { bytes: log.sizeBytes, rss: process.memoryUsage.rss() }
  const mapBytes = Math.ceil((keys * MAP_SHARE) / LOAD_FACTOR) * SLOT_BYTES
  const startedMs = performance.now()
  const options = { mapBytes, loadFactor: LOAD_FACTOR, bufferBytes: MIB / 2, bytesPerSecond: Number.POSITIVE_INFINITY }
  await directory.cleaner.run(options)
  const seconds = (performance.now() - startedMs) / 1000
  const passes = observe.named('log.cleaned')[0]?.fields.passes
  const wrong = await compare(log)
  console.log(
    `${keys} keys, each written ${writes} times; the map holds ${Math.floor(keys * MAP_SHARE)} keys in ${mb(mapBytes)}`,
  )
  console.log(`${passes} passes in ${seconds.toFixed(1)} s: ${mb(before.bytes)} became ${mb(log.sizeBytes)}`)
  console.log(
    `memory of the process: ${mb(before.rss)} before, ${mb(process.resourceUsage().maxRSS * 1024)} at its peak`,
  )
  console.log(wrong === null ? 'what is left is the last value of each key' : `WRONG: ${wrong}`)
  await directory.close()
  if (given.keep) console.log(`kept in ${path}`)
  return wrong === null && log.cleanedTo === keys * writes ? 0 : 1
}

async function compactedLog(directory: LogDirectory): Promise<Log> {
  const configs = new Map([
    ['cleanup.policy', 'compact'],
    ['segment.bytes', String(16 * MIB)],
    ['min.cleanable.dirty.ratio', '0'],
  ])
  const topicId = uuidFromBytes(env.crypto.randomUuid())
  const id = { topic: 'keyed', topicId, partition: 0 }
  const log = await directory.create(id, resolveTopicConfig(brokerConfigOf(), configs))
  log.attach({
    highWatermark: () => log.durableEndOffset,
    producers: () => ({ offset: log.endOffset, entries: [] }),
    durable: () => {},
  })
  return log
}

function keyAt(offset: number): number {
  return ((offset % keys) * STRIDE + Math.floor(offset / keys)) % keys
}

async function write(directory: LogDirectory, log: Log): Promise<void> {
  const builder = new BatchBuilder()
  const encoder = new TextEncoder()
  const header = emptyBatchHeader()
  while (log.endOffset < keys * writes) {
    const baseOffset = log.endOffset
    for (let offset = baseOffset; offset < baseOffset + BATCH_RECORDS; offset++) {
      builder.append(encoder.encode(`key-${keyAt(offset)}`), encoder.encode(`value-${offset}`), [], 1_700_000_000_000)
    }
    const bytes = builder.build({ baseOffset, leaderEpoch: 0 })
    await log.append(bytes, readBatchHeader(bytes, 0, header))
  }
  log.roll(log.endOffset)
  await directory.checkpoint()
}

/** In words, the first difference to the last value of each key; null when there is none. */
async function compare(log: Log): Promise<string | null> {
  const decoder = new TextDecoder()
  let expected = keys * (writes - 1)
  for (let next = 0; next < log.endOffset; ) {
    const read = await log.read(next, { upTo: log.endOffset, maxBytes: MIB, minOneBatch: true })
    if (read.bytes === 0) break
    for (const chunk of read.chunks) {
      const walk = new BatchWalk().reset(chunk, 0, chunk.length, { verifyCrc: true })
      while (walk.next()) {
        next = walk.header.baseOffset + walk.header.lastOffsetDelta + 1
        for (const { offset, key, value } of readRecords(chunk, walk.position)) {
          const seen = `${offset} ${decoder.decode(key ?? undefined)} ${decoder.decode(value ?? undefined)}`
          if (seen !== `${expected} key-${keyAt(expected)} value-${expected}`)
            return `${seen} where ${expected} was next`
          expected++
        }
      }
    }
    read.release()
  }
  return expected === keys * writes ? null : `the log ends at ${expected}`
}

function mb(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
