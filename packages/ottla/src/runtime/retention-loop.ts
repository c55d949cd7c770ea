/** Looks for segments to delete every `log.retention.check.interval.ms`, and forgets producers that fell silent. */
import type { Millis } from '../base/units.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import { DiskFault } from '../ports/disk.ts'
import type { Observe } from '../ports/observe.ts'
import type { DataDirectories } from './data-directories.ts'
import type { PartitionTable } from './partition-table.ts'

export interface RetentionParts {
  readonly clock: Clock
  readonly observe: Observe
  readonly directories: DataDirectories
  readonly table: PartitionTable
  readonly intervalMs: Millis
  /** As it is in force when it is asked. */
  readonly producerExpiryMs: () => Millis
  readonly fatal: (why: unknown) => void
}

export class RetentionLoop {
  readonly #parts: RetentionParts
  #timer: Cancel = () => {}
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  start(): void {
    if (this.#stopped) return
    this.#timer = this.#parts.clock.after(this.#parts.intervalMs, () => {
      this.#running = this.#round().then(() => this.start(), this.#parts.fatal)
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer()
    await this.#running
  }

  async #round(): Promise<void> {
    const { clock, directories, table, observe, producerExpiryMs } = this.#parts
    // Each is a disk of its own: one that is slow holds up no other.
    const runs = directories.online.map(async directory => {
      try {
        await directory.runRetention(clock.wallMs())
      } catch (fault) {
        if (!(fault instanceof DiskFault)) throw fault
        observe.log('error', 'log.retention-failed', { path: directory.path, reason: fault.message })
      }
    })
    await Promise.all(runs)
    for (const { state } of table) state.producers.expire(clock.monoMs(), producerExpiryMs())
  }
}
