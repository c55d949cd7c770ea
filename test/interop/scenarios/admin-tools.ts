/** Apache Kafka's tools that change topics, configs and brokers while they run, and that show log directories. */
import { numberedRecords } from '../records.ts'
import { expectText, ran, refused, type ToolBench, type ToolScenario } from './tool.ts'

export const adminToolScenarios: readonly ToolScenario[] = [
  { name: 'kafka-topics --alter --partitions', run: growTopic },
  { name: 'kafka-configs --entity-type topics', run: topicConfigs },
  { name: 'kafka-configs --entity-type topics refuses', run: topicConfigRefusals },
  { name: 'kafka-configs --entity-type brokers', run: brokerConfigs },
  { name: 'kafka-configs --entity-type brokers refuses', run: brokerConfigRefusals },
  { name: 'kafka-log-dirs --describe', run: logDirs },
]

async function growTopic(bench: ToolBench): Promise<void> {
  const topic = 'tools.grown'
  await bench.judge.createTopic(topic, 2)
  const alter = (count: string) => ['--alter', '--topic', topic, '--partitions', count]
  await ran(bench, 'topics', alter('4'))
  const partitions = (await bench.judge.topics()).get(topic)
  if (partitions !== 4) throw new Error(`grown to 4 partitions, the broker has ${partitions}`)
  await bench.judge.produce(topic, 3, numberedRecords(5, Date.now()))
  expectText('--describe', await ran(bench, 'topics', ['--describe', '--topic', topic]), /Partition: 3\s+Leader: \d/)
  await refused(bench, 'topics', alter('3'), /currently has 4 partition\(s\); 3 would not be an increase/)
  await refused(bench, 'topics', alter('4'), /already has 4 partition\(s\)/)
  await refused(bench, 'topics', ['--alter', '--topic', 'tools.nowhere', '--partitions', '4'], /does not exist/)
}

async function topicConfigs(bench: ToolBench): Promise<void> {
  const topic = 'tools.configured'
  await bench.judge.createTopic(topic)
  const entity = ['--entity-type', 'topics', '--entity-name', topic]
  const added = 'retention.ms=5000,cleanup.policy=[compact,delete],max.message.bytes=300'
  expectText(
    '--alter',
    await ran(bench, 'configs', ['--alter', ...entity, '--add-config', added]),
    /Completed updating/,
  )
  const described = await ran(bench, 'configs', ['--describe', ...entity])
  expectText('--describe', described, /^\s*retention\.ms=5000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:/m)
  expectText('--describe', described, /^\s*cleanup\.policy=(compact,delete|delete,compact) /m)
  expectText('--describe', described, /DEFAULT_CONFIG:message\.max\.bytes=1048588/)
  await ran(bench, 'configs', ['--alter', ...entity, '--delete-config', 'retention.ms,cleanup.policy'])
  const left = await ran(bench, 'configs', ['--describe', ...entity])
  expectText('--describe', left, /max\.message\.bytes=300/)
  if (/retention\.ms|cleanup\.policy/.test(left)) throw new Error(`deleted configs are still there:\n${left}`)
  const all = await ran(bench, 'configs', ['--describe', '--all', ...entity])
  expectText('--describe --all', all, /^\s*segment\.bytes=1073741824 sensitive=false/m)
  const large = await bench.judge.produce(topic, 0, numberedRecords(100, Date.now())).then(
    () => 'accepted',
    () => 'refused',
  )
  if (large !== 'refused') throw new Error(`a batch above max.message.bytes was ${large}`)
}

async function topicConfigRefusals(bench: ToolBench): Promise<void> {
  const topic = 'tools.unconfigured'
  await bench.judge.createTopic(topic)
  const alter = (added: string, name = topic) => [
    ...['--alter', '--entity-type', 'topics', '--entity-name', name],
    ...['--add-config', added],
  ]
  const refusals: readonly (readonly [config: string, why: RegExp])[] = [
    ['retention.ms=soon', /Invalid value soon for configuration retention\.ms: Not a number of type LONG/],
    ['retention.ms=-5', /Invalid value -5 for configuration retention\.ms: Value must be at least -1/],
    ['no.such.key=1', /Unknown topic config name: no\.such\.key/],
    ['cleanup.policy=shred', /Invalid value shred for configuration cleanup\.policy: String must be one of/],
    ['min.insync.replicas=0', /Invalid value 0 for configuration min\.insync\.replicas: Value must be at least 1/],
    [
      'min.compaction.lag.ms=9,max.compaction.lag.ms=5',
      /min\.compaction\.lag\.ms \(9\) > max\.compaction\.lag\.ms \(5\)/,
    ],
  ]
  for (const [config, why] of refusals) await refused(bench, 'configs', alter(config), why)
  await refused(bench, 'configs', alter('retention.ms=1', 'tools.nowhere'), /topic 'tools\.nowhere' does not exist/)
}

async function brokerConfigs(bench: ToolBench): Promise<void> {
  const one = ['--entity-type', 'brokers', '--entity-name', '1']
  const all = ['--entity-type', 'brokers', '--entity-default']
  await ran(bench, 'configs', ['--alter', ...all, '--add-config', 'log.retention.ms=7000000,log.roll.jitter.ms=1'])
  await ran(bench, 'configs', ['--alter', ...one, '--add-config', 'log.retention.ms=8000000'])
  const synonyms =
    /log\.retention\.ms=8000000 .*DYNAMIC_BROKER_CONFIG:log\.retention\.ms=8000000, DYNAMIC_DEFAULT_BROKER_CONFIG:log\.retention\.ms=7000000/
  expectText('--describe of one', await ran(bench, 'configs', ['--describe', ...one]), synonyms)
  const ofAll = await ran(bench, 'configs', ['--describe', ...all])
  expectText('--describe of all', ofAll, /log\.retention\.ms=7000000 .*DYNAMIC_DEFAULT_BROKER_CONFIG/)
  const topic = 'tools.inherits'
  await bench.judge.createTopic(topic)
  const entity = ['--entity-type', 'topics', '--entity-name', topic]
  const inherited = await ran(bench, 'configs', ['--describe', '--all', ...entity])
  expectText('--describe of a topic', inherited, /^\s*retention\.ms=8000000 .*DYNAMIC_BROKER_CONFIG/m)
  await ran(bench, 'configs', ['--alter', ...one, '--delete-config', 'log.retention.ms'])
  await ran(bench, 'configs', ['--alter', ...all, '--delete-config', 'log.retention.ms,log.roll.jitter.ms'])
  const left = await ran(bench, 'configs', ['--describe', ...all])
  if (/log\.r/.test(left)) throw new Error(`deleted configs are still there:\n${left}`)
}

async function brokerConfigRefusals(bench: ToolBench): Promise<void> {
  for (const entity of [['--entity-name', '1'], ['--entity-default']]) {
    const alter = (added: string) => ['--alter', '--entity-type', 'brokers', ...entity, '--add-config', added]
    await refused(
      bench,
      'configs',
      alter('num.partitions=2'),
      /Cannot update these configs dynamically: \[num\.partitions\]/,
    )
    const why = /Invalid value soon for configuration log\.retention\.ms: Not a number of type LONG/
    await refused(bench, 'configs', alter('log.retention.ms=soon'), why)
  }
}

async function logDirs(bench: ToolBench): Promise<void> {
  const topic = 'tools.measured'
  await bench.judge.createTopic(topic, 2)
  await bench.judge.produce(topic, 1, numberedRecords(100, Date.now()))
  const sizeBytes = (await bench.judge.batches(topic, 1)).reduce((sum, batch) => sum + batch.sizeBytes, 0)
  const printed = await ran(bench, 'logDirs', ['--describe', '--topic-list', topic])
  const line = printed.split('\n').find(each => each.startsWith('{'))
  if (line === undefined) throw new Error(`no JSON in\n${printed}`)
  const { brokers } = JSON.parse(line) as {
    brokers: { broker: number; logDirs: { error: null; logDir: string; partitions: object[] }[] }[]
  }
  const [broker] = brokers
  const [directory] = broker?.logDirs ?? []
  if (directory === undefined || directory.error !== null) throw new Error(`no sound directory in ${line}`)
  if (!directory.logDir.startsWith('/')) throw new Error(`${directory.logDir} is no absolute path`)
  const expected = [0, sizeBytes].map((size, partition) => ({
    partition: `${topic}-${partition}`,
    size,
    offsetLag: 0,
    isFuture: false,
  }))
  const sorted = directory.partitions.map(each => JSON.stringify(each)).sort()
  if (
    sorted.join() !==
    expected
      .map(each => JSON.stringify(each))
      .sort()
      .join()
  )
    throw new Error(`expected ${JSON.stringify(expected)}, printed ${line}`)
}
