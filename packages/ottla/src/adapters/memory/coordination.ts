/**
 * A metadata log and a membership that several brokers of one process share: the test kit's, and the simulator's model of
 * a coordination engine. Nothing of it survives the process.
 */
import { assert } from '../../base/assert.ts'
import type { BrokerId } from '../../base/units.ts'
import type { BrokerPresence, Leadership, Membership, RegisterResult } from '../../ports/membership.ts'
import type { MetaAppendResult, MetaEntry, MetaLog, MetaOffset, MetaSnapshot } from '../../ports/meta-log.ts'

interface Candidate {
  readonly brokerId: BrokerId
  readonly win: (leadership: Leadership | null) => void
  readonly owner: MemoryMembership
}

/** The engine. Each broker gets its own view by `metaLog` and `membership`. */
export class MemoryCoordination {
  readonly entries: MetaEntry[] = []
  snapshot: MetaSnapshot | null = null
  head: MetaOffset = 0
  epoch = 0
  leader: { readonly brokerId: BrokerId; readonly epoch: number; readonly owner: MemoryMembership } | null = null
  readonly present = new Map<BrokerId, BrokerPresence>()
  readonly #candidates: Candidate[] = []
  readonly #logWatchers = new Set<() => void>()
  readonly #memberWatchers = new Set<() => void>()

  metaLog(): MetaLog {
    return new MemoryMetaLog(this)
  }

  membership(): Membership {
    return new MemoryMembership(this)
  }

  watchLog(changed: () => void): () => void {
    this.#logWatchers.add(changed)
    return () => this.#logWatchers.delete(changed)
  }

  watchMembers(changed: () => void): () => void {
    this.#memberWatchers.add(changed)
    return () => this.#memberWatchers.delete(changed)
  }

  logChanged(): void {
    for (const changed of this.#logWatchers) changed()
  }

  membersChanged(): void {
    for (const changed of this.#memberWatchers) changed()
  }

  stand(candidate: Candidate): void {
    this.#candidates.push(candidate)
    this.elect()
  }

  /** The first who waits becomes controller when there is none. */
  elect(): void {
    if (this.leader !== null) return
    const next = this.#candidates.shift()
    if (next === undefined) return
    this.epoch += 1
    const leader = { brokerId: next.brokerId, epoch: this.epoch, owner: next.owner }
    this.leader = leader
    next.win({
      epoch: leader.epoch,
      valid: () => this.leader === leader,
      resign: async () => this.depose(leader.owner),
    })
    this.membersChanged()
  }

  depose(owner: MemoryMembership): void {
    if (this.leader?.owner !== owner) return
    this.leader = null
    this.membersChanged()
    this.elect()
  }

  withdraw(owner: MemoryMembership): void {
    for (let i = this.#candidates.length - 1; i >= 0; i--) {
      const candidate = this.#candidates[i] as Candidate
      if (candidate.owner !== owner) continue
      this.#candidates.splice(i, 1)
      candidate.win(null)
    }
  }
}

class MemoryMetaLog implements MetaLog {
  readonly #engine: MemoryCoordination
  readonly #stops: (() => void)[] = []

  constructor(engine: MemoryCoordination) {
    this.#engine = engine
  }

  async append(epoch: number, expectedHead: MetaOffset, records: readonly Uint8Array[]): Promise<MetaAppendResult> {
    assert(records.length > 0, 'an entry has records')
    const engine = this.#engine
    if (epoch < engine.epoch) return { kind: 'fenced', epoch: engine.epoch }
    if (expectedHead !== engine.head) return { kind: 'conflict', head: engine.head }
    engine.epoch = epoch
    engine.entries.push({ offset: engine.head, epoch, records: records.map(record => record.slice()) })
    engine.head += 1
    engine.logChanged()
    return { kind: 'ok', head: engine.head }
  }

  async read(
    from: MetaOffset,
  ): Promise<{ snapshot: MetaSnapshot | null; entries: readonly MetaEntry[]; head: MetaOffset }> {
    const { entries, snapshot, head } = this.#engine
    const below = snapshot !== null && from < snapshot.endOffset
    return { snapshot: below ? snapshot : null, entries: entries.filter(entry => entry.offset >= from), head }
  }

  watch(changed: () => void): () => void {
    const stop = this.#engine.watchLog(changed)
    this.#stops.push(stop)
    return stop
  }

  async writeSnapshot(snapshot: MetaSnapshot): Promise<void> {
    const engine = this.#engine
    assert(snapshot.endOffset <= engine.head, 'a snapshot is of what was appended', { head: engine.head })
    if (snapshot.endOffset <= (engine.snapshot?.endOffset ?? 0)) return
    engine.snapshot = { ...snapshot, records: snapshot.records.map(record => record.slice()) }
    const firstKept = engine.entries.findIndex(entry => entry.offset >= snapshot.endOffset)
    engine.entries.splice(0, firstKept === -1 ? engine.entries.length : firstKept)
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
  }
}

class MemoryMembership implements Membership {
  readonly #engine: MemoryCoordination
  readonly #stops: (() => void)[] = []
  #mine: BrokerPresence | null = null
  #closed = false

  constructor(engine: MemoryCoordination) {
    this.#engine = engine
  }

  async register(presence: BrokerPresence): Promise<RegisterResult> {
    const other = this.#engine.present.get(presence.brokerId)
    if (other !== undefined && other.incarnation !== presence.incarnation) {
      return { kind: 'taken', incarnation: other.incarnation }
    }
    this.#mine = presence
    this.#engine.present.set(presence.brokerId, presence)
    this.#engine.membersChanged()
    return { kind: 'ok' }
  }

  async alive(): Promise<readonly BrokerPresence[]> {
    return [...this.#engine.present.values()].sort((a, b) => a.brokerId - b.brokerId)
  }

  watch(changed: () => void): () => void {
    const stop = this.#engine.watchMembers(changed)
    this.#stops.push(stop)
    return stop
  }

  campaign(brokerId: BrokerId): Promise<Leadership | null> {
    if (this.#closed) return Promise.resolve(null)
    return new Promise(win => this.#engine.stand({ brokerId, win, owner: this }))
  }

  async controller(): Promise<{ readonly brokerId: BrokerId; readonly epoch: number } | null> {
    const { leader } = this.#engine
    return leader === null ? null : { brokerId: leader.brokerId, epoch: leader.epoch }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#mine !== null) this.#engine.present.delete(this.#mine.brokerId)
    this.#engine.withdraw(this)
    this.#engine.depose(this)
    this.#engine.membersChanged()
    for (const stop of this.#stops) stop()
  }
}
