/**
 * The brokers under comparison and the loops without a broker, each started when first asked for, all below one folder so
 * that they share a file system, and kept until the end: a Java broker is fast only once it is warm.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { startKafka } from '../../test/interop/brokers/kafka.ts'
import { fullSpeed } from '../../test/interop/clients/java-home.ts'
import { costsOf, type Server, startBareLoop, startOttla } from '../servers.ts'
import { isBare, type Side } from './goals.ts'

/**
 * What an acknowledgement means. `disk`: synced first; with Apache Kafka a topic has `flush.messages=1` for it.
 * `page-cache`: written, not synced.
 */
export type Durability = 'disk' | 'page-cache'

export interface FleetOptions {
  readonly folder: string
  /** The file of Ottla that Node runs. */
  readonly program: string
  /** For Node, before that file; for profiles. */
  readonly nodeArgs?: readonly string[]
  /** Called with each broker once, before it is measured. */
  readonly warmUp: (server: Server) => Promise<void>
}

/** Retention in step with loads of seconds, and groups that form at once, in both brokers. */
export const brokerConfigs: Readonly<Record<string, string>> = {
  'log.retention.check.interval.ms': '500',
  'group.initial.rebalance.delay.ms': '0',
}
/** Kafka's retention begins only after 30 s unless told. */
export const kafkaConfigs: Readonly<Record<string, string>> = { ...brokerConfigs, 'log.initial.task.delay.ms': '500' }
/** On a machine under load Kafka's broker may miss heartbeats to its own controller, which takes its partitions from it. */
const PATIENT_CONFIGS: Readonly<Record<string, string>> = { 'broker.session.timeout.ms': '60000' }
/** The heap of Kafka's own start script. */
export const kafkaJvm: readonly string[] = ['-Xms1g', '-Xmx1g', ...fullSpeed]

export const ottlaSettings: readonly string[] = Object.entries(brokerConfigs).map(([key, value]) => `${key}=${value}`)

/** Topic configs that ask a broker for a durability. */
export function durabilityConfigs(side: Side, durability: Durability): Record<string, string> {
  if (side === 'ottla') return { durability }
  return durability === 'disk' ? { 'flush.messages': '1' } : {}
}

export class Fleet {
  readonly options: FleetOptions
  readonly #running = new Map<string, Promise<Server>>()

  constructor(options: FleetOptions) {
    this.options = options
  }

  /** The durability matters for the loop without a broker alone: a broker has it by topic. */
  server(side: Side, durability: Durability): Promise<Server> {
    const key = isBare(side) ? `${side} ${durability}` : side
    const running = this.#running.get(key) ?? this.#start(side, durability)
    this.#running.set(key, running)
    return running
  }

  /** The broker of ours that rows share, when one of them has asked for it. */
  async runningOttla(): Promise<Server | null> {
    return (await this.#running.get('ottla')) ?? null
  }

  /** A folder of its own for what a workload starts itself. */
  folder(name: string): string {
    return mkdtempSync(join(this.options.folder, `${name}-`))
  }

  async close(): Promise<void> {
    const servers = await Promise.allSettled(this.#running.values())
    this.#running.clear()
    await Promise.all(servers.map(each => (each.status === 'fulfilled' ? each.value.stop() : undefined)))
  }

  async #start(side: Side, durability: Durability): Promise<Server> {
    const { folder, program, nodeArgs = [] } = this.options
    if (isBare(side)) return startBareLoop(folder, side === 'bare' ? durability : 'disk-twice')
    const server =
      side === 'ottla'
        ? await startOttla(folder, { settings: ottlaSettings, program, nodeArgs })
        : await startWarmKafka(this.folder('kafka'))
    await this.options.warmUp(server)
    return server
  }
}

async function startWarmKafka(folder: string): Promise<Server> {
  const broker = await startKafka({ folder, configs: { ...kafkaConfigs, ...PATIENT_CONFIGS }, jvm: kafkaJvm })
  const { port } = broker.address
  return { ...costsOf(broker.pid), name: 'kafka', port, stop: () => broker.stop(), kill: () => broker.kill() }
}
