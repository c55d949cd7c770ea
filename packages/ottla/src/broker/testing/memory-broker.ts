/**
 * For tests: the whole broker in this process, over memory disk, network and coordination, on a clock that the test moves.
 * Nothing waits for real time but `until`, which gives up after a second: what a bad peer may take at most.
 */
import assert from 'node:assert/strict'
import { ManualClock } from '../../adapters/memory/clock.ts'
import { MemoryCoordination } from '../../adapters/memory/coordination.ts'
import { SeededCrypto } from '../../adapters/memory/crypto.ts'
import { type CrashKind, MemoryDisk, type MemoryDiskOptions } from '../../adapters/memory/disk.ts'
import { MemoryNet } from '../../adapters/memory/net.ts'
import { CollectingObserve } from '../../adapters/memory/observe.ts'
import { SeededRandom } from '../../adapters/memory/random.ts'
import { Turns } from '../../adapters/memory/turns.ts'
import { type Server, startServer } from '../../apps/server/server.ts'
import { Prng } from '../../base/random.ts'
import type { Membership } from '../../ports/membership.ts'
import type { MetaLog } from '../../ports/meta-log.ts'
import type { NetAddress } from '../../ports/net.ts'
import { brokerConfigOf } from '../../spec/config/broker.ts'
import { RawPeer } from './raw-peer.ts'

/** What a bad peer may take at most, in real time: a busy machine has turns of a second. */
const PATIENCE_MS = 10_000

/** Disk and coordination, for one broker after the other. */
export class MemoryWorld {
  readonly #failing = new Set<string>()
  disk: MemoryDisk
  readonly coordination = new MemoryCoordination()
  /** Of the broker that runs. */
  membership: Membership | null = null
  starts = 0
  /** While false, nothing is appended to the metadata log, and whoever appends is not told. */
  metadataAnswers = true

  constructor(options: MemoryDiskOptions = {}) {
    this.disk = new MemoryDisk(this.#withFailures(options))
  }

  /** From now on nothing on the disk below the directory works. */
  failDisk(directory: string): void {
    this.#failing.add(directory)
  }

  /** Takes `failDisk` back: what was written before is there. */
  healDisk(directory: string): void {
    this.#failing.delete(directory)
  }

  /** The broker that runs is no more: it is not to be closed. The next one finds what survived. */
  async crash(kind: CrashKind, options: MemoryDiskOptions = {}): Promise<void> {
    this.disk = this.disk.crash(kind, new Prng(this.starts), this.#withFailures(options))
    await this.membership?.close()
  }

  metaLog(): MetaLog {
    const log = this.coordination.metaLog()
    return {
      append: async (epoch, head, records) =>
        this.metadataAnswers ? log.append(epoch, head, records) : { kind: 'unknown' },
      read: from => log.read(from),
      watch: changed => log.watch(changed),
      writeSnapshot: snapshot => log.writeSnapshot(snapshot),
      close: () => log.close(),
    }
  }

  #withFailures(options: MemoryDiskOptions): MemoryDiskOptions {
    return {
      ...options,
      intercept: operation => {
        for (const directory of this.#failing) if (operation.path.startsWith(directory)) return 'EIO'
        return options.intercept?.(operation) ?? 'go'
      },
    }
  }
}

export class MemoryBroker {
  readonly clock: ManualClock
  readonly observe: CollectingObserve
  readonly fatals: readonly unknown[]
  readonly server: Server
  readonly #net: MemoryNet
  readonly #turns: Turns
  readonly #world: MemoryWorld
  readonly #keys: Readonly<Record<string, string>>

  /** Use `start`. */
  constructor(parts: {
    clock: ManualClock
    server: Server
    net: MemoryNet
    observe: CollectingObserve
    fatals: unknown[]
    world: MemoryWorld
    keys: Readonly<Record<string, string>>
  }) {
    this.clock = parts.clock
    this.server = parts.server
    this.observe = parts.observe
    this.fatals = parts.fatals
    this.#net = parts.net
    this.#turns = new Turns(parts.clock, PATIENCE_MS)
    this.#world = parts.world
    this.#keys = parts.keys
  }

  /**
   * `keys`: config by Kafka's names. One listener, and limits on new connections that tests do not meet by accident.
   * `world`: what outlives a broker.
   */
  static async start(keys: Readonly<Record<string, string>> = {}, world = new MemoryWorld()): Promise<MemoryBroker> {
    const clock = new ManualClock()
    const observe = new CollectingObserve()
    const fatals: unknown[] = []
    const net = new MemoryNet()
    const { coordination, disk } = world
    const membership = coordination.membership()
    world.membership = membership
    const seed = ++world.starts
    const config = brokerConfigOf({
      'max.connection.creation.rate': '100000',
      'max.connections.per.ip': '10000',
      ...keys,
    })
    const starting = startServer(config, {
      clock,
      observe,
      net,
      random: new SeededRandom(seed),
      crypto: new SeededCrypto(seed),
      disk,
      hostName: 'localhost',
      openMetadata: async () => ({ log: world.metaLog(), membership }),
      fatal: why => fatals.push(why),
    })
    const server = await new Turns(clock, Number.POSITIVE_INFINITY).settled(starting)
    return new MemoryBroker({ clock, server, net, observe, fatals, world, keys })
  }

  /** A clean stop, then a start on the same disk with the same config. */
  async restart(): Promise<MemoryBroker> {
    await this.close()
    return MemoryBroker.start(this.#keys, this.#world)
  }

  /** From now on nothing on the disk below the directory works. */
  failDisk(directory: string): void {
    this.#world.failDisk(directory)
  }

  /** Of the first listener. */
  get address(): NetAddress {
    return this.#addressOf(null)
  }

  /** A new connection, with nothing sent on it. */
  async connect(listener: string | null = null): Promise<RawPeer> {
    const peer = new RawPeer(condition => this.until(condition))
    await this.#net.connect(this.#addressOf(listener), { timeoutMs: 1000 }, connection => peer.attach(connection))
    return peer
  }

  #addressOf(listener: string | null): NetAddress {
    const { addresses } = this.server
    const address = listener === null ? addresses.values().next().value : addresses.get(listener)
    assert.ok(address !== undefined, 'the broker listens')
    return address
  }

  /** Lets everything run until the condition holds; fails after a second of real time. */
  until(condition: () => boolean, what?: string): Promise<void> {
    return this.#turns.until(condition, what)
  }

  /** Runs a promise of the broker or of a peer to its end. */
  settled<T>(promise: Promise<T>): Promise<T> {
    return this.#turns.settled(promise)
  }

  /** Ends the broker, and fails when it lost track of its own state meanwhile. */
  async close(): Promise<void> {
    await this.settled(this.server.close())
    assert.deepEqual(this.fatals, [])
  }
}

/** Runs a test with a broker of its own. */
export async function withBroker(
  run: (broker: MemoryBroker) => Promise<void>,
  keys?: Readonly<Record<string, string>>,
): Promise<void> {
  const broker = await MemoryBroker.start(keys)
  try {
    await run(broker)
  } finally {
    await broker.close()
  }
}
