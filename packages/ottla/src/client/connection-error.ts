/** What can go wrong with a connection, by the layer that failed, said so that a person knows what to look at next. */
import { type NetAddress, NetFault, type NetFaultLayer } from '../ports/net.ts'

/**
 * A layer of the network (ports/net), or of the protocol above it:
 * - `no-reply`: connected, but a request was not answered in time;
 * - `protocol`: what came back is no Kafka reply, or not the one that was due;
 * - `version`: the two sides know no common version of an API;
 * - `closed`: the other side ended the connection while a request was out;
 * - `given-up`: this side did, or uses what it has closed.
 */
export type ConnectionErrorLayer = NetFaultLayer | 'no-reply' | 'protocol' | 'version' | 'closed' | 'given-up'

const HINTS: Readonly<Record<ConnectionErrorLayer, string>> = {
  dns: 'the name is not known: check its spelling',
  refused: 'nothing listens there: check that the broker runs, and its port',
  unreachable: 'there is no way to that address from here: check the network',
  timeout: 'nothing answered the attempt to connect: check the address and firewalls',
  'in-use': 'the address is in use',
  denied: 'the system does not allow it',
  reset: 'the other side broke the connection off: look at its log',
  local: 'the system could not do it: check limits such as open files',
  'no-reply': 'the broker is overloaded or stuck: look at its log',
  protocol: 'is this the port of a Kafka listener without TLS?',
  version: 'client and broker are too far apart in age',
  closed: 'the broker closed it: look at its log',
  'given-up': 'this program ended it',
}

/** Layers where the same request may well succeed on a new connection. */
const RETRIABLE: ReadonlySet<ConnectionErrorLayer> = new Set([
  'refused',
  'unreachable',
  'timeout',
  'reset',
  'no-reply',
  'closed',
])

export class ConnectionError extends Error {
  readonly layer: ConnectionErrorLayer
  readonly address: NetAddress

  /** `what`: what was tried and how it ended, as a clause; address and hint are added. */
  constructor(layer: ConnectionErrorLayer, address: NetAddress, what: string) {
    super(`${showAddress(address)}: ${what} (${HINTS[layer]})`)
    this.name = 'ConnectionError'
    this.layer = layer
    this.address = address
  }

  get retriable(): boolean {
    return RETRIABLE.has(this.layer)
  }
}

export function connectionErrorOf(fault: unknown, address: NetAddress, what: string): ConnectionError {
  if (fault instanceof ConnectionError) return fault
  if (fault instanceof NetFault) return new ConnectionError(fault.layer, address, `${what}: ${fault.message}`)
  throw fault
}

/** `host:port`, with brackets around IPv6. */
export function showAddress({ host, port }: NetAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
