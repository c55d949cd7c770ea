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
      const again = await bench.session.createTopic(topic, 3, {}).then(
        () => null,
        (error: Error) => error.message,
      )
      if (again === null) throw new Error('creating the topic a second time did not fail')
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
