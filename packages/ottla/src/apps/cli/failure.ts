/**
 * How a command fails: one clear line on stderr (what failed, where, why, what to do), and an exit code. A stack is for
 * Bugs only: whoever sees one should send it to us.
 */
import { DiskFault } from '../../ports/disk.ts'
import { NetFault } from '../../ports/net.ts'
import { UsageErrors } from '../../spec/config/usage.ts'
import { StorageRefusal } from '../../storage/env.ts'
import { StartRefusal } from '../server/start-refusal.ts'

/** Exit codes. `bug` is EX_SOFTWARE of sysexits(3). */
export const Failure = { failed: 1, usage: 2, partial: 3, bug: 70 } as const

/** A command that failed in a way that its own code understood. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = Failure.failed) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

/** Writes the line, or lines, and returns the exit code. */
export function report(error: unknown): number {
  const { text, exitCode } = describe(error)
  process.stderr.write(`${text}\n`)
  return exitCode
}

function describe(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof UsageErrors) {
    const lines = error.message.split('\n').map(line => `ottla: config: ${line}`)
    return { text: lines.join('\n'), exitCode: Failure.usage }
  }
  if (error instanceof CommandError) return { text: `ottla: ${error.message}`, exitCode: error.exitCode }
  if (error instanceof StartRefusal || error instanceof StorageRefusal) {
    return { text: `ottla: cannot start: ${error.message}`, exitCode: Failure.failed }
  }
  if (error instanceof NetFault) return { text: `ottla: ${netAdvice(error)}`, exitCode: Failure.failed }
  if (error instanceof DiskFault) return { text: `ottla: ${error.path}: ${error.message}`, exitCode: Failure.failed }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { text: `ottla: a bug, please report it:\n${stack}`, exitCode: Failure.bug }
}

function netAdvice(fault: NetFault): string {
  const { address } = fault
  const where = address === null ? 'the network' : `${address.host === '' ? '*' : address.host}:${address.port}`
  switch (fault.layer) {
    case 'in-use':
      return `port ${where} is in use by another process; stop it, or choose another one with --port (0: any free one)`
    case 'denied':
      return `${where}: not allowed to listen there; ports below 1024 need privileges, choose another one with --port`
    case 'unreachable':
      return `${where} is no address of this machine; check listeners`
    case 'dns':
      return `${where}: the host name is not known; check listeners`
    default:
      return `${where}: ${fault.message}`
  }
}
