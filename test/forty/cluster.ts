/**
 * The broker under test as a behaviour sees it: an address, connections that end with the behaviour, topics and groups
 * with names of their own, a restart. Whoever needs to know which broker it is asks `either`, and only there.
 */
import { NodeClock } from '../../packages/ottla/src/adapters/node/clock.ts'
import { NodeNet } from '../../packages/ottla/src/adapters/node/net.ts'
import { type Connection, connectTo, type RequestOptions } from '../../packages/ottla/src/client/connection.ts'
import type { Api } from '../../packages/ottla/src/wire/api.ts'
import { createTopicsApi } from '../../packages/ottla/src/wire/gen/create-topics.ts'
import { listOffsetsApi } from '../../packages/ottla/src/wire/gen/list-offsets.ts'
import { metadataApi } from '../../packages/ottla/src/wire/gen/metadata.ts'
import type { Broker } from '../interop/brokers/broker.ts'
import type { BrokerName } from '../interop/brokers/catalog.ts'
import type { Address } from '../interop/raw/judge.ts'
import { type Difference, type DifferenceId, differences } from './differences.ts'
import { errorText } from './errors.ts'
import { eventually } from './eventually.ts'
import { RawSocket } from './raw-socket.ts'

const clientEnv = { net: new NodeNet(), clock: new NodeClock() }

export interface TestTopic {
  readonly name: string
  readonly id: string
}

export interface ClusterSetup {
  readonly name: BrokerName
  /** Where the broker listens first. Another port after a restart. */
  address(): Address
  /** The second listener. */
  secondAddress(): Address
  start(): Promise<void>
  broker(): Broker
}

export class TestCluster {
  readonly #setup: ClusterSetup
  readonly #prefix: string
  readonly #connections: Promise<Connection>[] = []
  readonly #sockets: RawSocket[] = []
  readonly #asserted = new Set<DifferenceId>()
  #shared: Promise<Connection> | null = null
  #named = 0

  /** `prefix` begins the name of every topic and group made here. */
  constructor(setup: ClusterSetup, prefix: string) {
    this.#setup = setup
    this.#prefix = prefix
  }

  get address(): Address {
    return this.#setup.address()
  }

  get secondAddress(): Address {
    return this.#setup.secondAddress()
  }

  /** Differences that were asserted so far. */
  get asserted(): ReadonlySet<DifferenceId> {
    return this.#asserted
  }

  /** A name that nothing on the broker has yet. */
  freshName(): string {
    return `${this.#prefix}-${++this.#named}`
  }

  /** What this broker does where Ottla differs on purpose. */
  either(id: DifferenceId): Difference['kafka'] {
    this.#asserted.add(id)
    return differences[id][this.#setup.name]
  }

  /** A connection of its own, with versions negotiated. Ends with the behaviour. */
  connect(address: Address = this.address): Promise<Connection> {
    const connection = connectTo(clientEnv, address, { clientId: 'forty' })
    this.#connections.push(connection)
    return connection
  }

  async socket(): Promise<RawSocket> {
    const socket = await RawSocket.connect(this.address)
    this.#sockets.push(socket)
    return socket
  }

  /** One request on the behaviour's ordinary connection; the highest common version unless said otherwise. */
  async ask<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, body: QI, options: RequestOptions | number = {}): Promise<R> {
    this.#shared ??= this.connect()
    const connection = await this.#shared
    return connection.request(api, body, typeof options === 'number' ? { version: options } : options)
  }

  /** Makes a topic and waits until every partition answers: a new topic spreads in its own time. */
  async topic(partitions = 1, configs: Readonly<Record<string, string>> = {}, name = this.freshName()) {
    const reply = await this.ask(createTopicsApi, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
        },
      ],
    })
    const error = errorText(reply.topics[0]!.errorCode)
    if (error !== 'NONE')
      throw new Error(`cannot create topic ${name}: ${error} ${reply.topics[0]!.errorMessage ?? ''}`)
    await this.untilLed(name, partitions)
    const { topics } = await this.ask(metadataApi, { topics: [{ name }], allowAutoTopicCreation: false })
    return { name, id: topics[0]!.topicId } satisfies TestTopic
  }

  /** Waits until all partitions of a topic answer for their offsets. */
  async untilLed(name: string, partitions: number): Promise<void> {
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 }))
    await eventually(`every partition of ${name} is led`, async () => {
      const { topics } = await this.ask(listOffsetsApi, { topics: [{ name, partitions: asked }] })
      return topics[0]!.partitions.every(partition => partition.errorCode === 0)
    })
  }

  /** A clean stop and a start on the same data. Connections from before are gone. */
  async restart(): Promise<void> {
    await this.close()
    await this.#setup.broker().stop()
    await this.#setup.start()
  }

  /** Ends every connection made here. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.close()
    this.#shared = null
    for (const opened of await Promise.allSettled(this.#connections.splice(0))) {
      if (opened.status === 'fulfilled') opened.value.close()
    }
  }
}
