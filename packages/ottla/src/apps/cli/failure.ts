/**
 * How a command fails: one clear line on stderr (what failed, where, why), perhaps a second with what to do next, and an
 * exit code. A stack is for Bugs only: whoever sees one should send it to us.
 */
import { MetaLogDamage } from '../../adapters/file/meta-log.ts'
import { OutputClosed } from '../../adapters/node/terminal.ts'
import { ConnectionError } from '../../client/connection-error.ts'
import { ReadGap } from '../../client/partition-reader.ts'
import { ProduceFailure } from '../../client/produce-failure.ts'
import { WireFailure } from '../../client/wire-failure.ts'
import { DiskFault } from '../../ports/disk.ts'
import { NetFault } from '../../ports/net.ts'
import { UsageErrors } from '../../spec/config/usage.ts'
import { StorageRefusal } from '../../storage/env.ts'
import { BatchError, CompressionError } from '../../wire/batch/errors.ts'
import { StartRefusal } from '../server/start-refusal.ts'

/** Exit codes. `bug` is EX_SOFTWARE of sysexits(3). */
export const Failure = { failed: 1, usage: 2, partial: 3, bug: 70 } as const

/** A command that failed in a way that its own code understood. */
export class CommandError extends Error {
  readonly exitCode: number
  /** What to try next; null when the message says it. */
  readonly next: string | null

  constructor(message: string, exitCode: number = Failure.failed, next: string | null = null) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
    this.next = next
  }
}

export interface FailureReport {
  /** One or more lines without the last end; empty when there is nobody left to read. */
  readonly text: string
  readonly exitCode: number
}

/** Writes the line, or lines, and returns the exit code. */
export function report(error: unknown): number {
  const { text, exitCode } = describe(error)
  process.stderr.write(`${text}\n`)
  return exitCode
}

export function describe(error: unknown): FailureReport {
  // `ottla consume x | head` has done its work.
  if (error instanceof OutputClosed) return { text: '', exitCode: 0 }
  if (error instanceof CommandError) return told(error, error.next, error.exitCode)
  if (isFromClient(error)) return told(error, nextStep(error), Failure.failed)
  return describeStart(error)
}

function told(error: Error, next: string | null, exitCode: number): FailureReport {
  return { text: `ottla: ${error.message}${next === null ? '' : `\nnext: ${next}`}`, exitCode }
}

function isFromClient(error: unknown): error is Error {
  const kinds = [ConnectionError, WireFailure, ProduceFailure, ReadGap, BatchError, CompressionError]
  return kinds.some(kind => error instanceof kind)
}

function nextStep(error: unknown): string | null {
  if (error instanceof ConnectionError) {
    if (error.layer === 'refused') return 'ottla start; or name another broker with --bootstrap-server HOST:PORT'
    return error.layer === 'dns' ? 'name the broker with --bootstrap-server HOST:PORT' : null
  }
  if (error instanceof WireFailure) {
    if (error.errorName === 'UNKNOWN_TOPIC_OR_PARTITION') return 'ottla topic list'
    return error.errorName === 'TOPIC_ALREADY_EXISTS' ? 'ottla topic describe NAME; or add --if-not-exists' : null
  }
  if (error instanceof ProduceFailure) {
    return error.outcome === 'unknown'
      ? 'the record may be in the topic all the same: read it before sending it again'
      : nextStep(error.cause)
  }
  return error instanceof ReadGap ? 'begin elsewhere, as with --offset start' : null
}

function describeStart(error: unknown): FailureReport {
  if (error instanceof UsageErrors) {
    const lines = error.message.split('\n').map(line => `ottla: config: ${line}`)
    return { text: lines.join('\n'), exitCode: Failure.usage }
  }
  if (error instanceof StartRefusal || error instanceof StorageRefusal || error instanceof MetaLogDamage) {
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
