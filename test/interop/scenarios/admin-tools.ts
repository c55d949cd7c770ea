/** Apache Kafka's tools that change topics, configs and brokers while they run, and that show log directories. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { numberedRecords } from '../records.ts'
import { expectText, ran, refused, type ToolBench, type ToolScenario } from './tool.ts'

export const adminToolScenarios: readonly ToolScenario[] = [
  { name: 'kafka-topics --alter --partitions', run: growTopic },
  { name: 'kafka-configs --entity-type topics', run: topicConfigs },
  { name: 'kafka-configs --entity-type topics refuses', run: topicConfigRefusals },
  { name: 'kafka-configs --entity-type brokers', run: brokerConfigs },
  { name: 'kafka-configs --entity-type brokers refuses', run: brokerConfigRefusals },
  { name: 'kafka-log-dirs --describe', run: logDirs },
  // AlterPartitionReassignments and ListPartitionReassignments, also when only the directory changes.
  { name: 'kafka-reassign-partitions with log_dirs', needsApis: [45, 46], run: moveToDirectory },
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

interface ToldDirectory {
  readonly error: null | string
  readonly logDir: string
  readonly partitions: readonly { readonly partition: string; readonly isFuture: boolean }[]
}

/** The log directories of the broker, with the partitions of one topic in them. */
async function directoriesWith(bench: ToolBench, topic: string): Promise<readonly ToldDirectory[]> {
  const printed = await ran(bench, 'logDirs', ['--describe', '--topic-list', topic])
  const line = printed.split('\n').find(each => each.startsWith('{'))
  if (line === undefined) throw new Error(`no JSON in\n${printed}`)
  const { brokers } = JSON.parse(line) as { brokers: { broker: number; logDirs: ToldDirectory[] }[] }
  const directories = brokers[0]?.logDirs ?? []
  if (directories.length === 0) throw new Error(`no directory in ${line}`)
  for (const { error, logDir } of directories) {
    if (error !== null) throw new Error(`${logDir} is not sound: ${line}`)
    if (!logDir.startsWith('/')) throw new Error(`${logDir} is no absolute path`)
  }
  return directories
}

async function logDirs(bench: ToolBench): Promise<void> {
  const topic = 'tools.measured'
  await bench.judge.createTopic(topic, 2)
  await bench.judge.produce(topic, 1, numberedRecords(100, Date.now()))
  const sizeBytes = (await bench.judge.batches(topic, 1)).reduce((sum, batch) => sum + batch.sizeBytes, 0)
  const expected = [0, sizeBytes].map((size, partition) => ({
    partition: `${topic}-${partition}`,
    size,
    offsetLag: 0,
    isFuture: false,
  }))
  const held = (await directoriesWith(bench, topic)).flatMap(directory => directory.partitions)
  const shown = (partitions: readonly object[]) =>
    partitions
      .map(each => JSON.stringify(each))
      .sort()
      .join()
  if (shown(held) !== shown(expected)) throw new Error(`expected ${shown(expected)}, printed ${shown(held)}`)
}

async function moveToDirectory(bench: ToolBench): Promise<void> {
  const topic = 'tools.moved'
  await bench.judge.createTopic(topic)
  await bench.judge.produce(topic, 0, numberedRecords(100, Date.now()))
  const other = (await directoriesWith(bench, topic)).find(directory => directory.partitions.length === 0)
  if (other === undefined) throw new Error('the broker has no second log directory')
  const file = join(bench.workFolder, 'reassignment.json')
  const partitions = [{ topic, partition: 0, replicas: [1], log_dirs: [other.logDir] }]
  await writeFile(file, JSON.stringify({ version: 1, partitions }))
  const reassign = (what: string) => ran(bench, 'reassignPartitions', [what, '--reassignment-json-file', file])
  expectText('--execute', await reassign('--execute'), /Successfully started moving log directory/)
  const deadline = Date.now() + 30_000
  let told = await reassign('--verify')
  while (/is still in progress/.test(told) && Date.now() < deadline) told = await reassign('--verify')
  expectText('--verify', told, new RegExp(`Reassignment of replica ${topic}-0-1 completed successfully`))
  const there = (await directoriesWith(bench, topic)).find(directory => directory.logDir === other.logDir)
  const held = there?.partitions.map(each => `${each.partition} ${each.isFuture ? 'future' : 'log'}`).join()
  if (held !== `${topic}-0 log`) throw new Error(`${other.logDir} holds ${held}`)
  const stored = (await bench.judge.batches(topic, 0)).reduce((sum, batch) => sum + batch.count, 0)
  if (stored !== 100) throw new Error(`100 records written, ${stored} stored`)
}
