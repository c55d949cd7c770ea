/** Apache Kafka itself as the broker: KRaft, one node. Shows that the tests are right, and is recorded for fixtures. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeFailure, endChild, killChild, startChild, tail, withLogFile } from '../children.ts'
import { javaArgs, kafkaVersion, quickStart, runKafkaTool } from '../clients/java-home.ts'
import { type Address, addressText, Judge } from '../raw/judge.ts'
import { type Broker, freePorts, logDirectoriesOf, type StartOptions } from './broker.ts'

const START_TIMEOUT_MS = 60_000
const clusterId = 'b3R0bGEtaW50ZXJvcC0xMg'

/** A folder made ready for Apache Kafka, and the command that starts it there: again after a stop, or after a crash. */
export interface KafkaLaunch {
  readonly args: readonly string[]
  readonly address: Address
  readonly dataFolder: string
}

export interface KafkaOptions extends StartOptions {
  /** What Java is told, the heap included; as for a short life unless given. */
  readonly jvm?: readonly string[]
}

export async function startKafka(options: KafkaOptions): Promise<Broker> {
  const logPath = join(options.folder, 'broker.log')
  const { args, address, dataFolder } = await launchOfKafka(options)
  const child = withLogFile(logPath, log => startChild('java', args, { stdio: ['ignore', log, log] }))
  const log = async () => tail(await readFile(logPath, 'utf8'), 40)
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!(await answers(address))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Apache Kafka did not start\n${await log()}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const title = `Apache Kafka ${await kafkaVersion()}`
  const pid = child.pid!
  return { title, address, dataFolder, pid, log, stop: () => endChild(child), kill: () => killChild(child) }
}

/** Writes the configuration and formats the data folder, which a start of Kafka alone does not do. */
export async function launchOfKafka(options: KafkaOptions): Promise<KafkaLaunch> {
  const [port, controllerPort] = (await freePorts(2)) as [number, number]
  const directories = logDirectoriesOf(options)
  const [dataFolder] = directories
  const configPath = join(options.folder, 'server.properties')
  const address = { host: '127.0.0.1', port }
  const advertised = options.advertised ?? address
  const second = options.secondListener === undefined ? '' : `,SECOND://${addressText(options.secondListener)}`
  const config = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${second}`,
    'advertised.listeners': `PLAINTEXT://${addressText(advertised)}${second}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECOND:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': directories.join(','),
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    ...options.configs,
  }
  await writeFile(
    configPath,
    Object.entries(config)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const format = ['format', '--ignore-formatted', '--cluster-id', clusterId, '--config', configPath]
  const formatted = await runKafkaTool('kafka.tools.StorageTool', format)
  if (formatted.code !== 0) throw new Error(describeFailure('StorageTool', format, formatted))
  const args = await javaArgs('kafka.Kafka', [configPath], options.jvm ?? [...quickStart, '-Xmx512m'])
  return { args, address, dataFolder }
}

async function answers(address: { host: string; port: number }): Promise<boolean> {
  const judge = await Judge.connect(address).catch(() => null)
  if (judge === null) return false
  try {
    await judge.topics()
    return true
  } catch {
    // It listens before it serves; the caller asks again until its deadline.
    return false
  } finally {
    judge.close()
  }
}
