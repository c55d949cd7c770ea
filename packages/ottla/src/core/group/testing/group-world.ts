/**
 * For tests: the host of one group, as classic.ts says a host is, over a log in memory. Time passes when the test says so;
 * appends become durable at once, or when the test says so. Everything in the log went through its bytes.
 */
import { assert } from '../../../base/assert.ts'
import type { WireErrorName } from '../../../spec/errors.ts'
import { decide } from '../classic.ts'
import type { Decision, GroupEvent, GroupRules, Reply, RequestEvent, TimerEvent } from '../events.ts'
import { evolve, replay } from '../evolve.ts'
import { type OpenGroup, openGroup } from '../group.ts'
import { invariants } from '../invariants.ts'
import { decodeGroupRecord, encodeGroupRecord, type RecordBytes } from '../record-bytes.ts'
import { type DurableRecord, isDurable } from '../records.ts'
import { abandon, coordinatorError, refuse } from '../refusal.ts'

export const testRules: GroupRules = {
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  groupSizeMax: 1_000,
  offsetMetadataLengthMax: 4_096,
  offsetsRetentionMs: 604_800_000,
}

/** Wall time of the world's monotonic 0. */
export const EPOCH = 1_700_000_000_000

interface ArmedTimer {
  readonly key: string
  readonly atMs: number
  readonly event: TimerEvent
}

/** A reply that waits until the log is committed up to `end`, and the request that it answers. */
interface HeldReply {
  readonly end: number
  readonly reply: Reply
}

export class GroupWorld {
  readonly groupId: string
  rules: GroupRules = testRules
  group: OpenGroup
  nowMs = 0
  /** Added to the wall clock only. */
  wallJumpMs = 0
  readonly log: RecordBytes[] = []
  /** Records at the front of the log that a crash keeps. */
  committed = 0
  /** Off: appends are durable once `commit` is called. */
  isAutoCommit = true
  /** What the log says to every append; null when it takes them. */
  refusal: WireErrorName | null = null
  readonly timers = new Map<string, ArmedTimer>()
  /** Off: the invariants, which look at every member, are not asked at every step. */
  isChecked = true
  /** Sees every decision before its records are evolved, with what caused it. */
  onDecision: (event: GroupEvent, decision: Decision, isTaken: boolean) => void = () => {}
  /** Sees every reply when it leaves. */
  onReply: (reply: Reply) => void = () => {}
  #held: HeldReply[] = []
  readonly #open = new Map<number, RequestEvent>()

  constructor(groupId = 'g') {
    this.groupId = groupId
    this.group = openGroup(groupId)
  }

  get timestamp(): number {
    return EPOCH + this.nowMs + this.wallJumpMs
  }

  /** Requests that have no reply yet. */
  get unanswered(): readonly RequestEvent[] {
    return [...this.#open.values()]
  }

  send(event: GroupEvent): Decision {
    if ('request' in event) this.#open.set(event.request, event)
    const decision = decide(this.group, event, { nowMs: this.nowMs, timestamp: this.timestamp, rules: this.rules })
    const durable = decision.records.filter(isDurable)
    const isRefused = this.refusal !== null && durable.length > 0
    this.onDecision(event, decision, !isRefused)
    if (isRefused && decision.ifRefused === 'drop') {
      if ('request' in event) this.#leave(refuse(event, coordinatorError(this.refusal!)))
      return decision
    }
    if (!isRefused) this.#append(durable)
    for (const record of decision.records) evolve(this.group, record)
    if (this.isChecked) invariants(this.group)
    for (const change of decision.timers) {
      if (change.type === 'cancel') this.timers.delete(change.key)
      else this.timers.set(change.key, change)
    }
    for (const reply of decision.replies) {
      if (reply.after === 'now') this.#leave(reply)
      else this.#held.push({ end: this.log.length, reply })
    }
    if (this.isAutoCommit) this.commit()
    return decision
  }

  /** All that was appended is durable. */
  commit(): void {
    this.committed = this.log.length
    const held = this.#held
    this.#held = []
    for (const { end, reply } of held) {
      assert(end <= this.committed, 'what is committed is all')
      this.#leave(reply)
    }
  }

  /** Runs the clock to `nowMs`, with every timer that falls due on the way, in the order of time. */
  advanceTo(nowMs: number): void {
    for (let due = this.#nextDue(nowMs); due !== null; due = this.#nextDue(nowMs)) {
      this.nowMs = Math.max(this.nowMs, due.atMs)
      this.timers.delete(due.key)
      this.send(due.event)
    }
    this.nowMs = nowMs
  }

  #nextDue(untilMs: number): ArmedTimer | null {
    let next: ArmedTimer | null = null
    for (const timer of this.timers.values()) {
      if (timer.atMs <= untilMs && (next === null || timer.atMs < next.atMs)) next = timer
    }
    return next
  }

  /**
   * The coordinator is killed, or moves: what was not committed is gone, who waits is told, and the group is read back.
   * Monotonic time goes on, as if on another machine.
   */
  crash(): void {
    for (const { reply } of this.#held) {
      const event = this.#open.get(reply.to)
      if (event !== undefined) this.#leave(refuse(event, 'NOT_COORDINATOR'))
    }
    for (const reply of abandon(this.group, 'NOT_COORDINATOR')) if (this.#open.has(reply.to)) this.#leave(reply)
    assert(this.#open.size === 0, 'everybody was told', { open: [...this.#open.keys()] })
    this.#held = []
    this.timers.clear()
    this.log.length = this.committed
    this.group = this.readBack()
    this.send({ type: 'loaded' })
  }

  /** The group that the committed log makes. */
  readBack(): OpenGroup {
    const group = openGroup(this.groupId)
    for (const bytes of this.log.slice(0, this.committed)) {
      const read = decodeGroupRecord(bytes)
      assert(read?.groupId === this.groupId, 'records are of this group')
      replay(group, read.record)
    }
    return group
  }

  #append(records: readonly DurableRecord[]): void {
    for (const record of records) this.log.push(encodeGroupRecord(this.groupId, record))
  }

  #leave(reply: Reply): void {
    assert(this.#open.delete(reply.to), 'a request is answered once', { to: reply.to })
    this.onReply(reply)
  }
}
