/**
 * One broker, put together: log directories recovered, metadata read, listeners bound, registered, served; and taken
 * apart in the opposite order. The same code runs in production, in a test process and in the simulator; only the
 * adapters differ.
 */
import { uuidFromBytes } from '../../base/uuid.ts'
import { brokerApis } from '../../broker/api/broker-apis.ts'
import { BrokerNet } from '../../broker/net/broker-net.ts'
import { netLimitsOf } from '../../broker/net/limits.ts'
import { FetchSessions } from '../../core/access/fetch-sessions.ts'
import type { BrokerEndpoint } from '../../core/metadata/image.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Crypto } from '../../ports/crypto.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Membership } from '../../ports/membership.ts'
import type { MetaLog } from '../../ports/meta-log.ts'
import type { Net, NetAddress } from '../../ports/net.ts'
import type { Observe } from '../../ports/observe.ts'
import type { Random } from '../../ports/random.ts'
import { ControllerLoop } from '../../runtime/controller-loop.ts'
import type { DataDirectories } from '../../runtime/data-directories.ts'
import { MetadataTail } from '../../runtime/metadata-tail.ts'
import { PartitionHost } from '../../runtime/partition-host.ts'
import { PartitionTable } from '../../runtime/partition-table.ts'
import { ProducerIds } from '../../runtime/producer-ids.ts'
import { Purgatory } from '../../runtime/purgatory.ts'
import { Reconciler } from '../../runtime/reconciler.ts'
import { RetentionLoop } from '../../runtime/retention-loop.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import type { BrokerConfig } from '../../spec/config/broker.ts'
import { openData } from './open-data.ts'
import { StartRefusal } from './start-refusal.ts'

/** How long requests that were begun may go on at a stop. */
const STOP_GRACE_MS = 5_000

export interface ServerAdapters {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly disk: Disk
  readonly net: Net
  readonly observe: Observe
  /** What this machine calls itself: told to clients where a listener is on every interface and nothing is advertised. */
  readonly hostName: string
  /** The metadata log and membership of a broker that is alone, kept in `directory`, which is locked by then. */
  openMetadata(directory: string): Promise<{ readonly log: MetaLog; readonly membership: Membership }>
  /** The process no longer knows its own state and must end; nothing is answered any more. */
  fatal(why: unknown): void
}

export interface Server {
  readonly clusterId: string
  /** Where each listener is bound, with the ports that the system chose. */
  readonly addresses: ReadonlyMap<string, NetAddress>
  readonly services: BrokerServices
  /** A clean stop: requests in work are answered, everything is synced. Safe to call twice. */
  close(): Promise<void>
}

/** Resolves when the broker serves. Rejects with a StartRefusal, a NetFault or a DiskFault that says what to do. */
export async function startServer(config: BrokerConfig, adapters: ServerAdapters): Promise<Server> {
  const closers: (() => Promise<void>)[] = []
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    return await start(config, adapters, closers, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function start(
  config: BrokerConfig,
  adapters: ServerAdapters,
  closers: (() => Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<Server> {
  const { clock, observe, net } = adapters
  const self = config.nodeId
  const fatal = (why: unknown) => adapters.fatal(why)
  const brokerNet = new BrokerNet({ net, clock, observe, apis: brokerApis(), limits: netLimitsOf(config) })
  closers.push(() => brokerNet.close({ graceMs: STOP_GRACE_MS }))
  const addresses = await bind(config, brokerNet)

  const data = await openData(config, adapters)
  closers.push(() => data.close())
  const { directories, metaLog, membership, clusterId } = data
  const table = new PartitionTable(self, () => tail.image)
  const reconciler = new Reconciler({ self, config, directories, table, clock, observe })
  let mayCreate = true
  const tail = new MetadataTail({
    log: metaLog,
    apply: async ({ image, topics, removed }) => {
      await reconciler.apply(image, { topics, removed, mayCreate })
      mayCreate = true
    },
    fatal,
  })
  const before = await tail.load()
  refuseForeign(before.clusterId, clusterId, directories)
  mayCreate = !isDirectoryMissing(before.brokers.get(self)?.directories ?? [], directories)

  const incarnation = uuidFromBytes(adapters.crypto.randomUuid())
  const controller = new ControllerLoop({
    self,
    incarnation,
    log: metaLog,
    membership,
    rules: config,
    whenApplied: offset => tail.whenApplied(offset),
    observe,
    fatal,
  })
  const registered = await membership.register({ brokerId: self, incarnation, registration: new Uint8Array(0) })
  if (registered.kind !== 'ok') throw new StartRefusal(`broker ${self} could not register: ${registered.kind}`)
  await controller.start()
  tail.start()
  closers.push(() => tail.stop())
  closers.push(() => controller.stop())
  await controller.submit({ type: 'createCluster', clusterId })
  const registration = await controller.submit({
    type: 'registerBroker',
    clusterId,
    brokerId: self,
    incarnation,
    endpoints: endpointsOf(config, addresses, adapters.hostName),
    rack: config.rack === '' ? null : config.rack,
    directories: directories.ids,
    caughtUp: true,
  })
  if (registration.error !== 'NONE')
    throw new StartRefusal(`broker ${self} could not register: ${registration.message}`)

  const { brokerEpoch } = registration
  const producerIds = new ProducerIds(() =>
    controller.submit({ type: 'allocateProducerIds', brokerId: self, brokerEpoch }),
  )
  const services: BrokerServices = {
    nodeId: self,
    clusterId,
    config,
    clock,
    random: adapters.random,
    crypto: adapters.crypto,
    observe,
    partitions: new PartitionHost({ table, purgatory: new Purgatory(clock), clock, room: directories }),
    sessions: new FetchSessions({ slots: config.maxIncrementalFetchSessionCacheSlots }),
    image: () => tail.image,
    submit: command => controller.submit(command),
    nextProducerId: () => producerIds.next(),
    fatal,
  }
  const retention = new RetentionLoop({
    clock,
    observe,
    directories,
    table,
    intervalMs: config.logRetentionCheckIntervalMs,
    producerExpiryMs: config.producerIdExpirationMs,
    fatal,
  })
  retention.start()
  closers.push(() => retention.stop())
  // Last in, first out: connections end before what answers them does.
  closers.push(() => brokerNet.close({ graceMs: STOP_GRACE_MS }))
  brokerNet.serve(services)
  return { clusterId, addresses, services, close: closeAll }
}

async function bind(config: BrokerConfig, brokerNet: BrokerNet): Promise<ReadonlyMap<string, NetAddress>> {
  const addresses = new Map<string, NetAddress>()
  for (const listener of config.listeners) addresses.set(listener.name, await brokerNet.listen(listener))
  return addresses
}

/** An advertised port of 0 stands for the port that the system chose. */
function endpointsOf(
  config: BrokerConfig,
  addresses: ReadonlyMap<string, NetAddress>,
  hostName: string,
): BrokerEndpoint[] {
  return config.advertisedListeners.map(({ name, host, port, protocol }) => ({
    listener: name,
    host: host === '' ? hostName : host,
    port: port === 0 ? (addresses.get(name)?.port ?? 0) : port,
    securityProtocol: protocol,
  }))
}

function refuseForeign(known: string | null, clusterId: string, directories: DataDirectories): void {
  if (known !== null && known !== clusterId) {
    throw new StartRefusal(
      `the metadata log is of cluster ${known}, the log directories of ${clusterId}; they do not belong together`,
    )
  }
  const first = known === null ? directories.logs().next() : null
  if (first !== null && first.done !== true) {
    const { topic, partition } = first.value.id
    throw new StartRefusal(
      `the data directory holds partitions (${topic}-${partition}) but no metadata log; another program wrote it, or the metadata files were removed. Nothing was changed. Start with another --data directory, or put the .ottla-metadata files back`,
    )
  }
}

/** A directory that this broker had is not there now: what is missing may lie in it, so that nothing is made anew. */
function isDirectoryMissing(had: readonly string[], directories: DataDirectories): boolean {
  return directories.failedAtStart > 0 || had.some(id => !directories.ids.includes(id))
}
