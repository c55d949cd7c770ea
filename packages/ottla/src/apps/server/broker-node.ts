/**
 * A broker between its disks and its listeners: follows the metadata, is controller when it may, hosts its partitions.
 * `start` brings it to where it can answer; `stop` leaves nothing running. Opens and closes no files of its own.
 */
import { type Uuid, uuidFromBytes } from '../../base/uuid.ts'
import { FetchSessions } from '../../core/access/fetch-sessions.ts'
import { BrokerConfigInForce } from '../../core/metadata/broker-config.ts'
import type { BrokerEndpoint } from '../../core/metadata/image.ts'
import type { Cancel } from '../../ports/clock.ts'
import type { DiskFault } from '../../ports/disk.ts'
import { CleanerLoop, type CleanerSettings } from '../../runtime/cleaner-loop.ts'
import { ControllerLoop } from '../../runtime/controller-loop.ts'
import type { DataDirectories } from '../../runtime/data-directories.ts'
import { GroupCoordinator } from '../../runtime/group-coordinator.ts'
import { MetadataTail } from '../../runtime/metadata-tail.ts'
import { PartitionHost } from '../../runtime/partition-host.ts'
import { PartitionTable } from '../../runtime/partition-table.ts'
import { ProducerIds } from '../../runtime/producer-ids.ts'
import { Purgatory } from '../../runtime/purgatory.ts'
import { Reconciler } from '../../runtime/reconciler.ts'
import { ReplicaMoves } from '../../runtime/replica-moves.ts'
import { RetentionLoop } from '../../runtime/retention-loop.ts'
import { type BrokerServices, ControllerUnavailable } from '../../runtime/services.ts'
import type { BrokerConfig } from '../../spec/config/broker.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { OpenedData } from './open-data.ts'
import type { ServerAdapters } from './server.ts'
import { StartRefusal } from './start-refusal.ts'

/** Between two attempts to open what lacked room. Milliseconds. */
const AGAIN_MS = 5000

export class BrokerNode {
  readonly services: BrokerServices
  readonly #config: BrokerConfigInForce
  readonly #adapters: ServerAdapters
  readonly #data: OpenedData
  readonly #tail: MetadataTail
  readonly #controller: ControllerLoop
  readonly #retention: RetentionLoop
  readonly #groups: GroupCoordinator
  readonly #cleaner: CleanerLoop
  readonly #moves: ReplicaMoves
  readonly #incarnation: string
  #brokerEpoch = -1
  #configTold: BrokerConfig
  #configListener: (config: BrokerConfig) => void = () => {}
  /** For the first application of the metadata only: see Reconciler's `mayCreate`. */
  #directoryMissing = false
  #cancelAgain: Cancel = () => {}

  constructor(config: BrokerConfig, adapters: ServerAdapters, data: OpenedData) {
    this.#config = new BrokerConfigInForce(config, config.nodeId)
    this.#adapters = adapters
    this.#data = data
    this.#configTold = config
    this.#incarnation = uuidFromBytes(adapters.crypto.randomUuid())
    const { clock, observe } = adapters
    const { directories, metaLog, membership } = data
    const self = config.nodeId
    const fatal = (why: unknown) => adapters.fatal(why)
    const table = new PartitionTable(self, () => this.#tail.image)
    this.#moves = new ReplicaMoves({
      table,
      directories,
      clock,
      observe,
      bytesPerSecond: () => this.config.replicaAlterLogDirsIoMaxBytesPerSecond,
      assign: (topicId, partition, directory) => this.#assignDirectory({ topicId, partition, directory }),
      fatal,
    })
    const moves = this.#moves
    const reconciler = new Reconciler({ self, config: this.#config, directories, table, moves, clock, observe })
    this.#tail = new MetadataTail({
      log: metaLog,
      apply: async ({ image, topics, removed }) => {
        await reconciler.apply(image, { topics, removed, mayCreate: !this.#directoryMissing })
        this.#directoryMissing = false
        this.#cancelAgain()
        if (reconciler.isIncomplete) this.#cancelAgain = clock.after(AGAIN_MS, () => this.#tail.applyAgain())
        this.#configApplied()
        this.#groups.applied({ removed })
      },
      observe,
      fatal,
    })
    this.#controller = new ControllerLoop({
      self,
      incarnation: this.#incarnation,
      log: metaLog,
      membership,
      config: new BrokerConfigInForce(config, self),
      whenApplied: offset => this.#tail.whenApplied(offset),
      observe,
      fatal,
    })
    this.#retention = new RetentionLoop({
      clock,
      observe,
      directories,
      table,
      intervalMs: config.logRetentionCheckIntervalMs,
      producerExpiryMs: () => this.config.producerIdExpirationMs,
      fatal,
    })
    this.#cleaner = new CleanerLoop({
      clock,
      directories,
      settings: () => cleanerSettingsOf(this.config),
      fatal,
    })
    const purgatory = new Purgatory(clock)
    const partitions = new PartitionHost({ table, purgatory, clock, directories })
    const image = () => this.#tail.image
    this.#groups = new GroupCoordinator({ config, clock, observe, purgatory, table, partitions, image, fatal })
    this.services = this.#servicesOver(partitions, fatal)
    directories.onFault((directory, fault) => this.#directoryFailed(table, directory, fault))
  }

  /** In force at the metadata that this broker has. */
  get config(): BrokerConfig {
    return this.#config.at(this.#tail.image)
  }

  /** Calls `listener` after each change of the config in force, for as long as the broker lives. */
  onConfig(listener: (config: BrokerConfig) => void): void {
    this.#configListener = listener
  }

  /** Registers this start of the process and applies all metadata. `endpoints` is where clients find the broker. */
  async start(endpoints: readonly BrokerEndpoint[]): Promise<void> {
    const { clusterId, directories, membership } = this.#data
    const { nodeId: self, rack } = this.#config.start
    const before = await this.#tail.load()
    refuseForeign(before.clusterId, clusterId, directories)
    const missing = missingDirectories(before.brokers.get(self)?.directories ?? [], directories)
    this.#directoryMissing = directories.failedAtStart.length > 0 || missing.length > 0
    const incarnation = this.#incarnation
    const present = await membership.register({ brokerId: self, incarnation, registration: new Uint8Array(0) })
    if (present.kind !== 'ok') throw new StartRefusal(`broker ${self} could not register: ${present.kind}`)
    await this.#controller.start()
    this.#tail.start()
    await this.#controller.submit({ type: 'createCluster', clusterId })
    const registration = await this.#controller.submit({
      type: 'registerBroker',
      clusterId,
      brokerId: self,
      incarnation,
      endpoints,
      rack: rack === '' ? null : rack,
      // Else the next start would not know that anything is missing, and make what lies there anew, empty.
      directories: [...directories.ids, ...missing],
      caughtUp: true,
    })
    if (registration.error !== 'NONE') {
      throw new StartRefusal(`broker ${self} could not register: ${registration.message ?? registration.error}`)
    }
    this.#brokerEpoch = registration.brokerEpoch
    this.#retention.start()
    this.#moves.start()
    this.#groups.start()
    if (this.#config.start.logCleanerEnable) this.#cleaner.start()
  }

  async stop(): Promise<void> {
    await this.#groups.stop()
    await this.#moves.stop()
    await this.#cleaner.stop()
    await this.#retention.stop()
    await this.#controller.stop()
    await this.#tail.stop()
    this.#cancelAgain()
  }

  /**
   * Its partitions are out of service until the next start; whoever waits on one is told. Without any directory left there
   * is nothing that this process could do (docs/reliability.md A14).
   */
  #directoryFailed(table: PartitionTable, directory: LogDirectory, fault: DiskFault): void {
    this.#adapters.observe.log('error', 'log-directory.offline', { path: directory.path, reason: fault.message })
    for (const log of [...directory.logs(), ...directory.futures()]) {
      const hosted = table.get(log.id.topicId, log.id.partition)
      // A future counts, and a log does no more, between the last steps of a move.
      if (hosted?.log === log) hosted.close()
    }
    this.#groups.review()
    if (this.#data.directories.online.length === 0) this.#adapters.fatal(fault)
  }

  /** Null: nobody answered, and it is not known whether it is recorded. */
  async #assignDirectory(place: { topicId: Uuid; partition: number; directory: Uuid }): Promise<WireErrorName | null> {
    const { nodeId: brokerId } = this.#config.start
    const brokerEpoch = this.#brokerEpoch
    try {
      return (await this.#controller.submit({ type: 'assignDirectory', brokerId, brokerEpoch, ...place })).error
    } catch (error) {
      if (error instanceof ControllerUnavailable) return null
      throw error
    }
  }

  #configApplied(): void {
    const { config } = this
    if (config === this.#configTold) return
    this.#configTold = config
    this.#configListener(config)
  }

  #servicesOver(partitions: PartitionHost, fatal: (why: unknown) => void): BrokerServices {
    const { clock, observe, random, crypto } = this.#adapters
    const node = this
    const config = this.#config.start
    const producerIds = new ProducerIds(() =>
      this.#controller.submit({
        type: 'allocateProducerIds',
        brokerId: config.nodeId,
        brokerEpoch: this.#brokerEpoch,
      }),
    )
    return {
      nodeId: config.nodeId,
      clusterId: this.#data.clusterId,
      get config() {
        return node.config
      },
      startConfig: config,
      clock,
      random,
      crypto,
      observe,
      partitions,
      places: this.#moves,
      groups: this.#groups,
      sessions: new FetchSessions({ slots: config.maxIncrementalFetchSessionCacheSlots }),
      image: () => this.#tail.image,
      submit: command => this.#controller.submit(command),
      nextProducerId: () => producerIds.next(),
      fatal,
    }
  }
}

function cleanerSettingsOf(config: BrokerConfig): CleanerSettings {
  return {
    backoffMs: config.logCleanerBackoffMs,
    options: {
      mapBytes: config.logCleanerDedupeBufferSize,
      loadFactor: config.logCleanerIoBufferLoadFactor,
      bufferBytes: config.logCleanerIoBufferSize,
      bytesPerSecond: config.logCleanerIoMaxBytesPerSecond,
    },
  }
}

function refuseForeign(known: string | null, clusterId: string, directories: DataDirectories): void {
  if (known !== null && known !== clusterId) {
    throw new StartRefusal(
      `the metadata log is of cluster ${known}, the log directories of ${clusterId}: they do not belong together`,
    )
  }
  const first = known === null ? directories.logs().next() : null
  if (first === null || first.done === true) return
  const { topic, partition } = first.value.id
  throw new StartRefusal(
    `the data directory holds partitions (${topic}-${partition}) but no metadata log: another program wrote it, or its .ottla-metadata files are gone. Start with another --data directory, or put the files back`,
  )
}

/** Directories that this broker had and has not now: what is missing may lie in them, so that nothing is made anew. */
function missingDirectories(had: readonly Uuid[], directories: DataDirectories): readonly Uuid[] {
  return had.filter(id => !directories.ids.includes(id))
}
