/**
 * `npm run test:dump-log`: Apache Kafka's own kafka-dump-log reads what a broker left on disk. The broker gets a
 * varied load in three lives (ended cleanly, by kill -9, cleanly); then every segment, index and producer snapshot is
 * dumped, the output is searched for complaints, and the records dumped must be as many as were acknowledged; of
 * compacted topics, the last value of each key.
 *
 *   --against ottla|kafka   whose directory (`kafka` shows that the check itself is right)
 *   --keep                  keep the directory
 */
import { mkdir, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { withTemporaryFolder } from './brokers/broker.ts'
import { brokerNamed, startBroker } from './brokers/catalog.ts'
import { endAllChildren, endChildrenOnExit } from './children.ts'
import type { ClientSession } from './clients/client.ts'
import { runKafkaTool } from './clients/java-home.ts'
import { java } from './clients/libraries.ts'
import { complaintsIn, countRecords, filesDumped, recordsIn } from './dump-output.ts'
import { isKeyed, KeyedLoad } from './keyed-load.ts'
import { codecs } from './raw/batches.ts'
import { type InteropRecord, largeRecords, numberedRecords, variedRecords } from './records.ts'

const mainClass = 'org.apache.kafka.tools.DumpLogSegments'
/** The smallest segment that Kafka 4 allows, and an index entry for nearly every batch. */
const topicConfigs = { 'segment.bytes': '1048576', 'index.interval.bytes': '512' }

interface Check {
  readonly name: string
  readonly suffixes: readonly string[]
  readonly flags: readonly string[]
}

const checks: readonly Check[] = [
  { name: 'segments, deep iteration', suffixes: ['.log'], flags: ['--deep-iteration', '--print-data-log'] },
  { name: 'indexes against segments', suffixes: ['.index', '.timeindex'], flags: ['--verify-index-only'] },
  { name: 'index sanity', suffixes: ['.index', '.timeindex'], flags: ['--index-sanity-check'] },
  { name: 'producer snapshots', suffixes: ['.snapshot'], flags: [] },
]

/** Compaction looks for work ten times a second. */
const brokerConfigs = { 'log.cleaner.backoff.ms': '100' }

/** Topics of each kind: one per codec, half of them written by idempotent producers, and one stamped by the broker. */
const topics = [
  ...codecs.map((codec, index) => ({ topic: `dump.${codec}`, codec, idempotent: index % 2 === 0, configs: {} })),
  {
    topic: 'dump.stamped',
    codec: 'lz4' as const,
    idempotent: true,
    configs: { 'message.timestamp.type': 'LogAppendTime' },
  },
]

/** Writes one life's load. Returns how many records were acknowledged. */
async function load(session: ClientSession, life: number): Promise<number> {
  let acknowledged = 0
  for (const { topic, codec, idempotent, configs } of topics) {
    if (life === 0) await session.createTopic(topic, 2, { ...topicConfigs, ...configs })
    for (const partition of [0, 1]) {
      for (const records of loadOf(life, partition)) {
        await session.write({ topic, partition, codec, acks: -1, idempotent, records })
        acknowledged += records.length
      }
    }
  }
  return acknowledged
}

/** Many small batches, records of every shape, and enough bytes that no codec shrinks to fill segments. */
function loadOf(life: number, partition: number): InteropRecord[][] {
  const startMs = Date.now() - 3_600_000 + life * 600_000
  const many = numberedRecords(2_000, startMs, 20)
  const big = largeRecords(partition === 0 ? 1_500 : 50, 1_000, startMs + 100_000)
  return [many, variedRecords(startMs), big, numberedRecords(20, startMs + 200_000)]
}

async function live(
  folder: string,
  against: string,
  life: number,
  keyed: KeyedLoad,
): Promise<{ dataFolder: string; acknowledged: number }> {
  const broker = await startBroker(brokerNamed(against), { folder, configs: brokerConfigs })
  const session = await java.open(broker.address, folder)
  try {
    const acknowledged = await load(session, life)
    await keyed.write(session, life)
    await session.close()
    if (life === 2) await keyed.cleaned(broker.dataFolder)
    await (life === 1 ? broker.kill() : broker.stop())
    console.log(`${broker.title}, life ${life + 1}: ${acknowledged} records, ${life === 1 ? 'killed' : 'stopped'}`)
    return { dataFolder: broker.dataFolder, acknowledged }
  } catch (error) {
    console.log(`log of the client:\n${await session.log()}\nlog of the broker:\n${await broker.log()}`)
    throw error
  }
}

async function dump(check: Check, folders: readonly string[]): Promise<{ problems: string[]; output: string }> {
  const files: string[] = []
  for (const folder of folders) {
    const found = (await readdir(folder)).filter(name => check.suffixes.some(suffix => name.endsWith(suffix)))
    files.push(...found.toSorted().map(name => join(folder, name)))
  }
  if (files.length === 0) return { problems: [`no file ends with ${check.suffixes.join(' or ')}`], output: '' }
  const args = [...check.flags, '--files', files.join(',')]
  const finished = await runKafkaTool(mainClass, args, { timeoutMs: 300_000 })
  const output = finished.stdout.toString()
  const problems = complaintsIn(`${output}\n${finished.stderr}`, file => isKeyed(basename(dirname(file))))
  if (finished.code !== 0)
    problems.push(`kafka-dump-log ended with ${finished.code ?? finished.signal}: ${finished.stderr}`)
  const dumped = filesDumped(output)
  if (dumped !== files.length) problems.push(`${files.length} files given, ${dumped} dumped`)
  console.log(`${check.name}: ${files.length} files, ${problems.length} problems`)
  return { problems, output }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { against: { type: 'string', default: 'ottla' }, keep: { type: 'boolean', default: false } },
  })
  await java.install()
  const results: { name: string; problems: readonly string[] }[] = []
  await withTemporaryFolder(values.keep, async folder => {
    await mkdir(folder, { recursive: true })
    const keyed = new KeyedLoad()
    let acknowledged = 0
    let dataFolder = ''
    for (const life of [0, 1, 2]) {
      const lived = await live(folder, values.against, life, keyed)
      acknowledged += lived.acknowledged
      dataFolder = lived.dataFolder
    }
    const names = await readdir(dataFolder)
    const folders = names.filter(name => name.startsWith('dump.')).map(name => join(dataFolder, name))
    const keyedFolders = names.filter(isKeyed).map(name => join(dataFolder, name))
    for (const check of checks) {
      const { problems, output } = await dump(check, folders)
      results.push({ name: check.name, problems })
      if (check.suffixes[0] !== '.log') continue
      const counted = countRecords(output)
      const wrong = counted === acknowledged ? [] : [`${acknowledged} records acknowledged, ${counted} dumped`]
      results.push({ name: `${acknowledged} acknowledged records`, problems: wrong })
    }
    for (const check of checks) {
      const { problems, output } = await dump({ ...check, name: `compacted: ${check.name}` }, keyedFolders)
      results.push({ name: `compacted: ${check.name}`, problems })
      if (check.suffixes[0] !== '.log') continue
      results.push({
        name: 'compacted: the last value of each key',
        problems: await keyed.problems(dataFolder, recordsIn(output)),
      })
    }
  }).finally(endAllChildren)
  for (const { name, problems } of results) {
    console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name}`)
    for (const problem of problems.slice(0, 10)) console.log(`         ${problem}`)
  }
  const failed = results.filter(result => result.problems.length > 0).length
  console.log(`${results.length - failed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

endChildrenOnExit()
process.exitCode = await main().catch(error => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
