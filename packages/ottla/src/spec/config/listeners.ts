/**
 * Where the broker listens and what it tells clients: `NAME://HOST:PORT` by listener name. Source: Kafka's listeners,
 * advertised.listeners and listener.security.protocol.map (KIP-103).
 */

/** What is spoken on a listener. TLS and SASL come with the security release. */
export type SecurityProtocol = 'PLAINTEXT'

export interface Listener {
  /** Upper case; clients never see it, they see the address of the listener they came by. */
  readonly name: string
  /** Listening: empty means every interface. Advertised: empty means this machine's own name. */
  readonly host: string
  /** 0 to 65,535. Listening: 0 lets the system choose. Advertised: 0 means the port that was chosen. */
  readonly port: number
  readonly protocol: SecurityProtocol
}

export interface Listeners {
  readonly listeners: readonly Listener[]
  /** One for each listener, in the same order. */
  readonly advertised: readonly Listener[]
}

export interface ListenerTexts {
  readonly listeners: readonly string[]
  readonly advertised: readonly string[]
  readonly protocols: readonly string[]
  /** Names in controller.listener.names: Ottla needs no such listener, so they are left out. */
  readonly controllerNames: readonly string[]
}

export type Complain = (key: string, given: string, allowed: string, next: string) => void
interface Endpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

const LISTENER_FORM = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9A-Fa-f:.%]+)\]|([^:/[\]]*)):(\d{1,5})$/
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/i

/** Problems go to `complain`; what is returned is whole only when there were none. */
export function readListeners(texts: ListenerTexts, complain: Complain): Listeners {
  const protocols = readProtocols(texts.protocols, complain)
  const skipped = new Set(texts.controllerNames.map(name => name.toUpperCase()))
  const readable = readEndpoints('listeners', texts.listeners, complain)
  const bound = readable.filter(each => !skipped.has(each.name))
  const told = readEndpoints('advertised.listeners', texts.advertised, complain).filter(each => !skipped.has(each.name))
  refuseSharedPorts(bound, complain)
  if (bound.length === 0 && readable.length > 0) {
    complain(
      'listeners',
      texts.listeners.join(','),
      'no listener for clients is left',
      'add one, as in PLAINTEXT://127.0.0.1:9092',
    )
  }
  for (const endpoint of told) {
    if (!bound.some(each => each.name === endpoint.name)) {
      complain(
        'advertised.listeners',
        show(endpoint),
        `there is no listener named ${endpoint.name}`,
        'name one of listeners',
      )
    } else if (isEveryInterface(endpoint.host)) {
      complain(
        'advertised.listeners',
        show(endpoint),
        'clients cannot connect to "every interface"',
        'give a host that clients can reach',
      )
    }
  }
  const listeners = bound.map(each => ({ ...each, protocol: protocolOf(each, protocols, complain) }))
  const advertised = listeners.map(listener => {
    const endpoint = told.find(each => each.name === listener.name)
    return endpoint === undefined
      ? { ...listener, host: isEveryInterface(listener.host) ? '' : listener.host }
      : { ...listener, ...endpoint }
  })
  return { listeners, advertised }
}

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/** `PLAINTEXT://127.0.0.1:9092`, with brackets around IPv6. */
export function show(endpoint: Endpoint): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  return `${endpoint.name}://${host}:${endpoint.port}`
}

function readEndpoints(key: string, items: readonly string[], complain: Complain): Endpoint[] {
  const endpoints: Endpoint[] = []
  for (const item of items) {
    const match = LISTENER_FORM.exec(item)
    const port = Number(match?.[4])
    if (match === null || port > 65_535) {
      complain(
        key,
        item,
        'allowed: NAME://HOST:PORT with a port from 0 to 65535',
        'write it as in PLAINTEXT://127.0.0.1:9092',
      )
      continue
    }
    const name = match[1]!.toUpperCase()
    if (endpoints.some(each => each.name === name)) {
      complain(
        key,
        item,
        `the name ${name} is used twice`,
        'give each listener a name of its own, and list it in listener.security.protocol.map',
      )
      continue
    }
    endpoints.push({ name, host: match[2] ?? match[3] ?? '', port })
  }
  return endpoints
}

/** NAME -> protocol, both upper case. */
function readProtocols(items: readonly string[], complain: Complain): Map<string, string> {
  const protocols = new Map<string, string>()
  for (const item of items) {
    const [name, protocol, ...rest] = item.split(':').map(part => part.trim().toUpperCase())
    if (!name || !protocol || rest.length > 0) {
      complain('listener.security.protocol.map', item, 'allowed: NAME:PROTOCOL', 'write it as in INTERNAL:PLAINTEXT')
    } else {
      protocols.set(name, protocol)
    }
  }
  return protocols
}

function protocolOf(endpoint: Endpoint, protocols: ReadonlyMap<string, string>, complain: Complain): SecurityProtocol {
  const protocol = protocols.get(endpoint.name)
  if (protocol === undefined) {
    complain(
      'listeners',
      show(endpoint),
      `listener.security.protocol.map does not say what ${endpoint.name} speaks`,
      `add ${endpoint.name}:PLAINTEXT to it`,
    )
  } else if (protocol !== 'PLAINTEXT') {
    complain(
      'listeners',
      show(endpoint),
      `${endpoint.name} maps to ${protocol}, which this release does not speak`,
      'use a PLAINTEXT listener on an address that only trusted machines reach',
    )
  }
  return 'PLAINTEXT'
}

function refuseSharedPorts(endpoints: readonly Endpoint[], complain: Complain): void {
  const seen = new Set<string>()
  for (const endpoint of endpoints) {
    const address = `${endpoint.host.toLowerCase()}:${endpoint.port}`
    if (endpoint.port !== 0 && seen.has(address)) {
      complain(
        'listeners',
        show(endpoint),
        'another listener has the same address',
        'give each listener a port of its own',
      )
    }
    seen.add(address)
  }
}

function isEveryInterface(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}
