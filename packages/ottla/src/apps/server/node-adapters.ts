/** The adapters of a broker that runs as a process of its own, on this machine's disk, network and clock. */
import { hostname } from 'node:os'
import { FileMembership } from '../../adapters/file/membership.ts'
import { FileMetaLog } from '../../adapters/file/meta-log.ts'
import { NodeClock } from '../../adapters/node/clock.ts'
import { NodeCrypto } from '../../adapters/node/crypto.ts'
import { NodeDisk } from '../../adapters/node/disk.ts'
import { NodeNet } from '../../adapters/node/net.ts'
import { NodeObserve } from '../../adapters/node/observe.ts'
import { NodeRandom } from '../../adapters/node/random.ts'
import type { LogLevel } from '../../ports/observe.ts'
import type { ServerAdapters } from './server.ts'

export interface NodeAdapterOptions {
  readonly writeLog: (line: string) => void
  readonly logFormat: 'text' | 'json'
  readonly logLevel?: LogLevel
  readonly fatal: (why: unknown) => void
}

export function nodeAdapters(options: NodeAdapterOptions): ServerAdapters {
  const clock = new NodeClock()
  const disk = new NodeDisk()
  const observe = new NodeObserve({
    writeLine: options.writeLog,
    format: options.logFormat,
    level: options.logLevel ?? 'info',
    wallMs: () => clock.wallMs(),
  })
  return {
    clock,
    random: new NodeRandom(),
    crypto: new NodeCrypto(),
    disk,
    net: new NodeNet(),
    observe,
    hostName: hostname(),
    openMetadata: async directory => ({
      log: await FileMetaLog.open(disk, directory),
      membership: new FileMembership(disk, directory),
    }),
    fatal: options.fatal,
  }
}
