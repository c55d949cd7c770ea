/**
 * One broker, put together: log directories recovered, metadata read, listeners bound, registered, served; and taken
 * apart in the opposite order. The same code runs in production, in a test process and in the simulator; only the
 * adapters differ.
 */
import { brokerApis } from '../../broker/api/broker-apis.ts'
import { BrokerNet } from '../../broker/net/broker-net.ts'
import { netLimitsOf } from '../../broker/net/limits.ts'
import type { BrokerEndpoint } from '../../core/metadata/image.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Crypto } from '../../ports/crypto.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Membership } from '../../ports/membership.ts'
import type { MetaLog } from '../../ports/meta-log.ts'
import type { Net, NetAddress } from '../../ports/net.ts'
import type { Observe } from '../../ports/observe.ts'
import type { Random } from '../../ports/random.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import type { BrokerConfig } from '../../spec/config/broker.ts'
import { BrokerNode } from './broker-node.ts'
import { openData } from './open-data.ts'

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
  /** A clean stop: requests in work are answered, everything is synced. Later calls wait for the first. */
  close(): Promise<void>
}

/** Resolves when the broker serves. Rejects with a StartRefusal, a NetFault or a DiskFault that says what to do. */
export async function startServer(config: BrokerConfig, adapters: ServerAdapters): Promise<Server> {
  const closers: Closer[] = []
  let closing: Promise<void> | null = null
  const closeAll = () => {
    closing ??= closeEach(closers)
    return closing
  }
  try {
    return await start(config, adapters, closers, closeAll)
  } catch (error) {
    await closeAll().catch(reason => adapters.observe.log('error', 'start.not-undone', { reason: String(reason) }))
    throw error
  }
}

type Closer = () => Promise<void>

/** The newest first. One that fails keeps none of the others from closing, and is told in the end. */
async function closeEach(closers: readonly Closer[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closers.toReversed()) await close().catch(error => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

async function start(
  config: BrokerConfig,
  adapters: ServerAdapters,
  closers: Closer[],
  closeAll: Closer,
): Promise<Server> {
  const { clock, observe, net } = adapters
  const brokerNet = new BrokerNet({ net, clock, observe, apis: brokerApis(), limits: netLimitsOf(config) })
  closers.push(() => brokerNet.close({ graceMs: 0 }))
  const addresses = await bind(config, brokerNet)
  const data = await openData(config, adapters)
  closers.push(() => data.close())
  const node = new BrokerNode(config, adapters, data)
  closers.push(() => node.stop())
  node.onConfig(changed => brokerNet.limit(netLimitsOf(changed)))
  await node.start(endpointsOf(config, addresses, adapters.hostName))
  // Last in, first out: connections end before what answers them does.
  closers.push(() => brokerNet.close({ graceMs: STOP_GRACE_MS }))
  brokerNet.serve(node.services)
  return { clusterId: data.clusterId, addresses, services: node.services, close: closeAll }
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
