/** Reading an assigned partition from every kind of start, and questions about offsets. */
import type { OffsetQuestion } from '../clients/client.ts'
import { type InteropRecord, numberedRecords } from '../records.ts'
import { type Bench, expectSame, readBack, readFrom, type Scenario, topicFor, type Written } from './scenario.ts'

const count = 100
const batchLength = 8
/** The record with the latest timestamp stands in the middle of its batch and of the log. */
const latestAt = 60

export const readingScenarios: readonly Scenario[] = [
  {
    name: 'consume from beginning',
    needs: [],
    run: async bench => readBack(bench, await prepared(bench, 'from-beginning')),
  },
  {
    name: 'consume from offset',
    needs: [],
    async run(bench) {
      const written = await prepared(bench, 'from-offset')
      // 37 lies inside the batch of 32..39.
      expectSame(bench, written, await readFrom(bench, written.topic, { at: 'offset', offset: 37 }, count - 37), 37)
    },
  },
  {
    name: 'consume from timestamp',
    needs: ['read from timestamp'],
    async run(bench) {
      const written = await prepared(bench, 'from-timestamp')
      const timestampMs = written.records[41]!.timestampMs - 500
      expectSame(bench, written, await readFrom(bench, written.topic, { at: 'timestamp', timestampMs }, count - 41), 41)
    },
  },
  {
    name: 'consume from end',
    needs: [],
    run: consumeFromEnd,
  },
  {
    name: 'consume, read_committed',
    needs: ['read committed'],
    async run(bench) {
      const written = await prepared(bench, 'committed')
      expectSame(bench, written, await readFrom(bench, written.topic, { at: 'earliest' }, count, true), 0)
    },
  },
  {
    name: 'consume 3 partitions as they fill',
    needs: [],
    run: consumeAsTheyFill,
  },
  {
    name: 'offsets earliest, latest',
    needs: [],
    async run(bench) {
      const { topic } = await prepared(bench, 'offsets')
      await expectOffset(bench, topic, { at: 'earliest' }, 0)
      await expectOffset(bench, topic, { at: 'latest' }, count)
    },
  },
  {
    name: 'offset at timestamp',
    needs: ['offset at timestamp'],
    async run(bench) {
      const { topic, records } = await prepared(bench, 'offset-at-timestamp')
      const timeOf = (offset: number) => records[offset]!.timestampMs
      await expectOffset(bench, topic, { at: 'timestamp', timestampMs: timeOf(0) - 1 }, 0)
      await expectOffset(bench, topic, { at: 'timestamp', timestampMs: timeOf(29) }, 29)
      await expectOffset(bench, topic, { at: 'timestamp', timestampMs: timeOf(29) + 1 }, 30)
      await expectOffset(bench, topic, { at: 'timestamp', timestampMs: timeOf(99) + 1 }, latestAt)
      await expectOffset(bench, topic, { at: 'timestamp', timestampMs: timeOf(latestAt) + 1 }, null)
    },
  },
  {
    name: 'offset of maximum timestamp',
    needs: ['offset of maximum timestamp'],
    async run(bench) {
      const { topic } = await prepared(bench, 'maximum-timestamp')
      await expectOffset(bench, topic, { at: 'maximum timestamp' }, latestAt)
    },
  },
]

/** A topic of 100 records in batches of eight, a second apart, but for one far later in the middle. */
async function prepared(bench: Bench, purpose: string): Promise<Written> {
  const topic = topicFor(bench, purpose)
  await bench.judge.createTopic(topic)
  const records: InteropRecord[] = numberedRecords(count, Date.now() - 3_600_000)
  records[latestAt] = { ...records[latestAt]!, timestampMs: records[count - 1]!.timestampMs + 60_000 }
  for (let start = 0; start < count; start += batchLength) {
    await bench.judge.produce(topic, 0, records.slice(start, start + batchLength))
  }
  return { topic, records, stampedWithin: null }
}

/**
 * Nobody outside can tell when a reader has found the end. So one record after another is written until the reader
 * has returned one; it must be one of those, never one of the hundred before.
 */
async function consumeFromEnd(bench: Bench): Promise<void> {
  const { topic } = await prepared(bench, 'from-end')
  let done = false
  const reading = readFrom(bench, topic, { at: 'latest' }, 1).finally(() => {
    done = true
  })
  const writing = (async () => {
    while (!done) {
      await bench.judge.produce(topic, 0, numberedRecords(1, Date.now()))
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  })()
  const [read] = await Promise.all([reading, writing])
  if (read.length !== 1 || read[0]!.offset < count)
    throw new Error(`from the end (${count}) came ${read.map(record => record.offset).join(', ') || 'nothing'}`)
}

/** Three partitions read at once while they grow, in turns: fetch sessions, long polls, and many small replies. */
async function consumeAsTheyFill(bench: Bench): Promise<void> {
  const topic = topicFor(bench, 'filling')
  const partitions = [0, 1, 2]
  const [rounds, perRound] = [6, 5]
  await bench.judge.createTopic(topic, partitions.length)
  const records = numberedRecords(rounds * perRound, Date.now() - 100_000)
  const write = async (round: number, partition: number) => {
    await bench.judge.produce(topic, partition, records.slice(round * perRound, (round + 1) * perRound))
  }
  for (const partition of partitions) await write(0, partition)
  const total = rounds * perRound * partitions.length
  const request = { topic, partitions, start: { at: 'earliest' }, count: total, committedOnly: false } as const
  const reading = bench.session.read({ ...request, timeoutMs: 20_000 })
  const writing = (async () => {
    for (let round = 1; round < rounds; round++) {
      for (const partition of partitions) {
        await new Promise(resolve => setTimeout(resolve, 50))
        await write(round, partition)
      }
    }
  })()
  const [read] = await Promise.all([reading, writing])
  for (const partition of partitions) {
    const own = read.filter(record => record.partition === partition)
    expectSame(bench, { topic, records, stampedWithin: null }, own, 0)
  }
}

async function expectOffset(
  bench: Bench,
  topic: string,
  question: OffsetQuestion,
  expected: number | null,
): Promise<void> {
  const answer = await bench.session.offset(topic, 0, question)
  if (answer !== expected) throw new Error(`offset ${JSON.stringify(question)}: ${answer}, expected ${expected}`)
}
