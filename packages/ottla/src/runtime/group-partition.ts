/**
 * The groups of one partition of __consumer_offsets that this broker leads, in one term of it: the host that
 * core/group/classic.ts describes. Which partitions there are and which group belongs to which is group-coordinator.ts's.
 */
import { assert } from '../base/assert.ts'
import { planted } from '../base/planted.ts'
import type { LeaderEpoch } from '../base/units.ts'
import { decide } from '../core/group/classic.ts'
import type { GroupContext, GroupEvent, GroupRules, Reply, ReplyBody, RequestEvent } from '../core/group/events.ts'
import { evolve, replay } from '../core/group/evolve.ts'
import { type Group, isGone, type OpenGroup, openGroup } from '../core/group/group.ts'
import { invariants } from '../core/group/invariants.ts'
import { isDurable } from '../core/group/records.ts'
import { abandon, coordinatorError, refuse } from '../core/group/refusal.ts'
import { type ListedGroup, listGroup } from '../core/group/views.ts'
import type { MetadataImage } from '../core/metadata/image.ts'
import type { Clock } from '../ports/clock.ts'
import type { WireErrorName } from '../spec/errors.ts'
import { readGroups } from './group-loading.ts'
import { GroupLog, type GroupLogParts } from './group-log.ts'
import { orphansOf } from './group-orphans.ts'
import { GroupTimers } from './group-timers.ts'
import type { HostedPartition } from './hosted-partition.ts'
import type { GroupRead } from './services.ts'
import { nextTurn } from './turns.ts'

/** Groups and offsets looked at before others get their turn. */
const LOOKS_PER_TURN = 5000

export interface GroupPartitionParts extends GroupLogParts {
  readonly clock: Clock
  readonly rules: GroupRules
  /** `offsets.load.buffer.size` */
  readonly loadBufferBytes: number
  /** The partition is not to be had any more: somebody should look. */
  readonly onLost: () => void
  readonly fatal: (why: unknown) => void
}

interface HostedGroup {
  readonly group: OpenGroup
  readonly timers: GroupTimers
}

/** A request that is not answered yet. */
interface Waiting {
  readonly event: RequestEvent
  readonly answer: (body: ReplyBody) => void
}

/**
 * - loading: groups are being read, and told so one by one; nobody is answered from them.
 * - serving.
 * - failed: what the log holds cannot be understood; an operator has to look.
 * - left: the term is over here. For ever.
 */
type Phase = 'loading' | 'serving' | 'failed' | 'left'

export class GroupPartition {
  readonly hosted: HostedPartition
  /** Of the term that this is for. */
  readonly leaderEpoch: LeaderEpoch
  readonly #parts: GroupPartitionParts
  readonly #log: GroupLog
  readonly #groups = new Map<string, HostedGroup>()
  readonly #waiting = new Map<number, Waiting>()
  #phase: Phase = 'loading'

  constructor(parts: GroupPartitionParts, hosted: HostedPartition) {
    this.#parts = parts
    this.hosted = hosted
    this.leaderEpoch = hosted.state.leaderEpoch
    this.#log = new GroupLog(parts, hosted)
  }

  /** The term goes on, and the partition can be read and written. */
  get isCurrent(): boolean {
    return !this.#log.isGone && this.hosted.state.leaderEpoch === this.leaderEpoch
  }

  /** Reads the groups. Rejects as `readGroups`; then there is nothing left of it but to call `fail` or `leave`. */
  async load(): Promise<void> {
    const { clock, loadBufferBytes } = this.#parts
    const isWanted = () => this.#phase === 'loading'
    const { log } = this.hosted
    if (log.startOffset < log.endOffset && !planted('offsets-not-reloaded')) {
      await readGroups(this.hosted, { clock, bufferBytes: loadBufferBytes, isWanted }, ({ groupId, record }) => {
        const hosted = this.#groups.get(groupId) ?? this.#newGroup(groupId)
        replay(hosted.group, record)
        this.#keep(hosted)
      })
    }
    await this.#eachGroup(groupId => this.#welcome(groupId))
    if (isWanted()) this.#phase = 'serving'
  }

  /** What the log holds could not be understood. */
  fail(): void {
    if (this.#phase === 'loading') this.#phase = 'failed'
    this.#groups.clear()
  }

  /** `answer` is called once, maybe at once. Runs up to the append before it returns. */
  ask(groupId: string, event: RequestEvent, answer: (body: ReplyBody) => void): void {
    const refusal = this.#refusal()
    if (refusal !== null) {
      // Its group is still being read, and will know it: a member that gave up now would only make a rebalance.
      const isPatient = refusal === 'COORDINATOR_LOAD_IN_PROGRESS' && event.type === 'heartbeat'
      answer(isPatient ? { type: 'heartbeat', error: 'NONE' } : refuse(event, refusal).body)
      return
    }
    this.#waiting.set(event.request, { event, answer })
    this.#run(groupId, event)
  }

  /** Answers a request that waits, if it still does, as one that has come to the wrong broker. Its member stays. */
  giveUp(request: number): void {
    const waiting = this.#waiting.get(request)
    if (waiting !== undefined) this.#answer(refuse(waiting.event, 'NOT_COORDINATOR'), 'NONE')
  }

  read<T>(groupId: string, view: (group: Group | null) => T): Promise<GroupRead<T>> {
    return this.#whenDurable(() => view(this.#groups.get(groupId)?.group ?? null))
  }

  list(): Promise<GroupRead<readonly ListedGroup[]>> {
    return this.#whenDurable(() => [...this.#groups.values()].map(({ group }) => listGroup(group)))
  }

  /** Drops offsets of topics that are not in the image, and with `expire` those that nobody needs any more. */
  async sweep(image: () => MetadataImage, { expire }: { readonly expire: boolean }): Promise<void> {
    if (this.#phase !== 'serving') return
    await this.#eachGroup(groupId => {
      const hosted = this.#groups.get(groupId)
      const partitions = hosted === undefined ? null : orphansOf(hosted.group, image())
      if (partitions !== null) this.#run(groupId, { type: 'partitionsDeleted', partitions })
      if (expire && this.#groups.has(groupId)) this.#run(groupId, { type: 'expireOffsets' })
    })
  }

  /** The term is over, or the broker stops: everybody who waits is told, and nothing is left running. */
  leave(): void {
    if (this.#phase === 'left') return
    this.#phase = 'left'
    for (const { group, timers } of this.#groups.values()) {
      timers.cancelAll()
      for (const reply of abandon(group, 'NOT_COORDINATOR')) this.#answer(reply, 'NONE')
    }
    this.#groups.clear()
    for (const request of [...this.#waiting.keys()]) this.giveUp(request)
    this.#log.end()
  }

  /** Why this is no time to ask, or null. */
  #refusal(): Exclude<WireErrorName, 'NONE'> | null {
    switch (this.#phase) {
      case 'loading':
        return 'COORDINATOR_LOAD_IN_PROGRESS'
      case 'serving':
        return null
      case 'failed':
      case 'left':
        return 'NOT_COORDINATOR'
    }
  }

  /** Decides and carries out one event. */
  #run(groupId: string, event: GroupEvent): void {
    const hosted = this.#groups.get(groupId) ?? this.#newGroup(groupId)
    const decision = decide(hosted.group, event, this.#context())
    const error = this.#log.append(groupId, decision.records.filter(isDurable))
    if (error !== 'NONE' && decision.ifRefused === 'drop') {
      if ('request' in event) this.#answer(refuse(event, coordinatorError(error)), 'NONE')
      this.#lookAfter(error)
      return
    }
    for (const record of decision.records) evolve(hosted.group, record)
    hosted.timers.apply(decision.timers)
    this.#keep(hosted)
    this.#reply(decision.replies)
    this.#lookAfter(error)
  }

  #reply(replies: readonly Reply[]): void {
    const held: Reply[] = []
    for (const reply of replies) {
      if (reply.after === 'now') this.#answer(reply, 'NONE')
      else held.push(reply)
    }
    if (held.length === 0) return
    this.#log.whenCommitted(error => {
      for (const reply of held) this.#answer(reply, error)
      this.#lookAfter(error)
    })
  }

  /** Once for each request; whoever was answered, or never asked here, is passed over. */
  #answer({ to, body }: Reply, error: WireErrorName): void {
    const waiting = this.#waiting.get(to)
    if (waiting === undefined) return
    this.#waiting.delete(to)
    waiting.answer(error === 'NONE' ? body : refuse(waiting.event, coordinatorError(error)).body)
  }

  #whenDurable<T>(read: () => T): Promise<GroupRead<T>> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.resolve({ error: refusal })
    const value = read()
    return new Promise(resolve =>
      this.#log.whenCommitted(error => {
        const told = error === 'NONE' ? error : coordinatorError(error)
        resolve(told === 'NONE' ? { error: told, value } : { error: told })
        this.#lookAfter(error)
      }),
    )
  }

  /** After an append, or a wait for one, that went wrong: with the partition lost this is over. */
  #lookAfter(error: WireErrorName): void {
    if (error !== 'NONE' && this.#phase !== 'left' && !this.isCurrent) this.#parts.onLost()
  }

  #newGroup(groupId: string): HostedGroup {
    const { clock, fatal } = this.#parts
    const timers = new GroupTimers(clock, event => {
      try {
        this.#run(groupId, event)
      } catch (error) {
        fatal(error)
      }
    })
    return { group: openGroup(groupId), timers }
  }

  /** Holds the group as long as anything of it is left. */
  #keep(hosted: HostedGroup): void {
    const { groupId } = hosted.group
    if (!isGone(hosted.group)) {
      this.#groups.set(groupId, hosted)
      return
    }
    hosted.timers.cancelAll()
    this.#groups.delete(groupId)
  }

  /** A group as it was read: its members are given time to be heard of. */
  #welcome(groupId: string): void {
    const hosted = this.#groups.get(groupId)
    assert(hosted !== undefined, 'a group that was read is here', { groupId })
    invariants(hosted.group)
    this.#run(groupId, { type: 'loaded' })
  }

  /** Those that are there when it begins, in turns. Ends early when the partition is left. */
  async #eachGroup(visit: (groupId: string) => void): Promise<void> {
    let looks = 0
    for (const [groupId, { group }] of [...this.#groups]) {
      if (this.#phase === 'left') return
      looks += 1 + group.offsets.size
      visit(groupId)
      if (looks < LOOKS_PER_TURN) continue
      looks = 0
      await nextTurn(this.#parts.clock)
    }
  }

  #context(): GroupContext {
    const { clock, rules } = this.#parts
    assert(this.#phase === 'loading' || this.#phase === 'serving', 'a coordinator decides', { phase: this.#phase })
    return { nowMs: clock.monoMs(), timestamp: clock.wallMs(), rules }
  }
}
