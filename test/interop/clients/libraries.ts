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
    'log sizes': 'KafkaJS has no DescribeLogDirs',
  },
  notes: [
    'KafkaJS changes configs with AlterConfigs, which replaces all of them.',
    'KafkaJS consumes only in groups; its own Cluster and Broker.fetch, on which the consumer is built, read assigned partitions.',
  ],
  prepare: () => nodeAgent('kafkajs.ts'),
})

export const platformatic = library({
  name: 'platformatic',
  title: '@platformatic/kafka 2.12.1',
  limits: {
    'write repeated header name': 'headers are a Map',
  },
  notes: ["@platformatic/kafka's stream joins a group; its public Consumer.fetch reads assigned partitions."],
  prepare: () => nodeAgent('platformatic.ts'),
})

export const confluent = library({
  name: 'confluent',
  title: 'confluent-kafka-python 2.16.1',
  limits: { 'log sizes': 'confluent-kafka-python has no DescribeLogDirs' },
  async prepare() {
    const requirements = join(agentsFolder, 'python', 'requirements.txt')
    const folder = await installed({
      name: 'python',
      pinnedBy: [requirements],
      install: async target => {
        await runOrThrow('python3', ['-m', 'venv', target], { timeoutMs: 120_000 })
        await runOrThrow(join(target, 'bin', 'pip'), ['install', '-q', '-r', requirements], { timeoutMs: 300_000 })
      },
    })
    return { command: join(folder, 'bin', 'python'), args: [join(agentsFolder, 'python', 'agent.py')] }
  },
})

export const franz = library({
  name: 'franz',
  title: 'franz-go 1.22.2',
  limits: {},
  async prepare() {
    const source = join(agentsFolder, 'go')
    const folder = await installed({
      name: 'go',
      pinnedBy: ['go.mod', 'go.sum', 'main.go'].map(file => join(source, file)),
      install: async target => {
        await runOrThrow('go', ['build', '-o', join(target, 'agent'), '.'], { cwd: source, timeoutMs: 600_000 })
      },
    })
    return { command: join(folder, 'agent'), args: [] }
  },
})

export const java = library({
  name: 'java',
  title: 'Java client 4.3.1',
  limits: {},
  async prepare() {
    const libraries = await kafkaClassPath()
    const source = join(agentsFolder, 'java', 'Agent.java')
    const folder = await installed({
      name: 'java-agent',
      pinnedBy: [source, join(agentsFolder, 'java', 'pom.xml')],
      install: async target => {
        await runOrThrow('javac', ['-cp', libraries, '-d', target, source], { timeoutMs: 120_000 })
      },
    })
    const jvm = ['-XX:+UseSerialGC', '-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
    return { command: 'java', args: [...jvm, '-cp', `${folder}:${libraries}`, 'Agent'] }
  },
})
