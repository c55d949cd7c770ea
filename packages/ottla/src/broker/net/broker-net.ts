/**
 * The broker's side of the network: its listeners and all connections. Binds early, so that a port in use is known
 * before a data directory is touched, and serves once the services are there; connections that come in between wait.
 */
import { assert } from '../../base/assert.ts'
import { Reader, Writer } from '../../base/cursor.ts'
import type { Millis } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Net, NetAddress, NetConnection, NetListener, NetReceiver } from '../../ports/net.ts'
import type { Observe } from '../../ports/observe.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import { FrameMemory } from '../../wire/frame-memory.ts'
import type { ApiTable } from '../api/api-table.ts'
import { Admissions } from './admission.ts'
import { Connection } from './connection.ts'
import type { ConnectionShared } from './connection-shared.ts'
import { type NetLimits, SWEEP_MS } from './limits.ts'
import { NetMeter } from './net-meter.ts'
import { WaitingConnection } from './waiting-connection.ts'

export interface BrokerNetEnv {
  readonly net: Net
  readonly clock: Clock
  readonly observe: Observe
  readonly apis: ApiTable
  readonly limits: NetLimits
}

export class BrokerNet {
  readonly #env: BrokerNetEnv
  readonly #meter: NetMeter
  readonly #admissions: Admissions
  readonly #listeners: NetListener[] = []
  readonly #connections = new Set<Connection>()
  /** Connections accepted before their turn, or before there were services. */
  readonly #waiting = new Set<WaitingConnection>()
  readonly #memory = new FrameMemory()
  #shared: ConnectionShared | null = null
  #cancelSweep: (() => void) | null = null
  #lastId = 0
  #closing: Promise<void> | null = null
  #allClosed: (() => void) | null = null

  constructor(env: BrokerNetEnv) {
    this.#env = env
    this.#meter = new NetMeter(env.observe)
    this.#admissions = new Admissions(env.limits)
  }

  /** Connections open now, those that wait for their turn included. */
  get connectionCount(): number {
    return this.#connections.size + this.#waiting.size
  }

  /** Binds; gives the address with the port that the system chose. Rejects with a NetFault. */
  async listen(listener: { readonly name: string; readonly host: string; readonly port: number }): Promise<NetAddress> {
    const bound = await this.#env.net.listen(listener, connection => this.#accept(connection, listener.name))
    this.#listeners.push(bound)
    return bound.address
  }

  /** Other limits for connections that come from now on; those that are open keep to what they began with. */
  limit(limits: NetLimits): void {
    this.#admissions.limit(limits)
  }

  /** From now on requests are answered. */
  serve(services: BrokerServices): void {
    assert(this.#shared === null, 'services are given once')
    this.#shared = {
      services,
      apis: this.#env.apis,
      limits: this.#env.limits,
      memory: this.#memory,
      meter: this.#meter,
      reader: new Reader(),
      writer: new Writer(),
    }
    for (const waiting of this.#waiting) waiting.tryStart()
    this.#scheduleSweep()
  }

  /**
   * Stops accepting, answers the requests begun, then closes; after `graceMs` closes whatever is left. Resolves when
   * every port is free and every connection is gone. Later calls wait for the first.
   */
  close(options: { readonly graceMs: Millis }): Promise<void> {
    this.#closing ??= this.#close(options.graceMs)
    return this.#closing
  }

  async #close(graceMs: Millis): Promise<void> {
    this.#cancelSweep?.()
    for (const waiting of this.#waiting) waiting.destroy()
    for (const connection of this.#connections) connection.finish()
    const cancelGrace = this.#env.clock.after(graceMs, () => this.#destroyAll())
    const gone = new Promise<void>(resolve => {
      this.#allClosed = resolve
    })
    this.#noteGone()
    await Promise.all([...this.#listeners.map(listener => listener.close()), gone])
    cancelGrace()
  }

  #destroyAll(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  #accept(net: NetConnection, listener: string): NetReceiver | null {
    const admission =
      this.#closing !== null
        ? { kind: 'refused' as const, why: 'the broker is stopping' }
        : this.#admissions.enter(net.peer.host, this.#env.clock.monoMs())
    if (admission.kind === 'refused') {
      this.#meter.refused()
      const peer = `${net.peer.host}:${net.peer.port}`
      this.#env.observe.log('warn', 'connection.refused', { why: admission.why, listener, peer })
      return null
    }
    this.#meter.accepted()
    const receiver = new WaitingConnection(net, {
      start: () => this.#start(receiver, net, listener),
      isReady: () => this.#shared !== null,
      gone: () => {
        this.#waiting.delete(receiver)
        this.#left(net.peer.host)
      },
    })
    this.#waiting.add(receiver)
    net.pause()
    receiver.waitFor(admission.waitMs, this.#env.clock)
    return receiver
  }

  #start(waiting: WaitingConnection, net: NetConnection, listener: string): Connection {
    const shared = this.#shared
    assert(shared !== null, 'connections start when there are services')
    this.#waiting.delete(waiting)
    const host = net.peer.host
    const connection = new Connection(shared, net, {
      id: ++this.#lastId,
      listener,
      onEnd: ended => {
        this.#connections.delete(ended)
        this.#left(host)
      },
    })
    this.#connections.add(connection)
    net.resume()
    return connection
  }

  #left(host: string): void {
    this.#admissions.leave(host)
    this.#meter.gone()
    this.#noteGone()
  }

  #noteGone(): void {
    if (this.connectionCount === 0) this.#allClosed?.()
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#env.clock.after(SWEEP_MS, () => {
      const now = this.#env.clock.monoMs()
      for (const connection of this.#connections) connection.sweep(now)
      this.#scheduleSweep()
    })
  }
}
