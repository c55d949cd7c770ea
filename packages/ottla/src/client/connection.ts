/**
 * One connection to one broker: requests out, replies matched to them, in order. Many requests may be out at once. Knows
 * the versions that both sides can. Does not reconnect, retry or choose brokers.
 *
 * Any failure ends the connection as a whole, because what follows a reply that was not understood, or never came,
 * cannot be told from it: everything still out fails with an error that names the layer.
 */
import { assert } from '../base/assert.ts'
import { DecodeError, Reader, responseLimits, Writer } from '../base/cursor.ts'
import type { Millis } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Net, NetAddress, NetConnection, NetFault, NetReceiver } from '../ports/net.ts'
import type { AnyApi, Api } from '../wire/api.ts'
import { FrameMemory } from '../wire/frame-memory.ts'
import { FrameReader, type FrameSink } from '../wire/frame-reader.ts'
import { decodeCorrelationId, decodeResponseHeaderRest, encodeRequestHeader } from '../wire/header.ts'
import { ConnectionError, connectionErrorOf } from './connection-error.ts'
import { commonVersion, negotiate, type VersionRange } from './negotiation.ts'

/** A correlation id: nothing shorter is a reply. Bytes. */
const REPLY_BYTES_MIN = 4
/** Larger than any reply that a broker's limits allow. Bytes. */
const REPLY_BYTES_MAX = 512 * 1024 * 1024

export interface ClientEnv {
  readonly net: Net
  readonly clock: Clock
}

export interface ConnectOptions {
  readonly clientId: string
  /** Name and version that the broker is told; letters, digits, dots and dashes. */
  readonly software?: { readonly name: string; readonly version: string }
  /** For the whole of connecting, negotiation included. */
  readonly connectTimeoutMs?: Millis
  /** For each request, from when it is sent; `request` may say otherwise. */
  readonly requestTimeoutMs?: Millis
}

export interface RequestOptions {
  /** Else the highest that both sides know. */
  readonly version?: number
  readonly timeoutMs?: Millis
}

const CONNECT_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000

/** A request that is out. */
interface Pending {
  readonly api: AnyApi
  readonly version: number
  readonly correlationId: number
  readonly deadlineMs: Millis
  readonly decode: (r: Reader, version: number) => unknown
  readonly resolve: (response: unknown) => void
  readonly reject: (error: Error) => void
}

// Sending and receiving never wait in the middle of a message, so all connections of a process share these.
const memory = new FrameMemory()
const writer = new Writer()
const reader = new Reader(undefined, responseLimits)

/** Resolves when connected and when versions are negotiated. Rejects with a ConnectionError. */
export async function connectTo(env: ClientEnv, address: NetAddress, options: ConnectOptions): Promise<Connection> {
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
  const deadlineMs = env.clock.monoMs() + timeoutMs
  const connection = new Connection(env, address, options)
  try {
    await env.net.connect(address, { timeoutMs }, net => connection.attach(net))
  } catch (fault) {
    throw connectionErrorOf(fault, address, 'cannot connect')
  }
  try {
    connection.versions = await negotiate(connection, {
      software: options.software ?? { name: 'ottla', version: '0' },
      timeoutMs: Math.max(1, deadlineMs - env.clock.monoMs()),
    })
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

export class Connection implements NetReceiver, FrameSink {
  readonly address: NetAddress
  /** What the broker offers, by API key. Empty until negotiated. */
  versions: ReadonlyMap<number, VersionRange> = new Map()
  readonly #clock: Clock
  readonly #clientId: string
  readonly #requestTimeoutMs: Millis
  readonly #frames: FrameReader
  readonly #pending: Pending[] = []
  readonly #closeListeners = new Set<(error: ConnectionError) => void>()
  #net: NetConnection | null = null
  #lastCorrelationId = 0
  #error: ConnectionError | null = null
  #cancelDeadline: (() => void) | null = null
  #deadlineMs: Millis = Number.POSITIVE_INFINITY

  /** Use `connectTo`. */
  constructor(env: ClientEnv, address: NetAddress, options: ConnectOptions) {
    this.address = address
    this.#clock = env.clock
    this.#clientId = options.clientId
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
    this.#frames = new FrameReader(this, {
      memory,
      minFrameBytes: REPLY_BYTES_MIN,
      maxFrameBytes: REPLY_BYTES_MAX,
      retain: true,
    })
  }

  /** False once it ended for any reason. */
  get isOpen(): boolean {
    return this.#error === null && this.#net !== null
  }

  /** Why it ended, or null. */
  get error(): ConnectionError | null {
    return this.#error
  }

  /** Requests without a reply. */
  get pendingCount(): number {
    return this.#pending.length
  }

  /** Bytes sent that the system has not taken yet: what to pace by. */
  get bufferedBytes(): number {
    return this.#net?.bufferedBytes ?? 0
  }

  /** Calls `listener` once when the connection ends, or soon when it has ended. */
  onClose(listener: (error: ConnectionError) => void): () => void {
    this.#closeListeners.add(listener)
    if (this.#error !== null) Promise.resolve(this.#error).then(error => this.#tell(listener, error))
    return () => {
      this.#closeListeners.delete(listener)
    }
  }

  /** The highest version that both sides know. Throws a ConnectionError when there is none. */
  versionOf(api: AnyApi): number {
    const version = commonVersion(api, this.versions.get(api.key))
    if (version !== null) return version
    const offered = this.versions.get(api.key)
    const theirs = offered === undefined ? 'it offers none' : `it offers ${offered.min} to ${offered.max}`
    throw new ConnectionError(
      'version',
      this.address,
      `no common version of ${api.name}: we know ${api.min} to ${api.max}, ${theirs}`,
    )
  }

  /** Sends a request; resolves with its reply. Views in the reply stay valid. Rejects with a ConnectionError. */
  request<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, body: QI, options: RequestOptions = {}): Promise<R> {
    return new Promise((resolve, reject) => {
      this.send(api, body, {
        ...options,
        decode: (r, version) => api.decodeResponse(r, version),
        resolve: response => resolve(response as R),
        reject,
      })
    })
  }

  /** Sends a request that has no reply (Produce with acks=0); resolves when its bytes have left this process. */
  notify<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, body: QI, options: RequestOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const net = this.#openNet(reject)
      if (net === null) return
      const version = options.version ?? this.versionOf(api)
      net.write(this.#encode(api, version, body, this.#nextCorrelationId()), () => {
        if (this.#error === null) resolve()
        else reject(this.#error)
      })
    })
  }

  /** As `request`, with another way to read the reply: for negotiation, where its version is not the one asked for. */
  send<Q, QI, R, RI>(
    api: Api<Q, QI, R, RI>,
    body: QI,
    options: RequestOptions & Pick<Pending, 'decode' | 'resolve' | 'reject'>,
  ): void {
    const net = this.#openNet(options.reject)
    if (net === null) return
    const version = options.version ?? this.versionOf(api)
    const correlationId = this.#nextCorrelationId()
    const chunks = this.#encode(api, version, body, correlationId)
    const { decode, resolve, reject } = options
    const deadlineMs = this.#clock.monoMs() + (options.timeoutMs ?? this.#requestTimeoutMs)
    this.#pending.push({ api, version, correlationId, deadlineMs, decode, resolve, reject })
    this.#watch(deadlineMs)
    net.write(chunks)
  }

  /** Ends the connection; what is out fails. */
  close(): void {
    this.#fail(new ConnectionError('given-up', this.address, 'the connection was closed'))
  }

  /** Takes the socket over. */
  attach(net: NetConnection): NetReceiver {
    assert(this.#net === null, 'a connection has one socket')
    this.#net = net
    return this
  }

  space(): Uint8Array {
    return this.#frames.space()
  }

  received(count: number): void {
    if (this.#error !== null) return
    const outcome = this.#frames.received(count)
    if (outcome === 'fault')
      this.#fail(new ConnectionError('protocol', this.address, `unreadable reply: ${this.#frames.fault}`))
  }

  drained(): void {
    // Whoever sends much looks at `bufferedBytes`.
  }

  closed(fault: NetFault | null): void {
    if (fault === null) this.#fail(new ConnectionError('closed', this.address, 'the connection was closed'))
    else this.#fail(connectionErrorOf(fault, this.address, 'the connection failed'))
  }

  mayTake(): boolean {
    return this.#error === null
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    try {
      this.#answer(reader.reset(bytes, start, end))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#fail(new ConnectionError('protocol', this.address, `unreadable reply: ${error.message}`))
    }
  }

  #answer(r: Reader): void {
    const correlationId = decodeCorrelationId(r)
    const pending = this.#pending[0]
    if (pending?.correlationId !== correlationId) {
      const due = pending === undefined ? 'none is due' : `${pending.correlationId} is due`
      r.fail(`reply to request ${correlationId}, ${due}`)
    }
    decodeResponseHeaderRest(r, pending.api, pending.version)
    const response = pending.decode(r, pending.version)
    if (r.remaining > 0) r.fail(`${r.remaining} bytes too many`)
    this.#pending.shift()
    pending.resolve(response)
  }

  #openNet(reject: (error: Error) => void): NetConnection | null {
    if (this.#error !== null) {
      reject(this.#error)
      return null
    }
    assert(this.#net !== null, 'a connection is used when it is open')
    return this.#net
  }

  #nextCorrelationId(): number {
    this.#lastCorrelationId = (this.#lastCorrelationId + 1) & 0x7fff_ffff
    return this.#lastCorrelationId
  }

  #encode(api: AnyApi, version: number, body: unknown, correlationId: number): Uint8Array[] {
    const message = writer.begin()
    encodeRequestHeader(message, api, { apiKey: api.key, apiVersion: version, correlationId, clientId: this.#clientId })
    api.encodeRequest(message, version, body)
    return message.finish()
  }

  /** One timer for all requests: for the earliest deadline. */
  #watch(deadlineMs: Millis): void {
    if (deadlineMs >= this.#deadlineMs) return
    this.#cancelDeadline?.()
    this.#deadlineMs = deadlineMs
    this.#cancelDeadline = this.#clock.after(deadlineMs - this.#clock.monoMs(), () => {
      this.#cancelDeadline = null
      this.#deadlineMs = Number.POSITIVE_INFINITY
      this.#checkDeadlines()
    })
  }

  #checkDeadlines(): void {
    const now = this.#clock.monoMs()
    const late = this.#pending.find(pending => pending.deadlineMs <= now)
    if (late !== undefined) {
      this.#fail(new ConnectionError('no-reply', this.address, `${late.api.name} was not answered in time`))
      return
    }
    for (const pending of this.#pending) this.#watch(pending.deadlineMs)
  }

  #fail(error: ConnectionError): void {
    if (this.#error !== null) return
    this.#error = error
    this.#cancelDeadline?.()
    this.#frames.discard()
    this.#net?.destroy()
    for (const pending of this.#pending.splice(0)) pending.reject(error)
    for (const listener of [...this.#closeListeners]) this.#tell(listener, error)
  }

  #tell(listener: (error: ConnectionError) => void, error: ConnectionError): void {
    if (this.#closeListeners.delete(listener)) listener(error)
  }
}
