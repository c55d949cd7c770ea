/** Starts the broker for a run: on ports chosen by the system, with two listeners, and with short times where Kafka's defaults are long. */
import type { Broker } from '../interop/brokers/broker.ts'
import { freePorts } from '../interop/brokers/broker.ts'
import { type BrokerName, startBroker } from '../interop/brokers/catalog.ts'
import type { Address } from '../interop/raw/judge.ts'
import type { ClusterSetup } from './cluster.ts'

/** How long the first members of a group wait for others. Milliseconds; the default of both brokers is 3,000. */
export const INITIAL_REBALANCE_DELAY_MS = 500

/** A setting that the broker was started with, and that is not the default. */
export const STATIC_CONFIG = { name: 'connections.max.idle.ms', value: '540000' } as const

/** The same for both brokers: a test is not to know which one it asks. */
const configs: Readonly<Record<string, string>> = {
  'group.initial.rebalance.delay.ms': `${INITIAL_REBALANCE_DELAY_MS}`,
  'group.min.session.timeout.ms': '1000',
  [STATIC_CONFIG.name]: STATIC_CONFIG.value,
  'log.cleaner.backoff.ms': '100',
}

export class RunningCluster implements ClusterSetup {
  readonly name: BrokerName
  readonly #folder: string
  #broker: Broker | null = null
  #second: Address | null = null

  /** `folder` is empty and for data and logs. */
  constructor(name: BrokerName, folder: string) {
    this.name = name
    this.#folder = folder
  }

  async start(): Promise<void> {
    const [port] = (await freePorts(1)) as [number]
    this.#second = { host: '127.0.0.1', port }
    this.#broker = await startBroker(this.name, {
      folder: this.#folder,
      secondListener: this.#second,
      configs,
    })
  }

  broker(): Broker {
    if (this.#broker === null) throw new Error('the broker was not started')
    return this.#broker
  }

  address(): Address {
    return this.broker().address
  }

  secondAddress(): Address {
    if (this.#second === null) throw new Error('the broker was not started')
    return this.#second
  }
}
