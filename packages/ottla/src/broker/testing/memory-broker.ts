/**
 * For tests: the whole broker in this process, over memory disk, network and coordination, on a clock that the test moves.
 * Nothing waits for real time but `until`, which gives up after a second: what a bad peer may take at most.
 */
import assert from 'node:assert/strict'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { ManualClock } from '../../adapters/memory/clock.ts'
import { MemoryCoordination } from '../../adapters/memory/coordination.ts'
import { SeededCrypto } from '../../adapters/memory/crypto.ts'
import { MemoryDisk } from '../../adapters/memory/disk.ts'
import { MemoryNet } from '../../adapters/memory/net.ts'
import { CollectingObserve } from '../../adapters/memory/observe.ts'
import { SeededRandom } from '../../adapters/memory/random.ts'
import { type Server, startServer } from '../../apps/server/server.ts'
import type { NetAddress } from '../../ports/net.ts'
import { brokerConfigOf } from '../../spec/config/broker.ts'
import { RawPeer } from './raw-peer.ts'

/** What a bad peer may take at most, in real time. */
const PATIENCE_MS = 1000
/** How far the broker's clock moves on for each turn that is waited for. */
const TURN_MS = 1

/** What outlives a broker: its disk, and the log that its metadata is in. */
interface Kept {
  readonly disk: MemoryDisk
  readonly coordination: MemoryCoordination
  /** Directories below which every operation fails. */
  readonly failing: Set<string>
}

function newKept(): Kept {
  const failing = new Set<string>()
  const disk = new MemoryDisk({
    intercept: ({ path }) => ([...failing].some(directory => path.startsWith(directory)) ? 'EIO' : 'go'),
  })
  return { disk, coordination: new MemoryCoordination(), failing }
}

export class MemoryBroker {
  readonly clock: ManualClock
  readonly observe: CollectingObserve
  readonly fatals: readonly unknown[]
  readonly server: Server
  readonly #net: MemoryNet
  readonly #kept: Kept
  readonly #keys: Readonly<Record<string, string>>

  /** Use `start`. */
  constructor(parts: {
    clock: ManualClock
    server: Server
    net: MemoryNet
    observe: CollectingObserve
    fatals: unknown[]
    kept: Kept
    keys: Readonly<Record<string, string>>
  }) {
    this.clock = parts.clock
    this.server = parts.server
    this.observe = parts.observe
    this.fatals = parts.fatals
    this.#net = parts.net
    this.#kept = parts.kept
    this.#keys = parts.keys
  }

  /** `keys`: config by Kafka's names. One listener, and limits on new connections that tests do not meet by accident. */
  static start(keys: Readonly<Record<string, string>> = {}): Promise<MemoryBroker> {
    return MemoryBroker.#start(keys, newKept())
  }

  /** From now on nothing on the disk below the directory works. */
  failDisk(directory: string): void {
    this.#kept.failing.add(directory)
  }

  /** A clean stop, then a start on the same disk with the same config. */
  async restart(): Promise<MemoryBroker> {
    await this.close()
    return MemoryBroker.#start(this.#keys, this.#kept)
  }

  static async #start(keys: Readonly<Record<string, string>>, kept: Kept): Promise<MemoryBroker> {
    const clock = new ManualClock()
    const observe = new CollectingObserve()
    const fatals: unknown[] = []
    const net = new MemoryNet()
    const { disk, coordination } = kept
    const config = brokerConfigOf({
      'max.connection.creation.rate': '100000',
      'max.connections.per.ip': '10000',
      ...keys,
    })
    const starting = startServer(config, {
      clock,
      observe,
      net,
      random: new SeededRandom(1),
      crypto: new SeededCrypto(1),
      disk,
      hostName: 'localhost',
      openMetadata: async () => ({ log: coordination.metaLog(), membership: coordination.membership() }),
      fatal: why => fatals.push(why),
    })
    let isStarted = false
    const started = starting.finally(() => {
      isStarted = true
    })
    while (!isStarted) {
      clock.advance(TURN_MS)
      await nextLoop()
    }
    return new MemoryBroker({ clock, server: await started, net, observe, fatals, kept, keys })
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
  async until(condition: () => boolean, what = 'what the test waits for'): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS
    while (!condition()) {
      if (performance.now() > giveUpAt) throw new Error(`${what} did not happen within a second`)
      this.clock.advance(TURN_MS)
      await nextLoop()
    }
  }

  /** Runs a promise of the broker or of a peer to its end. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const watched = promise.finally(() => {
      isSettled = true
    })
    watched.catch(() => {})
    await this.until(() => isSettled, 'a promise settling')
    return watched
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
