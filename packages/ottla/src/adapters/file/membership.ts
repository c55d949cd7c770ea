/**
 * Membership of a broker that is alone: it is always the only member, and wins every campaign. What must outlive the
 * process is the controller epoch, which is higher at each start: kept in a file, durable before it is used.
 */
import type { BrokerId } from '../../base/units.ts'
import type { Disk } from '../../ports/disk.ts'
import type { BrokerPresence, Leadership, Membership, RegisterResult } from '../../ports/membership.ts'
import { MetaLogDamage } from './meta-log.ts'
import { readFile, replaceFile } from './whole-file.ts'

export const CONTROLLER_EPOCH_NAME = '.ottla-controller-epoch'

export class FileMembership implements Membership {
  readonly #disk: Disk
  readonly #directory: string
  readonly #watchers = new Set<() => void>()
  #presence: BrokerPresence | null = null
  #leader: { readonly brokerId: BrokerId; readonly epoch: number } | null = null
  #closed = false

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  async register(presence: BrokerPresence): Promise<RegisterResult> {
    const other = this.#presence
    if (other !== null && other.incarnation !== presence.incarnation) {
      return { kind: 'taken', incarnation: other.incarnation }
    }
    this.#presence = presence
    this.#changed()
    return { kind: 'ok' }
  }

  async alive(): Promise<readonly BrokerPresence[]> {
    return this.#presence === null ? [] : [this.#presence]
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  async campaign(brokerId: BrokerId): Promise<Leadership | null> {
    if (this.#closed) return null
    const epoch = (await this.#lastEpoch()) + 1
    await replaceFile(this.#disk, this.#directory, CONTROLLER_EPOCH_NAME, new TextEncoder().encode(`${epoch}\n`))
    const leader = { brokerId, epoch }
    this.#leader = leader
    this.#changed()
    return {
      epoch,
      valid: () => this.#leader === leader && !this.#closed,
      resign: async () => {
        if (this.#leader !== leader) return
        this.#leader = null
        this.#changed()
      },
    }
  }

  async controller(): Promise<{ readonly brokerId: BrokerId; readonly epoch: number } | null> {
    return this.#leader
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#presence = null
    this.#leader = null
    this.#changed()
    this.#watchers.clear()
  }

  async #lastEpoch(): Promise<number> {
    const bytes = await readFile(this.#disk, `${this.#directory}/${CONTROLLER_EPOCH_NAME}`)
    if (bytes === null) return 0
    const epoch = Number(new TextDecoder().decode(bytes))
    // A metadata log with a higher epoch fences whoever believes less: an unreadable file must not be taken for 0.
    if (!Number.isSafeInteger(epoch) || epoch < 1) {
      throw new MetaLogDamage(
        `${this.#directory}/${CONTROLLER_EPOCH_NAME} does not hold a number; restore it from a copy`,
      )
    }
    return epoch
  }

  #changed(): void {
    for (const changed of this.#watchers) changed()
  }
}
