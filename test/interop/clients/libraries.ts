/** The client libraries that are driven through agents, with what each cannot do and why. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { agentsFolder, installed } from '../cache.ts'
import { runOrThrow } from '../children.ts'
import { type AgentCommand, AgentSession } from './agent.ts'
import type { InteropClient } from './client.ts'
import { kafkaClassPath } from './java-home.ts'

interface Library extends Pick<InteropClient, 'name' | 'title' | 'limits' | 'comparison' | 'notes'> {
  /** Installs what is missing and says how the agent is started. */
  prepare(): Promise<AgentCommand>
}

function library(definition: Library): InteropClient {
  const { prepare, ...rest } = definition
  return {
    ...rest,
    async install() {
      await prepare()
    },
    async open(address, logFolder) {
      return AgentSession.open(await prepare(), address, definition.name, logFolder)
    },
  }
}

async function nodeAgent(program: string): Promise<AgentCommand> {
  const source = join(agentsFolder, 'node')
  const pins = ['package.json', 'package-lock.json']
  const folder = await installed({
    name: 'node',
    pinnedBy: pins.map(file => join(source, file)),
    install: async target => {
      for (const file of pins) await cp(join(source, file), join(target, file))
      await runOrThrow('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
        cwd: target,
        timeoutMs: 300_000,
      })
    },
  })
  return { command: process.execPath, args: [join(source, program), folder] }
}

const noCodec = 'KafkaJS has only gzip; other codecs need a plug-in package'

export const kafkajs = library({
  name: 'kafkajs',
  title: 'KafkaJS 2.2.4',
  limits: {
    'write snappy': noCodec,
    'write lz4': noCodec,
    'write zstd': noCodec,
    'read snappy': noCodec,
    'read lz4': noCodec,
    'read zstd': noCodec,
    'write null header value': 'KafkaJS throws on a header value of null',
    'offset of maximum timestamp': 'KafkaJS asks with ListOffsets 3 at most',
    'assign cooperative': 'KafkaJS has only eager rebalances',
    'static membership': 'KafkaJS has no group.instance.id',
    'delete offsets': 'KafkaJS has no OffsetDelete',
    'log sizes': 'KafkaJS has no DescribeLogDirs',
    'move between log directories': 'KafkaJS has no AlterReplicaLogDirs',
  },
  notes: [
    'KafkaJS changes configs with AlterConfigs, which replaces all of them.',
    'KafkaJS consumes only in groups; its own Cluster and Broker.fetch, on which the consumer is built, read assigned partitions.',
    "KafkaJS's own assigner has a name that no other client knows; the agent brings range and roundrobin, so that groups can be mixed.",
  ],
  prepare: () => nodeAgent('kafkajs.ts'),
})

export const platformatic = library({
  name: 'platformatic',
  title: '@platformatic/kafka 2.12.1',
  limits: {
    'write repeated header name': 'headers are a Map',
    'assign range': '@platformatic/kafka has roundrobin and cooperative-sticky',
    'static membership': '@platformatic/kafka leaves the group when it is closed, static or not',
    pause: 'a stream pauses all of its partitions at once',
    'move between log directories': 'the Admin of @platformatic/kafka has no AlterReplicaLogDirs',
  },
  notes: ["@platformatic/kafka's stream joins a group; its public Consumer.fetch reads assigned partitions."],
  prepare: () => nodeAgent('platformatic.ts'),
})

async function pythonAgent(program: string): Promise<AgentCommand> {
  const requirements = join(agentsFolder, 'python', 'requirements.txt')
  const folder = await installed({
    name: 'python',
    pinnedBy: [requirements],
    install: async target => {
      await runOrThrow('python3', ['-m', 'venv', target], { timeoutMs: 120_000 })
      await runOrThrow(join(target, 'bin', 'pip'), ['install', '-q', '-r', requirements], { timeoutMs: 300_000 })
    },
  })
  return { command: join(folder, 'bin', 'python'), args: [join(agentsFolder, 'python', program)] }
}

export const confluent = library({
  name: 'confluent',
  title: 'confluent-kafka-python 2.16.1',
  limits: {
    'delete offsets': 'confluent-kafka-python has no OffsetDelete',
    'log sizes': 'confluent-kafka-python has no DescribeLogDirs',
    'move between log directories': 'confluent-kafka-python has no AlterReplicaLogDirs',
  },
  prepare: () => pythonAgent('confluent_agent.py'),
})

export const kafkaPython = library({
  name: 'kafka-python',
  title: 'kafka-python 3.0.12',
  limits: {
    'write neither key nor value': 'kafka-python wants a key or a value',
    'write null header value': 'kafka-python throws on a header value of null',
    'locate replica': 'kafka-python shows log directories only',
  },
  prepare: () => pythonAgent('kafka_python_agent.py'),
})

const goSources = [
  'protocol/protocol.go',
  'franz/main.go',
  'franz/members.go',
  'franz/groups.go',
  'franz/configs.go',
  'franz/logdirs.go',
  'sarama/main.go',
]

async function goAgent(program: string): Promise<AgentCommand> {
  const source = join(agentsFolder, 'go')
  const folder = await installed({
    name: 'go',
    pinnedBy: ['go.mod', 'go.sum', ...goSources, 'sarama/members.go', 'sarama/admin.go'].map(file =>
      join(source, file),
    ),
    install: async target => {
      await runOrThrow('go', ['build', '-o', `${target}/`, './franz', './sarama'], { cwd: source, timeoutMs: 600_000 })
    },
  })
  return { command: join(folder, program), args: [] }
}

export const franz = library({
  name: 'franz',
  title: 'franz-go 1.22.2',
  limits: { 'locate replica': 'franz-go shows log directories only' },
  prepare: () => goAgent('franz'),
})

export const sarama = library({
  name: 'sarama',
  title: 'sarama 1.61.1',
  limits: {
    'assign cooperative': 'sarama has only eager rebalances',
    'offset of maximum timestamp': 'sarama asks with ListOffsets 6 at most',
    'move between log directories': 'sarama has no AlterReplicaLogDirs',
  },
  notes: ['sarama seeks where a session of its group begins; the agent ends one to seek, and the member joins again.'],
  prepare: () => goAgent('sarama'),
})

export const java = library({
  name: 'java',
  title: 'Java client 4.3.1',
  limits: {},
  async prepare() {
    const libraries = await kafkaClassPath()
    const sources = ['Agent.java', 'Member.java', 'GroupAdmin.java', 'LogDirAdmin.java'].map(file =>
      join(agentsFolder, 'java', file),
    )
    const folder = await installed({
      name: 'java-agent',
      pinnedBy: [...sources, join(agentsFolder, 'java', 'pom.xml')],
      install: async target => {
        await runOrThrow('javac', ['-cp', libraries, '-d', target, ...sources], { timeoutMs: 120_000 })
      },
    })
    const jvm = ['-XX:+UseSerialGC', '-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
    return { command: 'java', args: [...jvm, '-cp', `${folder}:${libraries}`, 'Agent'] }
  },
})
