/**
 * Compacted topics for kafka-dump-log: few keys written again and again, by one writer a topic, so that offsets are known
 * beforehand and what compaction must leave can be told from the load alone.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../forty/eventually.ts'
import type { ClientSession } from './clients/client.ts'
import type { DumpedRecord } from './dump-output.ts'
import type { Codec } from './raw/batches.ts'
import type { InteropRecord } from './records.ts'

const PARTITION = 0
const KEYS = 300
const ROUNDS_PER_LIFE = 4
/** Random digits (letters may spell a complaint), so many that no codec keeps a life's load from filling segments. */
const VALUE_BYTES = 4_000
const CLEANED_WITHIN_MS = 60_000

const configs = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'index.interval.bytes': '512',
  'min.cleanable.dirty.ratio': '0.01',
}

const topics: readonly { topic: string; codec: Codec; idempotent: boolean }[] = [
  { topic: 'keyed.none', codec: 'none', idempotent: false },
  { topic: 'keyed.zstd', codec: 'zstd', idempotent: true },
]

export const isKeyed = (folder: string) => folder.startsWith('keyed.')

export class KeyedLoad {
  readonly #written = new Map<string, { key: string; value: string }[]>(topics.map(({ topic }) => [topic, []]))

  /** One life's load. Returns when every record is acknowledged. */
  async write(session: ClientSession, life: number): Promise<void> {
    for (const { topic, codec, idempotent } of topics) {
      if (life === 0) await session.createTopic(topic, 1, configs)
      const written = this.#written.get(topic)!
      for (let round = 0; round < ROUNDS_PER_LIFE; round++) {
        // Each life leaves some keys alone, whose last value is then in an old segment.
        const keys = Array.from({ length: KEYS }, (_, i) => `k${i}`).filter((_, i) => i % 3 >= life)
        const batch = keys.map(key => ({ key, value: randomDigits(VALUE_BYTES) }))
        await session.write({ topic, partition: PARTITION, codec, acks: -1, idempotent, records: batch.map(recordOf) })
        written.push(...batch)
      }
    }
  }

  /** Waits until everything but the last segment of each topic is compacted, as the broker's own checkpoint tells. */
  async cleaned(dataFolder: string): Promise<void> {
    for (const { topic } of topics) {
      await eventually(
        `${topic} is compacted up to its last segment`,
        async () => (await cleanedTo(dataFolder, topic)) === (await lastSegment(dataFolder, topic)),
        CLEANED_WITHIN_MS,
      )
    }
  }

  /** What is wrong with the records of a topic's folder as dumped; empty when it is the last value of each key. */
  async problems(dataFolder: string, dumped: readonly DumpedRecord[]): Promise<string[]> {
    const problems: string[] = []
    for (const [topic, written] of this.#written) {
      const cleanEnd = await cleanedTo(dataFolder, topic)
      const lastOf = new Map(written.slice(0, cleanEnd).map(({ key }, offset) => [key, offset]))
      const kept = new Set(lastOf.values())
      const expected = written
        .map((record, offset) => ({ offset, ...record }))
        .filter(({ offset }) => offset >= cleanEnd || kept.has(offset))
      const found = dumped.filter(record => record.folder === `${topic}-${PARTITION}`)
      if (kept.size !== KEYS) problems.push(`${topic}: ${kept.size} of ${KEYS} keys lie before ${cleanEnd}`)
      if (found.length !== expected.length)
        problems.push(`${topic}: ${found.length} records dumped, not ${expected.length}`)
      const wrong = expected.findIndex((record, i) => found[i] === undefined || !isSame(record, found[i]))
      if (wrong >= 0)
        problems.push(`${topic}: offset ${found[wrong]?.offset} where ${expected[wrong]!.offset} was next`)
    }
    return problems
  }
}

const isSame = (one: Omit<DumpedRecord, 'folder'>, other: DumpedRecord) =>
  one.offset === other.offset && one.key === other.key && one.value === other.value

function recordOf({ key, value }: { key: string; value: string }): InteropRecord {
  return { key: Buffer.from(key), value: Buffer.from(value), headers: [], timestampMs: Date.now() }
}

function randomDigits(length: number): string {
  return Array.from({ length }, () => Math.floor(Math.random() * 10)).join('')
}

/** The offset up to which the broker says that it compacted; 0 before the first time. */
async function cleanedTo(dataFolder: string, topic: string): Promise<number> {
  const path = join(dataFolder, 'cleaner-offset-checkpoint')
  if (!existsSync(path)) return 0
  const line = new RegExp(`^${topic.replace('.', '\\.')} ${PARTITION} (\\d+)$`, 'm').exec(await readFile(path, 'utf8'))
  return Number(line?.[1] ?? 0)
}

async function lastSegment(dataFolder: string, topic: string): Promise<number> {
  const names = await readdir(join(dataFolder, `${topic}-${PARTITION}`))
  return Number(
    names
      .filter(name => name.endsWith('.log'))
      .toSorted()
      .at(-1)
      ?.slice(0, -'.log'.length),
  )
}
