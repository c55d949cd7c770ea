/**
 * The network of a world. Every stream is in order and nothing in it is changed; everything else can happen: bytes arrive
 * late and in any pieces, a link stalls, a connection is reset with what was under way, a host dies. Names are not
 * resolved: an address is its port.
 */
import { assert } from '../../base/assert.ts'
import type { Prng } from '../../base/random.ts'
import {
  type Net,
  type NetAddress,
  type NetConnection,
  NetFault,
  type NetListener,
  type NetReceiver,
} from '../../ports/net.ts'
import type { ProcessLife } from './process-life.ts'
import type { Micros, Scheduler } from './scheduler.ts'
import { SimConnection } from './sim-connection.ts'

export interface NetWeather {
  /** Time from one end to the other. */
  readonly delayMin: Micros
  readonly delayMax: Micros
  /** One piece in five is at most this long. Bytes. */
  readonly pieceBytesMax: number
  /** What one direction holds between the two processes before a writer has to wait. Bytes. */
  readonly windowBytes: number
}

type Accept = (connection: NetConnection) => NetReceiver | null

interface Binding {
  readonly host: SimHost
  readonly accept: Accept
}

const FIRST_CHOSEN_PORT = 49_152

export class SimNetwork {
  readonly scheduler: Scheduler
  readonly rng: Prng
  weather: NetWeather
  readonly #bindings = new Map<number, Binding>()
  readonly #connections = new Set<SimConnection>()
  #nextPort = FIRST_CHOSEN_PORT
  #stalledUntil: Micros = 0

  constructor(scheduler: Scheduler, rng: Prng, weather: NetWeather) {
    this.scheduler = scheduler
    this.rng = rng
    this.weather = weather
  }

  /** The network as one process sees it. */
  host(life: ProcessLife): SimHost {
    return new SimHost(this, life)
  }

  /** When what leaves now arrives. Nothing arrives while the network stalls. */
  arrival(): Micros {
    const { delayMin, delayMax } = this.weather
    return Math.max(this.scheduler.now, this.#stalledUntil) + this.rng.int(delayMin, delayMax)
  }

  /** Nothing arrives for `duration`; then everything goes on. */
  stall(duration: Micros): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.scheduler.now + duration)
  }

  /** Ends each open connection with the probability `share`; what was under way is lost. */
  resetSome(share: number): void {
    for (const connection of [...this.#connections]) if (this.rng.chance(share)) connection.reset()
  }

  choosePort(): number {
    return this.#nextPort++
  }

  bind(port: number, binding: Binding): boolean {
    const holder = this.#bindings.get(port)
    if (holder?.host.life.alive === true) return false
    this.#bindings.set(port, binding)
    return true
  }

  unbind(port: number, accept: Accept): void {
    if (this.#bindings.get(port)?.accept === accept) this.#bindings.delete(port)
  }

  /** Who listens there and lives. */
  bindingOf(port: number): Binding | null {
    const binding = this.#bindings.get(port)
    return binding?.host.life.alive === true ? binding : null
  }

  opened(connection: SimConnection): void {
    this.#connections.add(connection)
  }

  ended(connection: SimConnection): void {
    this.#connections.delete(connection)
  }

  /** The process is dead: who is connected to it is told by a reset, when the system notices. */
  processDied(life: ProcessLife): void {
    assert(!life.alive, 'only a dead process loses its connections', {})
    for (const connection of [...this.#connections]) if (connection.life === life) connection.reset()
  }
}

/** The Net port of one process. */
export class SimHost implements Net {
  readonly life: ProcessLife
  readonly #network: SimNetwork

  constructor(network: SimNetwork, life: ProcessLife) {
    this.#network = network
    this.life = life
  }

  async listen(address: NetAddress, accept: Accept): Promise<NetListener> {
    const port = address.port === 0 ? this.#network.choosePort() : address.port
    if (!this.#network.bind(port, { host: this, accept })) {
      throw new NetFault('in-use', `port ${port} is in use`, address)
    }
    return { address: { host: address.host, port }, close: async () => this.#network.unbind(port, accept) }
  }

  connect(
    address: NetAddress,
    { timeoutMs }: { readonly timeoutMs: number },
    receive: (connection: NetConnection) => NetReceiver,
  ): Promise<NetConnection> {
    const { scheduler } = this.#network
    return new Promise((resolve, reject) => {
      const expire = () => reject(new NetFault('timeout', `no connection within ${timeoutMs} ms`, address))
      const cancel = scheduler.after(timeoutMs * 1000, 'net.timeout', this.life.guard(expire))
      const arrive = () => {
        cancel()
        const binding = this.#network.bindingOf(address.port)
        if (binding === null) reject(new NetFault('refused', `nobody listens on port ${address.port}`, address))
        else resolve(this.#open(address, binding, receive))
      }
      const at = this.#network.arrival()
      if (at < scheduler.now + timeoutMs * 1000) scheduler.at(at, 'net.connect', this.life.guard(arrive))
    })
  }

  #open(address: NetAddress, binding: Binding, receive: (connection: NetConnection) => NetReceiver): NetConnection {
    const local = { host: '127.0.0.1', port: this.#network.choosePort() }
    const client = new SimConnection(this.#network, this.life, { local, peer: address })
    const server = new SimConnection(this.#network, binding.host.life, { local: address, peer: local })
    client.pairWith(server)
    client.begin(receive(client))
    const accepted = binding.accept(server)
    if (accepted === null) server.destroy()
    else server.begin(accepted)
    return client
  }
}
