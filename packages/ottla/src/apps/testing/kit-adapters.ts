/** What a broker in a test process runs on: this machine's clock and loopback, and a disk that is memory unless asked. */
import { MemoryCoordination } from '../../adapters/memory/coordination.ts'
import { MemoryDisk } from '../../adapters/memory/disk.ts'
import { SilentObserve } from '../../adapters/memory/observe.ts'
import { nodeAdapters } from '../server/node-adapters.ts'
import type { ServerAdapters } from '../server/server.ts'
import type { StartBrokerOptions } from './options.ts'

/** `fatal` is told when the broker no longer knows its own state. */
export function kitAdapters(options: StartBrokerOptions, fatal: (why: unknown) => void): ServerAdapters {
  const { log = 'silent', storage } = options
  const writeLog = typeof log === 'function' ? log : (line: string) => void process.stderr.write(`${line}\n`)
  const logLevel = typeof log === 'function' || log === 'silent' ? 'info' : log
  const real = nodeAdapters({ writeLog, logFormat: 'text', logLevel, fatal })
  const observe = log === 'silent' ? new SilentObserve() : real.observe
  if (storage === 'disk') return { ...real, observe }
  const coordination = new MemoryCoordination()
  return {
    ...real,
    observe,
    disk: new MemoryDisk({ preallocates: false, wallMs: () => real.clock.wallMs() }),
    openMetadata: async () => ({ log: coordination.metaLog(), membership: coordination.membership() }),
  }
}
