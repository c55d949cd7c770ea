/** Apache Kafka's tools for configuration, growth and log directories. */
import { numberedRecords } from '../records.ts'
import { expectText, ran, refused, type ToolBench, type ToolScenario } from './tool-bench.ts'

export const adminToolScenarios: readonly ToolScenario[] = [
  { name: 'kafka-topics --alter --partitions', run: growTopic },
  { name: 'kafka-configs topics', run: topicConfigs },
  { name: 'kafka-configs brokers', run: brokerConfigs },
  { name: 'kafka-log-dirs --describe', run: logDirs },
]

async function growTopic(bench: ToolBench): Promise<void> {
  const topic = 'tools.grown'
  await bench.judge.createTopic(topic, 2)
  await ran(bench, 'topics', ['--alter', '--topic', topic, '--partitions', '4'])
  const described = await ran(bench, 'topics', ['--describe', '--topic', topic])
  expectText('--describe', described, /PartitionCount: 4/)
  await refused(bench, 'topics', ['--alter', '--topic', topic, '--partitions', '3'], /4|decrease|currently has/i)
}

async function topicConfigs(bench: ToolBench): Promise<void> {
  const topic = 'tools.configs'
  await bench.judge.createTopic(topic, 1)
  const configs = (...args: string[]) =>
    ran(bench, 'configs', ['--entity-type', 'topics', '--entity-name', topic, ...args])
  const altered = await configs('--alter', '--add-config', 'retention.ms=7200000,cleanup.policy=[compact,delete]')
  expectText('--alter', altered, new RegExp(`Completed updating config for topic ${topic}`))
  const described = await configs('--describe')
  expectText(
    '--describe',
    described,
    /retention\.ms=7200000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=7200000/,
  )
  expectText('--describe', described, /cleanup\.policy=compact,delete sensitive=false/)
  expectText('--describe --all', await configs('--describe', '--all'), /segment\.bytes=1073741824 sensitive=false/)
  await configs('--alter', '--delete-config', 'retention.ms')
  const left = await configs('--describe')
  if (left.includes('retention.ms')) throw new Error(`retention.ms is still there:\n${left}`)
  const bad = ['--entity-type', 'topics', '--entity-name', topic, '--alter', '--add-config', 'retention.ms=soon']
  await refused(bench, 'configs', bad, /retention\.ms/)
}

async function brokerConfigs(bench: ToolBench): Promise<void> {
  const configs = (...args: string[]) =>
    ran(bench, 'configs', ['--entity-type', 'brokers', '--entity-default', ...args])
  await configs('--alter', '--add-config', 'log.retention.ms=86400000')
  expectText('--describe', await configs('--describe'), /log\.retention\.ms=86400000 sensitive=false/)
  await configs('--alter', '--delete-config', 'log.retention.ms')
  const left = await configs('--describe')
  if (left.includes('log.retention.ms')) throw new Error(`log.retention.ms is still there:\n${left}`)
}

async function logDirs(bench: ToolBench): Promise<void> {
  const topic = 'tools.log-dirs'
  await bench.judge.createTopic(topic, 2)
  await bench.judge.produce(topic, 1, numberedRecords(10, Date.now()))
  const printed = await ran(bench, 'logDirs', ['--describe', '--topic-list', topic])
  const line = printed.split('\n').find(each => each.startsWith('{'))
  if (line === undefined) throw new Error(`no JSON in\n${printed}`)
  const { brokers } = JSON.parse(line) as {
    brokers: { logDirs: { partitions: { partition: string; size: number }[] }[] }[]
  }
  const found = brokers.flatMap(broker => broker.logDirs.flatMap(each => each.partitions))
  const sizes = found.sort((left, right) => left.partition.localeCompare(right.partition)).map(each => each.size > 0)
  if (sizes.join() !== 'false,true') throw new Error(`partition 0 is empty and 1 is not; the tool shows ${line}`)
}
