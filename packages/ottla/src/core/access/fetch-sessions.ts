/**
 * The fetch sessions of a broker, and the turn of one fetch in them: which partitions are read, and which of the answers
 * are told. Bounded by `max.incremental.fetch.session.cache.slots` and by partitions in all: who gets no session fetches
 * in full each time, which is always right. Changes in place; a turn changes its session when it is answered. Source:
 * KIP-227.
 */
import { assert } from '../../base/assert.ts'
import type { Millis } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import {
  FetchSession,
  type FollowedPartition,
  type SessionAnswer,
  type SessionPartitionName,
  type SessionRead,
  tell,
} from './fetch-session.ts'

/** A session unused for longer gives way to any other, and one younger than this to a follower's only. */
export const EVICTION_MS = 120_000

/** Partitions in all sessions together: some 200 bytes each. */
export const SESSION_PARTITIONS_MAX = 500_000

const SESSION_ID_MAX = 0x7fff_ffff

/** Session epochs that begin a session and end one; both come with the full list of partitions. */
const FULL_EPOCH = 0
const FINAL_EPOCH = -1

export interface SessionRequest {
  /** 0: none. */
  readonly sessionId: number
  /** -1 in versions of Fetch without sessions. */
  readonly sessionEpoch: number
  /** Fetch v13 and later. */
  readonly usesTopicIds: boolean
  /** From a broker that replicates. */
  readonly fromFollower: boolean
  /** Within a session: what is new or changed. */
  readonly reads: readonly SessionRead[]
  readonly forgotten: readonly SessionPartitionName[]
  /** Monotonic. */
  readonly nowMs: Millis
  /** Drawn by the caller, 0 to 2^32 - 1: the id of a session that this fetch may begin. */
  readonly drawnId: number
}

/** What is told of a fetch. */
export interface SessionReply {
  /** 0: no session; the next fetch must be a full one. */
  readonly sessionId: number
  /** For each read of the turn, in order, whether its answer belongs in the reply. */
  readonly told: readonly boolean[]
}

/** One fetch, from its request to its answer. */
export interface FetchTurn {
  /** In the order in which they are to be read. */
  readonly reads: readonly SessionRead[]
  /** Once, with one answer for each read, when they are about to be sent. */
  answer(answers: readonly SessionAnswer[], nowMs: Millis): SessionReply
}

export class FetchSessions {
  readonly #slots: number
  readonly #partitionsMax: number
  readonly #sessions = new Map<number, FetchSession>()
  #partitionCount = 0
  #evictedCount = 0

  /** `slots`: sessions at a time, 0 or more. */
  constructor(limits: { readonly slots: number; readonly partitionsMax?: number }) {
    this.#slots = limits.slots
    this.#partitionsMax = limits.partitionsMax ?? SESSION_PARTITIONS_MAX
  }

  get size(): number {
    return this.#sessions.size
  }

  get partitionCount(): number {
    return this.#partitionCount
  }

  /** Sessions that gave way to others, since the start. */
  get evictedCount(): number {
    return this.#evictedCount
  }

  /** Takes the request into its session. An error is that of the whole fetch; the reply then has session id 0. */
  begin(request: SessionRequest): FetchTurn | WireErrorName {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === FULL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.#remove(this.#sessions.get(sessionId))
      return sessionEpoch === FINAL_EPOCH ? sessionless(request.reads) : this.#fullTurn(request)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return 'FETCH_SESSION_ID_NOT_FOUND'
    if (session.epoch !== sessionEpoch) return 'INVALID_FETCH_SESSION_EPOCH'
    if (session.usesTopicIds !== request.usesTopicIds) return 'FETCH_SESSION_TOPIC_ID_ERROR'
    return this.#incrementalTurn(session, request)
  }

  #fullTurn(request: SessionRequest): FetchTurn {
    const { reads } = request
    return {
      reads,
      answer: (answers, nowMs) => {
        assert(answers.length === reads.length, 'every read is answered', { answers: answers.length })
        const session = reads.length === 0 ? null : this.#create(request, nowMs)
        if (session !== null) {
          // A partition that was named twice is followed once; its last answer is the one told last.
          const byRead = new Map(session.partitions().map(partition => [partition.read, partition]))
          for (const [i, answer] of answers.entries()) {
            const partition = byRead.get(reads[i]!)
            if (partition !== undefined) tell(partition, answer)
          }
        }
        return { sessionId: session?.id ?? 0, told: answers.map(() => true) }
      },
    }
  }

  #incrementalTurn(session: FetchSession, request: SessionRequest): FetchTurn | WireErrorName {
    if (this.#partitionCount + session.countNew(request.reads) > this.#partitionsMax) {
      this.#remove(session)
      return 'FETCH_SESSION_ID_NOT_FOUND'
    }
    this.#partitionCount -= session.size
    session.update(request.reads, request.forgotten)
    this.#partitionCount += session.size
    session.usedAtMs = request.nowMs
    session.advanceEpoch()
    const followed = session.partitions()
    if (followed.length > 0) return incremental(session, followed)
    this.#remove(session)
    return sessionless([])
  }

  /** A new session for the request's partitions, or null when there is no room. */
  #create(request: SessionRequest, nowMs: Millis): FetchSession | null {
    const { usesTopicIds, fromFollower, reads } = request
    const session = new FetchSession({
      id: this.#freeId(request.drawnId),
      usesTopicIds,
      privileged: fromFollower,
      nowMs,
    })
    session.update(reads, [])
    if (this.#slots === 0 || session.size > this.#partitionsMax) return null
    while (this.#sessions.size >= this.#slots || this.#partitionCount + session.size > this.#partitionsMax) {
      const victim = this.#evictable(session, nowMs)
      if (victim === null) return null
      this.#remove(victim)
      this.#evictedCount += 1
    }
    this.#sessions.set(session.id, session)
    this.#partitionCount += session.size
    return session
  }

  /**
   * Who gives way to the newcomer: whoever was unused for long; else the smallest of those it may push out, if the
   * newcomer is larger. A follower may push out any consumer, and sessions older than the eviction time; a consumer only
   * consumers' sessions older than that: otherwise two readers would push each other out for ever.
   */
  #evictable(newcomer: FetchSession, nowMs: Millis): FetchSession | null {
    let smallest: FetchSession | null = null
    for (const session of this.#sessions.values()) {
      if (nowMs - session.usedAtMs > EVICTION_MS) return session
      const aged = nowMs - session.createdAtMs > EVICTION_MS
      const open = newcomer.privileged ? aged || !session.privileged : aged && !session.privileged
      if (open && (smallest === null || compare(session, smallest) < 0)) smallest = session
    }
    return smallest !== null && compare(smallest, newcomer) < 0 ? smallest : null
  }

  #remove(session: FetchSession | undefined): void {
    if (session === undefined || !this.#sessions.delete(session.id)) return
    this.#partitionCount -= session.size
  }

  /** From 1 to 2^31 - 1: the drawn one, or the next that is free. */
  #freeId(drawn: number): number {
    let id = (drawn % SESSION_ID_MAX) + 1
    while (this.#sessions.has(id)) id = (id % SESSION_ID_MAX) + 1
    return id
  }
}

function sessionless(reads: readonly SessionRead[]): FetchTurn {
  return { reads, answer: answers => ({ sessionId: 0, told: answers.map(() => true) }) }
}

function incremental(session: FetchSession, followed: readonly FollowedPartition[]): FetchTurn {
  return {
    reads: followed.map(partition => partition.read),
    answer: answers => {
      assert(answers.length === followed.length, 'every read is answered', { answers: answers.length })
      const told = answers.map((answer, i) => {
        const partition = followed[i]!
        if (answer.bytes > 0) session.moveLast(partition)
        return tell(partition, answer)
      })
      return { sessionId: session.id, told }
    },
  }
}

/** Followers count more than consumers, then the larger session more than the smaller. */
function compare(a: FetchSession, b: FetchSession): number {
  if (a.privileged !== b.privileged) return a.privileged ? 1 : -1
  return a.size - b.size
}
