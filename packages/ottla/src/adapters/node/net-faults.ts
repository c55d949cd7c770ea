/** Errors of node:net and node:dns as the layer that failed. */
import { type NetAddress, NetFault, type NetFaultLayer } from '../../ports/net.ts'

const layers: Readonly<Record<string, NetFaultLayer>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ENODATA: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  EADDRINUSE: 'in-use',
  EACCES: 'denied',
  EPERM: 'denied',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
}

export function netFaultOf(error: Error, address: NetAddress | null): NetFault {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return new NetFault(layers[code] ?? 'local', error.message, address)
}
