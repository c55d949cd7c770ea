/**
 * Apache Kafka's command-line tools, run as a person would run them and judged by what they print and by what the
 * broker then holds. Partitions are assigned (`--partition`); groups have files of their own.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codecs } from '../raw/batches.ts'
import { numberedRecords } from '../records.ts'
import type { Table } from '../table.ts'
import { adminToolScenarios } from './admin-tools.ts'
import { groupToolScenarios } from './group-tools.ts'
import { resetToolScenarios } from './reset-tools.ts'
import { type Outcome, outcomeOf } from './scenario.ts'
import { expectText, ran, refused, runTool, type ToolBench, type ToolScenario } from './tool.ts'

const toolScenarios: readonly ToolScenario[] = [
  { name: 'kafka-topics --create --list --describe --delete', run: topicLifecycle },
  { name: 'kafka-topics --create refuses', run: topicRefusals },
  ...adminToolScenarios,
  ...codecs.flatMap(codec =>
    [true, false].map(idempotent => ({
      name: `kafka-console-producer ${codec}${idempotent ? ', idempotent' : ''} > kafka-console-consumer`,
      run: (bench: ToolBench) => produceAndConsume(bench, codec, idempotent),
    })),
  ),
  { name: 'kafka-console-consumer --offset earliest, N, latest', run: consumeFromOffsets },
  { name: 'kafka-get-offsets --time -1..-6, timestamp', run: getOffsets },
  { name: 'kafka-delete-records', run: deleteRecords },
  { name: 'kafka-producer-perf-test', run: producerPerf },
  { name: 'kafka-cluster cluster-id', run: clusterId },
  { name: 'kafka-broker-api-versions', run: apiVersions },
  ...groupToolScenarios,
  ...resetToolScenarios,
]

export async function runToolScenarios(bench: ToolBench, table: Table): Promise<void> {
  const apis = await bench.judge.apis()
  for (const scenario of toolScenarios.filter(each => bench.wanted(each.name))) {
    const missing = (scenario.needsApis ?? []).filter(key => !apis.has(key))
    const outcome: Outcome =
      missing.length > 0
        ? { kind: 'n/a', reason: `the broker does not have API ${missing.join(', ')}, which the tool asks first` }
        : await outcomeOf(() => scenario.run(bench))
    table.set(scenario.name, 'tools', outcome)
  }
}

async function topicLifecycle(bench: ToolBench): Promise<void> {
  const topic = 'tools.lifecycle'
  await ran(bench, 'topics', ['--create', '--topic', topic, '--partitions', '3', '--config', 'retention.ms=3600000'])
  expectText('--list', await ran(bench, 'topics', ['--list']), new RegExp(`^${topic}$`, 'm'))
  const described = await ran(bench, 'topics', ['--describe', '--topic', topic])
  expectText('--describe', described, /PartitionCount: 3\s+ReplicationFactor: 1/)
  expectText('--describe', described, /Partition: 2\s+Leader: \d+\s+Replicas: \d+\s+Isr: \d+/)
  await ran(bench, 'topics', ['--delete', '--topic', topic])
  if ((await bench.judge.topics()).has(topic)) throw new Error('the topic is still there after --delete')
}

async function topicRefusals(bench: ToolBench): Promise<void> {
  const topic = 'tools.refusals'
  await ran(bench, 'topics', ['--create', '--topic', topic])
  await ran(bench, 'topics', ['--create', '--topic', topic, '--if-not-exists'])
  await refused(bench, 'topics', ['--create', '--topic', topic], /already exists/i)
  await refused(
    bench,
    'topics',
    ['--create', '--topic', 'tools.rf', '--replication-factor', '9'],
    /replication factor/i,
  )
  await refused(
    bench,
    'topics',
    ['--create', '--topic', 'tools.bad', '--config', 'retention.ms=soon'],
    /retention\.ms/i,
  )
}

async function produceAndConsume(bench: ToolBench, codec: (typeof codecs)[number], idempotent: boolean): Promise<void> {
  const topic = `tools.produce.${codec}.${idempotent ? 'idempotent' : 'plain'}`
  await bench.judge.createTopic(topic)
  const lines = Array.from({ length: 200 }, (_, index) => `h:${index}\tkey-${index}\tvalue ${index} 카프카`)
  const reader = ['parse.key=true', 'parse.headers=true'].flatMap(each => ['--reader-property', each])
  const settings = ['--compression-codec', codec, '--command-property', `enable.idempotence=${idempotent}`]
  await ran(bench, 'producer', ['--topic', topic, ...settings, ...reader], `${lines.join('\n')}\n`)
  const batches = await bench.judge.batches(topic, 0)
  const written = batches.reduce((total, batch) => total + batch.count, 0)
  if (written !== lines.length) throw new Error(`${lines.length} lines sent, ${written} records stored`)
  for (const batch of batches) {
    if (batch.codec !== codec) throw new Error(`the batch at ${batch.baseOffset} is stored as ${batch.codec}`)
    if (batch.producerId >= 0 !== idempotent) throw new Error(`the batch has producer id ${batch.producerId}`)
  }
  const read = await consume(bench, topic, 'earliest', lines.length, ['print.key=true', 'print.headers=true'])
  if (read !== lines.join('\n')) throw new Error(`the consumer printed other lines than were sent:\n${read}`)
}

async function consumeFromOffsets(bench: ToolBench): Promise<void> {
  const topic = 'tools.consume'
  await bench.judge.createTopic(topic, 2)
  const startMs = Date.now() - 1_000_000
  for (const part of [0, 10, 20])
    await bench.judge.produce(topic, 1, numberedRecords(30, startMs).slice(part, part + 10))
  const place = ['print.offset=true', 'print.partition=true', 'print.timestamp=true']
  const expected = (offset: number) =>
    `CreateTime:${startMs + offset * 1_000}\tPartition:1\tOffset:${offset}\tnumber ${offset}`
  for (const [from, first] of [
    ['earliest', 0],
    ['17', 17],
  ] as const) {
    const lines = Array.from({ length: 30 - first }, (_, index) => expected(first + index))
    const read = await consume(bench, topic, from, lines.length, place, 1)
    if (read !== lines.join('\n')) throw new Error(`from ${from} came\n${read}`)
  }
  // At the end nothing comes; the tool ends by its own time-out, having processed none.
  const args = ['--topic', topic, '--partition', '1', '--offset', 'latest', '--timeout-ms', '3000']
  const finished = await runTool(bench, 'consumer', args)
  expectText('--offset latest', finished.stderr + finished.stdout, /Processed a total of 0 messages/)
}

async function getOffsets(bench: ToolBench): Promise<void> {
  const topic = 'tools.offsets'
  await bench.judge.createTopic(topic)
  const startMs = Date.now() - 1_000_000
  const records = numberedRecords(20, startMs)
  records[12] = { ...records[12]!, timestampMs: startMs + 500_000 }
  await bench.judge.produce(topic, 0, records)
  const answers: Record<string, string> = {
    '-1': '20',
    '-2': '0',
    '-3': '12',
    '-4': '0',
    // Nothing is tiered, nothing waits for upload, nothing is that late: the tool prints nothing.
    '-5': '',
    '-6': '',
    [String(startMs + 3_500)]: '4',
    [String(startMs + 500_001)]: '',
  }
  const problems: string[] = []
  for (const [time, offset] of Object.entries(answers)) {
    const printed = (await ran(bench, 'offsets', ['--topic', topic, '--time', time])).trim()
    const expected = offset === '' ? '' : `${topic}:0:${offset}`
    if (printed !== expected) problems.push(`--time ${time} printed ${JSON.stringify(printed)}, expected ${expected}`)
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

async function deleteRecords(bench: ToolBench): Promise<void> {
  const topic = 'tools.delete-records'
  await bench.judge.createTopic(topic, 2)
  for (const partition of [0, 1]) await bench.judge.produce(topic, partition, numberedRecords(10, Date.now()))
  const partitions = [
    { topic, partition: 0, offset: 4 },
    { topic, partition: 1, offset: -1 },
  ]
  const file = join(bench.workFolder, 'delete-records.json')
  await writeFile(file, JSON.stringify({ partitions, version: 1 }))
  const printed = await ran(bench, 'deleteRecords', ['--offset-json-file', file])
  expectText('printed', printed, new RegExp(`partition: ${topic}-0\\s+low_watermark: 4`))
  expectText('printed', printed, new RegExp(`partition: ${topic}-1\\s+low_watermark: 10`))
  const starts = [await bench.judge.offset(topic, 0, -2), await bench.judge.offset(topic, 1, -2)].join(', ')
  if (starts !== '4, 10') throw new Error(`the partitions start at ${starts}, not 4, 10`)
}

async function producerPerf(bench: ToolBench): Promise<void> {
  const topic = 'tools.perf'
  const count = 20_000
  await bench.judge.createTopic(topic, 3)
  const load = ['--num-records', String(count), '--record-size', '500', '--throughput', '-1']
  const printed = await ran(bench, 'producerPerf', ['--topic', topic, ...load])
  expectText('printed', printed, new RegExp(`${count} records sent`))
  let stored = 0
  for (const partition of [0, 1, 2]) stored += await bench.judge.offset(topic, partition, -1)
  if (stored !== count) throw new Error(`${count} records sent, ${stored} stored`)
}

async function clusterId(bench: ToolBench): Promise<void> {
  const printed = await ran(bench, 'cluster', ['cluster-id'])
  expectText('printed', printed, /Cluster ID: \S{22}/)
}

async function apiVersions(bench: ToolBench): Promise<void> {
  const printed = await ran(bench, 'apiVersions', [])
  expectText('printed', printed, /Produce\(0\): 0 to 1\d/)
  expectText('printed', printed, /Fetch\(1\): 4 to 1\d/)
}

async function consume(
  bench: ToolBench,
  topic: string,
  from: string,
  count: number,
  properties: readonly string[],
  partition = 0,
): Promise<string> {
  const place = ['--topic', topic, '--partition', String(partition), '--offset', from, '--max-messages', String(count)]
  const formatter = properties.flatMap(property => ['--formatter-property', property])
  return (await ran(bench, 'consumer', [...place, '--timeout-ms', '20000', ...formatter])).trimEnd()
}
