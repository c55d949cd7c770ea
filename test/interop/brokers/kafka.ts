/** Apache Kafka itself as the broker: KRaft, one node. Shows that the tests are right, and is recorded for fixtures. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeFailure, endChild, killChild, startChild, tail, withLogFile } from '../children.ts'
import { javaArgs, kafkaVersion, runKafkaTool } from '../clients/java-home.ts'
import { addressText, Judge } from '../raw/judge.ts'
import { type Broker, freePorts, type StartOptions } from './broker.ts'

const START_TIMEOUT_MS = 60_000
const clusterId = 'b3R0bGEtaW50ZXJvcC0xMg'

export async function startKafka(options: StartOptions): Promise<Broker> {
  const [port, controllerPort] = (await freePorts(2)) as [number, number]
  const dataFolder = join(options.folder, 'data')
  const logPath = join(options.folder, 'broker.log')
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
    'log.dirs': dataFolder,
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
  const args = await javaArgs('kafka.Kafka', [configPath], ['-Xmx512m'])
  const child = withLogFile(logPath, log => startChild('java', args, { stdio: ['ignore', log, log] }))
  const log = async () => tail(await readFile(logPath, 'utf8'), 40)
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!(await answers(address))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Apache Kafka did not start\n${await log()}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const title = `Apache Kafka ${await kafkaVersion()}`
  return { title, address, dataFolder, log, stop: () => endChild(child), kill: () => killChild(child) }
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
