/** Creating, listing, describing and deleting topics; deleting records. */
import { numberedRecords } from '../records.ts'
import { readFrom, type Scenario, topicFor } from './scenario.ts'

export const topicScenarios: readonly Scenario[] = [
  {
    name: 'create topic',
    needs: ['create topic'],
    async run(bench) {
      const topic = topicFor(bench, 'created')
      await bench.session.createTopic(topic, 3, { 'retention.ms': '86400000', 'max.message.bytes': '500000' })
      const partitions = (await bench.judge.topics()).get(topic)
      if (partitions !== 3) throw new Error(`asked for 3 partitions, the broker has ${partitions}`)
      await failureOf(bench.session.createTopic(topic, 3, {}))
    },
  },
  {
    name: 'list topics',
    needs: ['list topics'],
    async run(bench) {
      const topic = topicFor(bench, 'listed')
      await bench.judge.createTopic(topic)
      const listed = await bench.session.listTopics()
      if (!listed.includes(topic)) throw new Error(`${topic} is not among ${listed.join(', ')}`)
    },
  },
  {
    name: 'describe topic',
    needs: ['describe topic'],
    async run(bench) {
      const topic = topicFor(bench, 'described')
      await bench.judge.createTopic(topic, 4)
      const partitions = await bench.session.describeTopic(topic)
      if (partitions !== 4) throw new Error(`the topic has 4 partitions, the client sees ${partitions}`)
    },
  },
  {
    name: 'grow topic',
    needs: ['grow topic'],
    async run(bench) {
      const topic = topicFor(bench, 'grown')
      await bench.judge.createTopic(topic, 2)
      await bench.session.growTopic(topic, 4)
      const partitions = (await bench.judge.topics()).get(topic)
      if (partitions !== 4) throw new Error(`grown to 4 partitions, the broker has ${partitions}`)
      await bench.judge.produce(topic, 3, numberedRecords(5, Date.now()))
      const error = await failureOf(bench.session.growTopic(topic, 3))
      if (!/partition/i.test(error)) throw new Error(`shrinking to 3 partitions failed with ${error}`)
    },
  },
  {
    name: 'change configs',
    needs: ['change configs'],
    async run(bench) {
      const topic = topicFor(bench, 'configured')
      await bench.judge.createTopic(topic)
      const { session } = bench
      const expectConfigs = async (expected: Readonly<Record<string, string>>) => {
        const found = await session.topicConfigs(topic)
        for (const [name, value] of Object.entries(expected))
          if (found[name] !== value) throw new Error(`${name} is ${found[name]}, not ${value}`)
      }
      await expectConfigs({ 'retention.ms': '604800000', 'cleanup.policy': 'delete' })
      await session.alterTopicConfigs(topic, { set: { 'retention.ms': '5000', 'segment.ms': '7000' }, remove: [] })
      await expectConfigs({ 'retention.ms': '5000', 'segment.ms': '7000' })
      await session.alterTopicConfigs(topic, { set: { 'max.message.bytes': '300' }, remove: ['retention.ms'] })
      await expectConfigs({ 'retention.ms': '604800000', 'segment.ms': '7000', 'max.message.bytes': '300' })
      const wrong = { set: { 'segment.ms': 'soon' }, remove: [] }
      const error = await failureOf(session.alterTopicConfigs(topic, wrong))
      if (!/config/i.test(error)) throw new Error(`segment.ms=soon failed with ${error}`)
      await expectConfigs({ 'segment.ms': '7000' })
    },
  },
  {
    name: 'log sizes',
    needs: ['log sizes'],
    async run(bench) {
      const topic = topicFor(bench, 'measured')
      await bench.judge.createTopic(topic, 2)
      for (const partition of [0, 1]) await bench.judge.produce(topic, partition, numberedRecords(100, Date.now()))
      const stored = [...(await bench.judge.batches(topic, 0)), ...(await bench.judge.batches(topic, 1))]
      const expected = stored.reduce((sum, batch) => sum + batch.sizeBytes, 0)
      const told = await bench.session.topicBytes(topic)
      if (told !== expected) throw new Error(`${expected} bytes are stored, the client is told ${told}`)
    },
  },
  {
    name: 'delete topic',
    needs: ['delete topic'],
    async run(bench) {
      const topic = topicFor(bench, 'deleted')
      await bench.judge.createTopic(topic)
      await bench.session.deleteTopic(topic)
      const deadline = Date.now() + 10_000
      while ((await bench.judge.topics()).has(topic)) {
        if (Date.now() > deadline) throw new Error('the topic is still there after 10 s')
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    },
  },
  {
    name: 'delete records',
    needs: ['delete records'],
    async run(bench) {
      const topic = topicFor(bench, 'shortened')
      await bench.judge.createTopic(topic)
      // One batch of 50: the new start lies inside it, so readers must skip what the broker still sends.
      await bench.judge.produce(topic, 0, numberedRecords(50, Date.now() - 100_000))
      const lowWatermark = await bench.session.deleteRecords(topic, 0, 20)
      if (lowWatermark !== 20) throw new Error(`asked to delete before 20, the client reports ${lowWatermark}`)
      const start = await bench.judge.offset(topic, 0, -2)
      if (start !== 20) throw new Error(`asked to delete before 20, the log starts at ${start}`)
      const read = await readFrom(bench, topic, { at: 'earliest' }, 30)
      const offsets = `${read[0]?.offset}..${read.at(-1)?.offset}`
      if (offsets !== '20..49') throw new Error(`from the earliest offset came ${offsets}, not 20..49`)
    },
  },
]

/** Why it fails, in the client's words. */
async function failureOf(work: Promise<void>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  )
  if (error === null) throw new Error('what must be refused was done')
  return error
}
