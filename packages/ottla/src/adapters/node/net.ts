/**
 * TCP by node:net. Bytes are received straight into the receiver's own memory (`onread`), which moves twice what the
 * usual 'data' events do; an accepted socket gets there through its private handle, tried once at the first connection.
 * Where that fails, or a socket has no such handle, bytes are copied from 'data' events: slower, the same in effect.
 */
import { lookup } from 'node:dns/promises'
import { createServer, type Server, Socket } from 'node:net'
import {
  type Net,
  type NetAddress,
  type NetConnection,
  NetFault,
  type NetListener,
  type NetReceiver,
} from '../../ports/net.ts'
import { NodeConnection } from './connection.ts'
import { netFaultOf } from './net-faults.ts'

/** Connections that the system holds before they are accepted. */
const BACKLOG = 1024

/** The addresses of a host, at least one. */
type Lookup = (host: string) => Promise<readonly string[]>

export class NodeNet implements Net {
  readonly #lookup: Lookup

  constructor(options: { readonly lookup?: Lookup } = {}) {
    this.#lookup = options.lookup ?? lookupAll
  }

  listen(address: NetAddress, accept: (connection: NetConnection) => NetReceiver | null): Promise<NetListener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true, noDelay: true }, socket => take(socket, accept))
      const fail = (error: Error) => reject(netFaultOf(error, address))
      server.once('error', fail)
      const host = address.host === '' ? undefined : address.host
      server.listen({ port: address.port, host, backlog: BACKLOG }, () => {
        server.off('error', fail)
        // What may fail later is one accept: the descriptor table is full. The connection is lost, the listener lives.
        server.on('error', () => {})
        resolve(listenerOf(server, address))
      })
    })
  }

  async connect(
    address: NetAddress,
    options: { readonly timeoutMs: number },
    receive: (connection: NetConnection) => NetReceiver,
  ): Promise<NetConnection> {
    const deadline = performance.now() + options.timeoutMs
    const hosts = await this.#resolve(address, options.timeoutMs)
    // `localhost` is often two addresses, of which a broker listens on one. Each gets its share of the time.
    for (let i = 0; ; i++) {
      const shareMs = (deadline - performance.now()) / (hosts.length - i)
      try {
        return await dial(address, hosts[i] as string, { ...options, shareMs }, receive)
      } catch (fault) {
        if (i === hosts.length - 1 || !(fault instanceof NetFault)) throw fault
      }
    }
  }

  /** A name is looked up first, so that a failure says that it was the name. */
  async #resolve(address: NetAddress, timeoutMs: number): Promise<readonly string[]> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new NetFault('dns', `the name ${address.host} was not resolved within ${timeoutMs} ms`, address))
      }, timeoutMs)
    })
    try {
      return await Promise.race([this.#lookup(address.host), late])
    } catch (error) {
      throw error instanceof NetFault ? error : netFaultOf(error as Error, address)
    } finally {
      clearTimeout(timer)
    }
  }
}

async function lookupAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

function dial(
  address: NetAddress,
  host: string,
  { timeoutMs, shareMs }: { readonly timeoutMs: number; readonly shareMs: number },
  receive: (connection: NetConnection) => NetReceiver,
): Promise<NetConnection> {
  return new Promise((resolve, reject) => {
    const connection = new NodeConnection()
    const socket = new Socket({ onread: connection.onread })
    const timer = setTimeout(
      () => {
        socket.destroy()
        reject(new NetFault('timeout', `no connection to ${show(address)} within ${timeoutMs} ms`, address))
      },
      Math.max(0, shareMs),
    )
    const fail = (error: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(netFaultOf(error, address))
    }
    socket.once('error', fail)
    socket.setNoDelay(true)
    socket.connect({ host, port: address.port }, () => {
      clearTimeout(timer)
      socket.off('error', fail)
      connection.open(socket, true, receive)
      resolve(connection)
    })
  })
}

function take(socket: Socket, accept: (connection: NetConnection) => NetReceiver | null): void {
  const connection = new NodeConnection()
  const own = withOnread(socket, connection)
  if (!connection.open(own ?? socket, own !== null, accept)) (own ?? socket).destroy()
}

/** Whether the private handle of an accepted socket can be given to another; null until tried. */
let handleMoves: boolean | null = null

/**
 * A socket over the accepted one's handle that reads into the receiver's memory; null where Node does not allow it any
 * more, and the accepted one is as it was.
 */
function withOnread(accepted: Socket, connection: NodeConnection): Socket | null {
  const holder = accepted as unknown as { _handle: unknown }
  const handle = holder._handle
  if (handleMoves === false || handle === null || typeof handle !== 'object') return null
  try {
    holder._handle = null
    const options = { handle, onread: connection.onread, pauseOnCreate: true }
    const socket = new Socket(options as unknown as { onread: typeof connection.onread })
    const moved = (socket as unknown as { _handle: unknown })._handle === handle
    handleMoves ??= moved
    if (moved) return socket
  } catch {
    handleMoves = false
  }
  holder._handle = handle
  return null
}

function listenerOf(server: Server, asked: NetAddress): NetListener {
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : asked.port
  return {
    address: { host: asked.host, port },
    // The callback of `close` waits for connections, and would wait for ever for those whose handle moved. The port is
    // free once the listening handle is closed, which Node does in the turn after this one.
    close: () =>
      new Promise(resolve => {
        server.close()
        setImmediate(resolve)
      }),
  }
}

function show(address: NetAddress): string {
  return `${address.host}:${address.port}`
}
