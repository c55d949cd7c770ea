/** Apache Kafka's tools that work with consumer groups, but for the resets of offsets. */
import { numberedRecords } from '../records.ts'
import { expectText, ran, runTool, type ToolBench, type ToolScenario, whileRunning } from './tool.ts'

const quick = ['heartbeat.interval.ms=200', 'fetch.max.wait.ms=100']
const quickConsumer = quick.flatMap(each => ['--command-property', each])

export const groupToolScenarios: readonly ToolScenario[] = [
  { name: 'kafka-console-consumer --group', run: consumeInGroup },
  { name: 'kafka-consumer-groups --list --describe, refusals, --delete', run: describeAndDelete },
  { name: 'kafka-consumer-groups --delete-offsets', run: deleteOffsets },
  { name: 'kafka-verifiable-producer > kafka-verifiable-consumer', run: verifiable },
  { name: 'kafka-consumer-perf-test', run: consumerPerf },
]

async function filled(bench: ToolBench, topic: string, partitions: number, each: number): Promise<void> {
  await bench.judge.createTopic(topic, partitions)
  for (let partition = 0; partition < partitions; partition++)
    await bench.judge.produce(topic, partition, numberedRecords(each, Date.now() - 100_000))
}

async function consumeInGroup(bench: ToolBench): Promise<void> {
  const topic = 'tools.in-group'
  const group = 'tools-in-group'
  await filled(bench, topic, 1, 20)
  const consume = async (count: number) => {
    const place = ['--topic', topic, '--group', group, '--from-beginning', '--max-messages', String(count)]
    return (await ran(bench, 'consumer', [...place, '--timeout-ms', '20000', ...quickConsumer])).trimEnd()
  }
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `number ${from + index}`).join('\n')
  for (const [from, to] of [
    [0, 12],
    [12, 20],
  ] as const) {
    const read = await consume(to - from)
    if (read !== lines(from, to)) throw new Error(`expected the records ${from}..${to - 1}, got\n${read}`)
    const committed = (await bench.judge.committed(group, topic, [0])).get(0)
    if (committed !== to) throw new Error(`committed is ${committed}, expected ${to}`)
  }
}

async function describeAndDelete(bench: ToolBench): Promise<void> {
  const topic = 'tools.group'
  const group = 'tools-group'
  await filled(bench, topic, 2, 10)
  await bench.judge.commit(group, topic, [
    [0, 10],
    [1, 4],
  ])
  const groups = (...args: string[]) => ran(bench, 'consumerGroups', args)
  const resting = await groups('--describe', '--group', group)
  expectText('--describe', resting, new RegExp(`^${group}\\s+${topic}\\s+1\\s+4\\s+10\\s+6\\s+-`, 'm'))
  expectText('--list --state', await groups('--list', '--state'), new RegExp(`^${group}\\s+Empty`, 'm'))
  const settings = ['--topic', topic, '--group', group, ...quickConsumer, '--command-property', 'client.id=watched']
  await whileRunning(bench, 'consumer', settings, async () => {
    await untilGroup(bench, group, 1)
    const busy = await groups('--describe', '--group', group)
    expectText(
      '--describe',
      busy,
      new RegExp(`^${group}\\s+${topic}\\s+0\\s+10\\s+10\\s+0\\s+watched-\\S+\\s+/\\S+\\s+watched`, 'm'),
    )
    const state = await groups('--describe', '--group', group, '--state')
    expectText('--state', state, new RegExp(`^${group}\\s+\\S+\\s+\\(\\d+\\)\\s+range\\s+Stable\\s+1`, 'm'))
    const members = await groups('--describe', '--group', group, '--members', '--verbose')
    expectText('--members', members, new RegExp(`^${group}\\s+watched-\\S+.*\\s2\\s.*${topic}:0,1`, 'm'))
    const reset = ['--group', group, '--reset-offsets', '--to-earliest', '--topic', topic, '--execute']
    expectText('--reset-offsets', await said(bench, reset), /inactive|current state is Stable/i)
    expectText('--delete', await said(bench, ['--delete', '--group', group]), /not empty/i)
  })
  await untilGroup(bench, group, 0)
  expectText(
    '--delete',
    await groups('--delete', '--group', group),
    /Deletion of requested consumer groups .* successful/,
  )
  expectText('--describe', await said(bench, ['--describe', '--group', group]), /does not exist|not found/i)
}

/** What the tool prints when it refuses: for some refusals it ends with 0 and says so on its standard output. */
async function said(bench: ToolBench, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runTool(bench, 'consumerGroups', args)
  return stdout + stderr
}

async function untilGroup(bench: ToolBench, group: string, members: number): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const found = await bench.judge.groupState(group)
    if (found.members === members && found.state === (members === 0 ? 'Empty' : 'Stable')) return
    if (Date.now() > deadline) throw new Error(`the group is ${found.state} with ${found.members} members`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function deleteOffsets(bench: ToolBench): Promise<void> {
  const topic = 'tools.delete-offsets'
  const group = 'tools-delete-offsets'
  await filled(bench, topic, 2, 10)
  await bench.judge.commit(group, topic, [
    [0, 1],
    [1, 2],
  ])
  const printed = await ran(bench, 'consumerGroups', ['--delete-offsets', '--group', group, '--topic', `${topic}:0`])
  expectText('printed', printed, new RegExp(`^${topic}\\s+0\\s+Successful`, 'm'))
  const left = [...(await bench.judge.committed(group, topic, [0, 1]))].join(';')
  if (left !== '1,2') throw new Error(`left are ${left}, expected only 2 of partition 1`)
}

async function verifiable(bench: ToolBench): Promise<void> {
  const topic = 'tools.verifiable'
  await bench.judge.createTopic(topic, 2)
  const sent = await ran(bench, 'verifiableProducer', ['--topic', topic, '--max-messages', '50', '--acks', '-1'])
  expectText('producer', sent, /"name":"tool_data","sent":50,"acked":50/)
  const settings = [
    '--topic',
    topic,
    '--group-id',
    'tools-verifiable',
    '--max-messages',
    '50',
    '--reset-policy',
    'earliest',
  ]
  const read = await ran(bench, 'verifiableConsumer', settings)
  expectText('consumer', read, /"name":"partitions_assigned","partitions":\[\{"topic":"tools\.verifiable"/)
  expectText('consumer', read, /"name":"offsets_committed",.*"success":true/)
  const counts = [...read.matchAll(/"name":"records_consumed","count":(\d+)/g)].map(match => Number(match[1]))
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total !== 50) throw new Error(`50 records sent, ${total} consumed`)
  const committed = await bench.judge.committed('tools-verifiable', topic, [0, 1])
  const sum = [...committed.values()].reduce((left, right) => left + right, 0)
  if (sum !== 50) throw new Error(`50 records consumed, offsets committed for ${sum}`)
}

async function consumerPerf(bench: ToolBench): Promise<void> {
  const topic = 'tools.consumer-perf'
  await filled(bench, topic, 2, 500)
  const settings = ['--topic', topic, '--group', 'tools-consumer-perf', '--num-records', '1000', '--timeout', '20000']
  const printed = await ran(bench, 'consumerPerf', settings)
  expectText('printed', printed, /, 1000, \d/)
}
