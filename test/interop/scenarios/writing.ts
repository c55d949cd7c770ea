/** Writing: every codec, idempotence, acknowledgements, big records, many records, a topic that is not there yet. */
import { type Codec, codecs } from '../raw/batches.ts'
import { largeRecords, numberedRecords, variedRecords } from '../records.ts'
import { type Bench, readBack, type Scenario, topicFor, writable, writeExactly } from './scenario.ts'

/** Just under the 1,048,588 bytes that a topic takes by default, batch and record headers included. */
const largeValueBytes = 1_000_000

export const writingScenarios: readonly Scenario[] = [
  ...codecs.map(codec => codecScenario(codec)),
  {
    name: 'produce idempotent',
    needs: ['write idempotent'],
    async run(bench) {
      const topic = await newTopic(bench, 'idempotent')
      const written = await writeExactly(bench, topic, writable(bench.client, variedRecords(recently())), {
        idempotent: true,
      })
      const expected = new Map<number, number>()
      for (const batch of await bench.judge.batches(topic, 0)) {
        if (batch.producerId < 0) throw new Error(`the batch at ${batch.baseOffset} has no producer id`)
        const next = expected.get(batch.producerId) ?? 0
        if (batch.baseSequence !== next)
          throw new Error(`the batch at ${batch.baseOffset} has sequence ${batch.baseSequence}, not ${next}`)
        expected.set(batch.producerId, next + batch.count)
      }
      await readBack(bench, written)
    },
  },
  {
    name: 'produce acks=0, acks=1',
    needs: ['choose acks'],
    async run(bench) {
      for (const acks of [0, 1] as const) {
        const topic = await newTopic(bench, `acks-${acks}`)
        await readBack(bench, await writeExactly(bench, topic, numberedRecords(100, recently()), { acks }))
      }
    },
  },
  {
    name: 'records of 1 MB',
    needs: [],
    async run(bench) {
      const topic = await newTopic(bench, 'large')
      await readBack(
        bench,
        await writeExactly(bench, topic, largeRecords(3, largeValueBytes, recently()), { eachAlone: true }),
      )
    },
  },
  {
    name: '5,000 records, gzip',
    needs: ['write gzip', 'read gzip'],
    async run(bench) {
      const topic = await newTopic(bench, 'many')
      await readBack(bench, await writeExactly(bench, topic, numberedRecords(5_000, recently(), 1), { codec: 'gzip' }))
    },
  },
  {
    name: 'create topic by writing',
    needs: ['create topic by writing'],
    async run(bench) {
      await readBack(
        bench,
        await writeExactly(bench, topicFor(bench, 'made-by-writing'), numberedRecords(10, recently())),
      )
    },
  },
]

function codecScenario(codec: Codec): Scenario {
  return {
    name: `produce ${codec}`,
    needs: [`write ${codec}`],
    async run(bench) {
      const topic = await newTopic(bench, `codec-${codec}`)
      const records = writable(bench.client, variedRecords(recently()))
      const written = await writeExactly(bench, topic, records, { codec })
      const found = new Set((await bench.judge.batches(topic, 0)).map(batch => batch.codec))
      // A client leaves a batch uncompressed when that is smaller; but one of them must have the codec asked for.
      const others = [...found].filter(each => each !== codec && each !== 'none')
      if (!found.has(codec) || others.length > 0)
        throw new Error(`asked for ${codec}, stored as ${[...found].join(', ')}`)
      const topics = bench.written.get(bench.client.name) ?? new Map()
      bench.written.set(bench.client.name, topics.set(codec, written))
      if (bench.client.limits[`read ${codec}`] === undefined) await readBack(bench, written)
    },
  }
}

const recently = (): number => Date.now() - 3_600_000

async function newTopic(bench: Bench, purpose: string): Promise<string> {
  const topic = topicFor(bench, purpose)
  await bench.judge.createTopic(topic)
  return topic
}
