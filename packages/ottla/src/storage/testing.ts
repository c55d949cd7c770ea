/** A world for storage's tests: a simulated disk, a clock that stands still, batches whose content tells their offset. */

import { ManualClock } from '../adapters/memory/clock.ts'
import { SeededCrypto } from '../adapters/memory/crypto.ts'
import { MemoryDisk, type MemoryDiskOptions } from '../adapters/memory/disk.ts'
import type { DiskOperation } from '../adapters/memory/disk-operations.ts'
import { CollectingObserve } from '../adapters/memory/observe.ts'
import { SeededRandom } from '../adapters/memory/random.ts'
import type { Offset } from '../base/units.ts'
import { brokerConfigOf } from '../spec/config/broker.ts'
import { resolveTopicConfig, type TopicConfig } from '../spec/config/topic.ts'
import { BatchBuilder } from '../wire/batch/build.ts'
import { type BatchHeader, emptyBatchHeader, endOffset, readBatchHeader } from '../wire/batch/header.ts'
import { readRecords } from '../wire/batch/iterate.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import type { LogId, StorageEnv } from './env.ts'
import type { Log } from './log.ts'
import type { LogDirectory, LogDirectoryOptions } from './log-directory.ts'
import { MemoryBudget } from './memory-budget.ts'
import { openLogDirectory } from './open.ts'

export const DIRECTORY = '/data'
export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAFA'
export const OTHER_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAGA'

export interface TestEnv extends StorageEnv {
  readonly disk: MemoryDisk
  readonly clock: ManualClock
  readonly observe: CollectingObserve
}

export function testEnv(
  options: MemoryDiskOptions & { readonly disk?: MemoryDisk; readonly seed?: string } = {},
): TestEnv {
  const { disk, seed = 'storage', ...diskOptions } = options
  return {
    disk: disk ?? new MemoryDisk(diskOptions),
    clock: new ManualClock(),
    random: new SeededRandom(`${seed}:random`),
    crypto: new SeededCrypto(`${seed}:crypto`),
    observe: new CollectingObserve(),
  }
}

/** An environment that notes every operation of its disk. */
export function watchedEnv(): { readonly env: TestEnv; readonly seen: DiskOperation[] } {
  const seen: DiskOperation[] = []
  const intercept = (operation: DiskOperation): 'go' => {
    seen.push(operation)
    return 'go'
  }
  return { env: testEnv({ intercept }), seen }
}

const defaults = brokerConfigOf()

export function openTest(env: StorageEnv, options: Partial<LogDirectoryOptions> = {}): Promise<LogDirectory> {
  return openLogDirectory(env, {
    path: DIRECTORY,
    nodeId: 1,
    clusterId: 'test-cluster',
    journal: { maxBytes: 256 * 1024, fileBytes: 64 * 1024, roundBytes: 16 * 1024 },
    memory: new MemoryBudget(env.disk, { bytes: 1024 * 1024 }),
    defaultConfig: defaults.topicDefaults,
    ...options,
  })
}

export function topicConfig(overrides: Readonly<Record<string, string>> = {}): TopicConfig {
  return resolveTopicConfig(defaults, new Map(Object.entries(overrides)))
}

export function logId(partition = 0, topicId = TOPIC_ID, topic = 'orders'): LogId {
  return { topic, topicId, partition }
}

const builder = new BatchBuilder()

export interface TestBatch {
  readonly count?: number
  readonly valueBytes?: number
  readonly timestamp?: number
  readonly epoch?: number
  /** Of all its records; none when absent. */
  readonly key?: string
  /** Its records are tombstones. */
  readonly deletes?: boolean
  /** Told apart from other batches at the same offset. */
  readonly mark?: string
}

/** A batch for `baseOffset`; the value of each record begins with its offset and the mark. */
export function makeBatch(baseOffset: Offset, options: TestBatch = {}): { bytes: Uint8Array; header: BatchHeader } {
  const { count = 1, valueBytes = 20, timestamp = 1000 + baseOffset, epoch = 0, mark = '', deletes = false } = options
  const key = options.key === undefined ? null : new TextEncoder().encode(options.key)
  for (let i = 0; i < count; i++) {
    const value = new TextEncoder().encode(`${baseOffset + i}${mark}`.padEnd(valueBytes, '.'))
    builder.append(key, deletes ? null : value, [], timestamp)
  }
  const bytes = builder.build({ baseOffset, leaderEpoch: epoch }).slice()
  return { bytes, header: readBatchHeader(bytes, 0, emptyBatchHeader()) }
}

/** Appends at the end. Returns the promise of its durability. */
export function appendTo(log: Log, options: TestBatch = {}): Promise<void> {
  const { bytes, header } = makeBatch(log.endOffset, options)
  return log.append(bytes, header)
}

/** Values of the records from `from` on, with the padding cut off; of the first `reads` reads. */
export async function valuesFrom(
  log: Log,
  from: Offset,
  upTo: Offset = log.endOffset,
  reads = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const values: string[] = []
  let next = from
  for (let i = 0; i < reads && next < upTo; i++) {
    const read = await log.read(next, { upTo, maxBytes: 2000, minOneBatch: true })
    if (read.bytes === 0) break
    for (const chunk of read.chunks) {
      const walk = new BatchWalk().reset(chunk, 0, chunk.length, { verifyCrc: true })
      while (walk.next()) {
        for (const record of readRecords(chunk, walk.position)) {
          if (record.offset >= from) values.push(textOf(record.value))
        }
        next = endOffset(walk.header)
      }
      if (walk.stop !== 'end') throw new Error(`a read ends with ${walk.stop}`)
    }
    read.release()
  }
  return values
}

function textOf(value: Uint8Array | null): string {
  return new TextDecoder().decode(value ?? new Uint8Array(0)).replace(/\.+$/, '')
}

/** `from` to `to` (exclusive) as `valuesFrom` shows them. */
export function offsetsAsValues(from: Offset, to: Offset): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i))
}
