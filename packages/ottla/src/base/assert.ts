/**
 * Assertions that stay on in production. An assertion is about our own work: a client's bytes earn a WireError and a
 * disk's bytes a DiskFault, never an assertion. A failed one means that the program no longer knows its own state, so
 * the process stops (apps/server) and recovery reads the log again.
 */

export type Fields = Readonly<Record<string, unknown>>

/** A broken promise of our own code. Nothing but a process's last handler may catch it. */
export class Bug extends Error {
  readonly fields: Fields

  constructor(message: string, fields: Fields = {}) {
    super(`${message}${describe(fields)}`)
    this.name = 'Bug'
    this.fields = fields
  }
}

export function assert(condition: boolean, message: string, fields?: Fields): asserts condition {
  if (!condition) throw new Bug(message, fields)
}

/** For the default of an exhaustive switch: a type error when a case is missing, a Bug when data lied. */
export function unreachable(value: never): never {
  throw new Bug('unreachable case', { value })
}

function describe(fields: Fields): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner))
}
