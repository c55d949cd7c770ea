/** A running broker in the hands of a test: its address, its end, and what people else write by hand around one. */

import { newTopicId } from '../../broker/api/new-topic-id.ts'
import { WireFailure } from '../../client/wire-failure.ts'
import type { CreatedTopic } from '../../core/controller/commands.ts'
import { topicByName } from '../../core/metadata/image.ts'
import { isInternalTopic } from '../../core/metadata/names.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { Server, ServerAdapters } from '../server/server.ts'
import { type GroupDescription, type GroupOffsets, Groups, type WaitForGroupOptions } from './groups.ts'
import { type ConsumeAllOptions, KitClient, type ProducedRecord, type ProduceOptions } from './kit-client.ts'
import { type NamedTopic, namedTopic, type TestTopic } from './options.ts'
import type { ConsumedRecord, TestRecord } from './records.ts'
import type { DelayOptions, FailOptions, RefusableApi, RequestPlan, SeenRequest } from './request-plan.ts'
import { TestBrokerError } from './test-broker-error.ts'

const HOST = '127.0.0.1'
/** How often `reset` begins again when clients make topics meanwhile. */
const RESETS_MAX = 5

export interface TestBrokerParts {
  readonly server: Server
  readonly adapters: ServerAdapters
  readonly plan: RequestPlan
  readonly topics: readonly NamedTopic[]
  readonly removeFolder: () => Promise<void>
  /** Resolves, with why, when the broker lost track of its own state. */
  readonly failure: Promise<unknown>
}

/** Made by `startBroker`. Every call after `close` rejects with `CLOSED`. */
export class TestBroker implements AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:PORT`: for the list of brokers of any client. */
  readonly bootstrapServers: string
  readonly #parts: TestBrokerParts
  readonly #client: KitClient
  readonly #groups: Groups
  #closing: Promise<void> | null = null
  #failure: TestBrokerError | null = null

  /** Resolves when the topics are served. Otherwise leaves nothing behind. */
  static async open(parts: TestBrokerParts): Promise<TestBroker> {
    const broker = new TestBroker(parts)
    parts.failure.then(why => broker.#failed(why))
    try {
      await broker.#makeNamedTopics()
      return broker
    } catch (error) {
      await broker.close()
      throw error
    }
  }

  private constructor(parts: TestBrokerParts) {
    const [address] = parts.server.addresses.values()
    this.port = address?.port ?? 0
    this.bootstrapServers = `${HOST}:${this.port}`
    this.#parts = parts
    this.#client = new KitClient({ host: HOST, port: this.port }, parts.adapters)
    this.#groups = new Groups(this.#client.cluster)
  }

  /** Writes records and resolves when they are acknowledged, with their places in the order given. */
  produce(
    topic: string,
    records: readonly (TestRecord | string)[],
    options: ProduceOptions = {},
  ): Promise<ProducedRecord[]> {
    return this.#run(() => this.#client.produce(topic, records, options))
  }

  /**
   * Reads all partitions from the start to where they end now; with `count` waits until at least so many records are
   * there. By partition, and in each by offset.
   */
  consumeAll(topic: string, options: ConsumeAllOptions = {}): Promise<ConsumedRecord[]> {
    return this.#run(() => this.#client.consumeAll(topic, options))
  }

  /** Resolves when the topic is served. Rejects with `REFUSED` when the broker does not want it. */
  createTopic(name: string, topic: TestTopic = {}): Promise<void> {
    return this.#run(async () => {
      for (const created of await this.#create([namedTopic(name, topic)])) refuseTopic(created)
    })
  }

  deleteTopic(name: string): Promise<void> {
    return this.#run(async () => {
      await this.#client.topic(name)
      await this.#delete([name])
    })
  }

  /** Names of all topics, in order; `__consumer_offsets` and the like excepted. */
  topics(): Promise<string[]> {
    return this.#run(() => this.#client.topicNames())
  }

  /** Resolves when the group is as asked: `Stable`, unless told otherwise. */
  waitForGroup(groupId: string, options: WaitForGroupOptions = {}): Promise<GroupDescription> {
    return this.#run(() => this.#groups.waitFor(groupId, options))
  }

  /** What the group has committed; empty when it committed nothing. */
  groupOffsets(groupId: string): Promise<GroupOffsets> {
    return this.#run(() => this.#groups.offsets(groupId))
  }

  /** Ids of all groups, in order. */
  groups(): Promise<string[]> {
    return this.#run(() => this.#groups.list())
  }

  /**
   * As after the start: the topics named there, empty, and no others; no groups, no failures or delays planned.
   * Connections stay. Rejects, before anything is deleted, when a group has members.
   */
  reset(): Promise<void> {
    return this.#run(async () => {
      await this.#groups.deleteAll()
      this.#parts.plan.clear()
      for (let attempt = 1; ; attempt++) {
        await this.#delete(this.#topicNames())
        const created = await this.#create(this.#parts.topics)
        // A client that writes meanwhile may make a topic anew; it must go too.
        const isDisturbed = created.some(({ error }) => error === 'TOPIC_ALREADY_EXISTS')
        if (isDisturbed && attempt < RESETS_MAX) continue
        created.forEach(refuseTopic)
        return
      }
    })
  }

  /**
   * The next request of that API is answered with that error, where its version has a place for it, and not done.
   * Several happen in their order: each becomes due when the one before it
   * has happened. The kit's own helpers are not affected.
   */
  failNext(api: RefusableApi, error: WireErrorName | number, options: FailOptions = {}): void {
    this.#requireOpen()
    this.#parts.plan.fail(this.#parts.server.apis, api, error, options)
  }

  /** The next request of that API is done at once and answered `ms` later, as are those behind it on its connection. */
  delay(api: string, ms: number, options: DelayOptions = {}): void {
    this.#requireOpen()
    this.#parts.plan.delay(this.#parts.server.apis, api, ms, options)
  }

  /** Whether the broker answers the API, by Kafka's name, as `ListGroups`. */
  answers(api: string): boolean {
    const { apis } = this.#parts.server
    return apis.advertised.some(row => apis.find(row.apiKey)?.api.name === api)
  }

  /** Tells of every request as it comes, the kit's own excepted. Returns the way to stop. */
  onRequest(watcher: (request: SeenRequest) => void): () => void {
    this.#requireOpen()
    return this.#parts.plan.watch(watcher)
  }

  /** Ends all connections, as a network that fails would. New ones are welcome at once. */
  dropConnections(): void {
    this.#requireOpen()
    this.#parts.server.dropConnections()
  }

  /** Ends the broker, connected clients or not, and leaves nothing behind. Later calls wait for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A topic that is there already, in a directory that was kept, is as it was. */
  async #makeNamedTopics(): Promise<void> {
    const { server, topics } = this.#parts
    const there = (name: string) => topicByName(server.services.image(), name)
    for (const { name, partitions } of topics) {
      const has = there(name)?.partitions.length ?? partitions
      if (partitions === -1 || has === partitions) continue
      throw new TestBrokerError(
        'BAD_OPTION',
        `topic ${name} with partitions=${partitions}: the directory holds it with ${has}; ask for ${has}, or use another directory`,
      )
    }
    for (const created of await this.#create(topics.filter(({ name }) => there(name) === null))) refuseTopic(created)
  }

  /** The broker lost track of its own state. What is under way ends, and `close` rejects. */
  #failed(why: unknown): void {
    const text = why instanceof Error ? why.message : String(why)
    this.#failure ??= new TestBrokerError('BROKER_FAILED', `the broker failed, which is a bug of Ottla: ${text}`, {
      cause: why,
    })
    this.#client.close()
    this.#parts.server.dropConnections()
  }

  async #close(): Promise<void> {
    this.#client.close()
    try {
      await this.#parts.server.close()
    } finally {
      await this.#parts.removeFolder()
    }
    if (this.#failure !== null) throw this.#failure
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#requireOpen()
    try {
      return await work()
    } catch (error) {
      if (this.#failure !== null) throw this.#failure
      if (this.#closing !== null) throw closed()
      if (error instanceof WireFailure)
        throw new TestBrokerError('REFUSED', error.message, { kafkaError: error.errorName, cause: error })
      throw error
    }
  }

  #requireOpen(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#closing !== null) throw closed()
  }

  #topicNames(): string[] {
    const { topics } = this.#parts.server.services.image()
    return [...topics.values()].map(({ name }) => name).filter(name => !isInternalTopic(name))
  }

  async #create(topics: readonly NamedTopic[]): Promise<readonly CreatedTopic[]> {
    if (topics.length === 0) return []
    const { services } = this.#parts.server
    return services.submit({
      type: 'createTopics',
      topics: topics.map(({ name, partitions, configs }) => ({
        name,
        topicId: newTopicId(services.crypto),
        partitionCount: partitions,
        replicationFactor: -1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      })),
      validateOnly: false,
      placement: 0,
    })
  }

  async #delete(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const { services } = this.#parts.server
    const deleted = await services.submit({
      type: 'deleteTopics',
      topics: names.map(name => ({ name, topicId: null })),
    })
    for (const { name, error, message } of deleted) {
      if (error === 'NONE' || error === 'UNKNOWN_TOPIC_OR_PARTITION') continue
      throw new WireFailure(error, `cannot delete topic ${name}`, message)
    }
  }
}

function refuseTopic({ name, error, message }: CreatedTopic): void {
  if (error === 'NONE') return
  throw new TestBrokerError('REFUSED', new WireFailure(error, `cannot create topic '${name}'`, message).message, {
    kafkaError: error,
  })
}

function closed(): TestBrokerError {
  return new TestBrokerError('CLOSED', 'the broker is closed; start another one')
}
