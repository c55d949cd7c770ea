/**
 * The same load as main.ts, through the product's LogDirectory on the real disk: what storage costs above the prototype.
 * Batches are summed once, as a broker would, and appended while the directory says that it has room.
 *
 *   npx node bench/journal/storage.ts [--dir D] [--partitions 1,100,1000] [--kb 1,16,128] [--mb 1024] [--durability disk]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CollectingObserve } from '../../packages/ottla/src/adapters/memory/observe.ts'
import { NodeClock } from '../../packages/ottla/src/adapters/node/clock.ts'
import { NodeCrypto } from '../../packages/ottla/src/adapters/node/crypto.ts'
import { NodeDisk } from '../../packages/ottla/src/adapters/node/disk.ts'
import { NodeRandom } from '../../packages/ottla/src/adapters/node/random.ts'
import { uuidFromBytes } from '../../packages/ottla/src/base/uuid.ts'
import { brokerConfigOf } from '../../packages/ottla/src/spec/config/broker.ts'
import { resolveTopicConfig } from '../../packages/ottla/src/spec/config/topic.ts'
import type { Log } from '../../packages/ottla/src/storage/log.ts'
import type { LogDirectory } from '../../packages/ottla/src/storage/log-directory.ts'
import { MemoryBudget } from '../../packages/ottla/src/storage/memory-budget.ts'
import { openLogDirectory } from '../../packages/ottla/src/storage/open.ts'
import { BatchBuilder } from '../../packages/ottla/src/wire/batch/build.ts'
import {
  batchCrcMatches,
  emptyBatchHeader,
  patchBaseOffset,
  readBatchHeader,
} from '../../packages/ottla/src/wire/batch/header.ts'

const MB = 1 << 20
const { values: given } = parseArgs({
  options: {
    dir: { type: 'string', default: tmpdir() },
    partitions: { type: 'string', default: '1,100,1000' },
    kb: { type: 'string', default: '1,16,128' },
    mb: { type: 'string', default: '1024' },
    'ring-mb': { type: 'string', default: '256' },
    'budget-mb': { type: 'string', default: '256' },
    durability: { type: 'string', default: 'disk' },
  },
})

const env = {
  disk: new NodeDisk(),
  clock: new NodeClock(),
  random: new NodeRandom(),
  crypto: new NodeCrypto(),
  observe: new CollectingObserve(),
}

function makeBatch(bytes: number): Uint8Array {
  const builder = new BatchBuilder()
  const value = new Uint8Array(Math.min(1000, bytes - 100)).fill(7)
  while (builder.sizeBytes + value.length + 20 < bytes) builder.append(null, value, [], 1_700_000_000_000)
  return builder.build()
}

async function produce(directory: LogDirectory, logs: readonly Log[], load: { batch: Uint8Array; totalBytes: number }) {
  const { batch, totalBytes } = load
  const header = emptyBatchHeader()
  const latenciesMs: number[] = []
  let sent = 0
  let acked = 0
  let next = 0
  let lastPromise: Promise<void> | null = null
  while (sent < totalBytes) {
    if (!directory.hasRoom()) {
      await new Promise<void>(resolve => {
        const stop = directory.onRoom(() => {
          stop()
          resolve()
        })
      })
      continue
    }
    for (let tick = 0; tick < 262_144 && sent < totalBytes; tick += batch.length) {
      const log = logs[next++ % logs.length] as Log
      readBatchHeader(batch, 0, header)
      if (!batchCrcMatches(batch, 0, header)) throw new Error('a batch lost its sum')
      header.baseOffset = log.endOffset
      header.partitionLeaderEpoch = 0
      patchBaseOffset(batch, 0, log.endOffset)
      const done = log.append(batch, header)
      sent += batch.length
      if (done === lastPromise) continue
      lastPromise = done
      const startedMs = performance.now()
      done.then(() => latenciesMs.push(performance.now() - startedMs))
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  await lastPromise
  acked = sent
  return { acked, latenciesMs: latenciesMs.sort((a, b) => a - b) }
}

async function measure(partitions: number, kb: number): Promise<string> {
  const path = mkdtempSync(join(given.dir, 'ottla-storage-bench-'))
  const memory = new MemoryBudget(env.disk, { bytes: Number(given['budget-mb']) * MB })
  const journal = { maxBytes: Number(given['ring-mb']) * MB }
  const directory = await openLogDirectory(env, { path, nodeId: 1, clusterId: 'bench', journal, memory })
  const config = resolveTopicConfig(brokerConfigOf(), new Map([['durability', given.durability]]))
  const topicId = uuidFromBytes(env.crypto.randomUuid())
  const logs: Log[] = []
  for (let i = 0; i < partitions; i++)
    logs.push(await directory.create({ topic: 'bench', topicId, partition: i }, config))
  const totalBytes = Number(given.mb) * MB * (kb === 1 ? 0.25 : 1)
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  const { latenciesMs } = await produce(directory, logs, { batch: makeBatch(kb * 1024), totalBytes })
  const ackedMs = performance.now() - startedMs
  await directory.checkpoint()
  const syncedMs = performance.now() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  const readMs = await readAll(logs)
  await directory.close()
  rmSync(path, { recursive: true })
  const at = (share: number): string => (latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0).toFixed(1)
  const columns = [
    partitions,
    kb,
    (totalBytes / MB / (ackedMs / 1000)).toFixed(0),
    (totalBytes / MB / (syncedMs / 1000)).toFixed(0),
    (((cpu.user + cpu.system) / 1e6) * 1024 * (MB / totalBytes)).toFixed(2),
    `${at(0.5)}/${at(0.99)}`,
    (totalBytes / MB / (readMs / 1000)).toFixed(0),
  ]
  return columns.map((column, i) => String(column).padStart(WIDTHS[i] as number)).join(' ')
}

async function readAll(logs: readonly Log[]): Promise<number> {
  const startedMs = performance.now()
  for (const log of logs) {
    for (let from = log.startOffset; from < log.endOffset; ) {
      const read = await log.read(from, { upTo: log.endOffset, maxBytes: MB, minOneBatch: true })
      const last = read.chunks[read.chunks.length - 1] as Uint8Array
      from = lastOffsetIn(last) + 1
      read.release()
    }
  }
  return performance.now() - startedMs
}

function lastOffsetIn(chunk: Uint8Array): number {
  const header = emptyBatchHeader()
  let last = 0
  for (let at = 0; at < chunk.length; at += header.sizeBytes) {
    readBatchHeader(chunk, at, header)
    last = header.baseOffset + header.lastOffsetDelta
  }
  return last
}

// Nothing of storage keeps a process alive by itself.
const alive = setInterval(() => {}, 1000)
const HEADS = ['parts', 'batchKB', 'MB/s', 'w.back', 'CPU/GB', 'ms50/99', 'read MB/s']
const WIDTHS = [6, 8, 6, 7, 7, 10, 10]
console.log(HEADS.map((head, i) => head.padStart(WIDTHS[i] as number)).join(' '))
for (const partitions of given.partitions.split(',').map(Number)) {
  for (const kb of given.kb.split(',').map(Number)) console.log(await measure(partitions, kb))
}
clearInterval(alive)
