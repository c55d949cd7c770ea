/**
 * What a partition remembers about idempotent and transactional producers, so that a retried batch is answered instead
 * of appended twice: per producer id its epoch and its last five batches. Plain producers never come here.
 *
 * Bounded in two ways: producers not heard of for `producer.id.expiration.ms` go, and above `limit` the one silent for
 * longest goes. A producer with an open transaction never goes (I-09): its marker has yet to come. Does not decide what a batch
 * means (append.ts). Sources: KIP-98, KIP-360; the window of five is what clients rely on with five requests in flight.
 */
import { assert } from '../../base/assert.ts'
import type { Millis, Offset } from '../../base/units.ts'
import { sequenceAfter } from './sequence.ts'

/** How many batches of a producer are remembered. Clients keep at most five in flight (KIP-98). */
export const BATCHES_REMEMBERED = 5

/** Producers per partition unless configured otherwise (docs/reliability.md J). */
export const PRODUCERS_MAX = 1_000_000

/** One batch that a producer wrote. */
export interface ProducedBatch {
  /** Sequence of the first record. */
  firstSequence: number
  /** Sequence of the last record; lower than the first when the numbers wrapped inside the batch. */
  lastSequence: number
  /** Offset of the last record (inclusive). */
  lastOffset: Offset
  /** Offset of the last record minus that of the first. */
  offsetDelta: number
  /** The batch's maximal timestamp as stored: the append time on LogAppendTime topics. Ms since the Unix epoch. */
  timestamp: Millis
}

/** One producer as plain data, for snapshots on disk. The same shape as storage's. */
export interface ProducerEntry {
  readonly producerId: bigint
  /** -1 when only a marker of a coordinator was seen. */
  readonly producerEpoch: number
  /** Epoch of the coordinator that wrote the last marker, -1 when none did. */
  readonly coordinatorEpoch: number
  /** Offset of the open transaction's first record, -1 when none is open. */
  readonly currentTxnFirstOffset: Offset
  /** Maximal timestamp of the last batch, ms since the Unix epoch. For people; expiry does not use it. */
  readonly lastTimestamp: Millis
  /** Oldest first, at most five, all of `producerEpoch`. */
  readonly batches: readonly ProducedBatch[]
}

/** One producer, live. Changed only by ProducerTable. */
export interface Producer {
  readonly producerId: bigint
  producerEpoch: number
  coordinatorEpoch: number
  currentTxnFirstOffset: Offset
  lastTimestamp: Millis
  /** Monotonic time of the last batch or marker, or of the start after which nothing was heard. */
  heardAtMs: Millis
  batches: ProducedBatch[]
  /** Neighbours by silence; both null for a lone member and for one outside the list (open transaction). */
  quieter: Producer | null
  fresher: Producer | null
}

/** What one batch changes. */
export interface ProducerUpdate {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly baseOffset: Offset
  readonly offsetDelta: number
  readonly timestamp: Millis
  /** Monotonic. */
  readonly nowMs: Millis
}

export class ProducerTable {
  readonly #limit: number
  readonly #byId = new Map<bigint, Producer>()
  /** Ends of the list of those without an open transaction, ordered by silence. */
  #quietest: Producer | null = null
  #freshest: Producer | null = null
  #evictedCount = 0

  /** `limit`: producers kept at most, 1 or more; those with an open transaction may exceed it. */
  constructor(limit = PRODUCERS_MAX) {
    assert(limit >= 1, 'a producer table holds at least one', { limit })
    this.#limit = limit
  }

  get size(): number {
    return this.#byId.size
  }

  /** Producers dropped because the table was full, since it was made. A metric: each is a hole in deduplication. */
  get evictedCount(): number {
    return this.#evictedCount
  }

  find(producerId: bigint): Producer | undefined {
    return this.#byId.get(producerId)
  }

  /** Remembers a batch that was appended. A higher epoch forgets the batches of the one before. */
  recordBatch(update: ProducerUpdate): Producer {
    const producer = this.#touch(update.producerId, update.nowMs)
    this.#enterEpoch(producer, update.producerEpoch)
    // Full: the oldest object is written anew, so that a busy producer allocates nothing.
    const slot = producer.batches.length === BATCHES_REMEMBERED ? producer.batches.shift() : undefined
    const batch = slot ?? { firstSequence: 0, lastSequence: 0, lastOffset: 0, offsetDelta: 0, timestamp: 0 }
    batch.firstSequence = update.firstSequence
    batch.lastSequence = sequenceAfter(update.firstSequence, update.offsetDelta)
    batch.lastOffset = update.baseOffset + update.offsetDelta
    batch.offsetDelta = update.offsetDelta
    batch.timestamp = update.timestamp
    producer.batches.push(batch)
    producer.lastTimestamp = update.timestamp
    return producer
  }

  /** Marks the producer's transaction as open since `firstOffset`; from then on it is never dropped. */
  beginTransaction(producer: Producer, firstOffset: Offset): void {
    assert(producer.currentTxnFirstOffset === -1, 'a producer has one open transaction', { firstOffset })
    producer.currentTxnFirstOffset = firstOffset
    this.#unlink(producer)
  }

  /** Notes a coordinator's marker: the transaction is over, the marker's epoch is the producer's. */
  recordMarker(producerId: bigint, marker: { producerEpoch: number; coordinatorEpoch: number; nowMs: Millis }): void {
    const producer = this.#touch(producerId, marker.nowMs)
    this.#enterEpoch(producer, marker.producerEpoch)
    producer.coordinatorEpoch = Math.max(producer.coordinatorEpoch, marker.coordinatorEpoch)
    if (producer.currentTxnFirstOffset === -1) return
    producer.currentTxnFirstOffset = -1
    this.#linkFreshest(producer)
  }

  /** Drops those silent for `expirationMs` and longer, without an open transaction. Returns how many. */
  expire(nowMs: Millis, expirationMs: Millis): number {
    let count = 0
    for (let producer = this.#quietest; producer !== null; producer = this.#quietest) {
      if (nowMs - producer.heardAtMs < expirationMs) break
      this.#drop(producer)
      count += 1
    }
    return count
  }

  /** Everything as plain data, which later changes do not touch. No order. */
  snapshot(): ProducerEntry[] {
    const entries: ProducerEntry[] = []
    for (const producer of this.#byId.values()) {
      entries.push({
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        coordinatorEpoch: producer.coordinatorEpoch,
        currentTxnFirstOffset: producer.currentTxnFirstOffset,
        lastTimestamp: producer.lastTimestamp,
        batches: producer.batches.map(batch => ({ ...batch })),
      })
    }
    return entries
  }

  /** Forgets all and takes the entries instead. Their silence begins now: what the clock did while we were down is unknown. */
  restore(entries: readonly ProducerEntry[], nowMs: Millis): void {
    this.#byId.clear()
    this.#quietest = null
    this.#freshest = null
    const byLastOffset = [...entries].sort((a, b) => lastOffsetOf(a) - lastOffsetOf(b))
    for (const entry of byLastOffset) {
      const producer = this.#touch(entry.producerId, nowMs)
      producer.producerEpoch = entry.producerEpoch
      producer.coordinatorEpoch = entry.coordinatorEpoch
      producer.lastTimestamp = entry.lastTimestamp
      producer.batches = entry.batches.slice(-BATCHES_REMEMBERED).map(batch => ({ ...batch }))
      if (entry.currentTxnFirstOffset !== -1) this.beginTransaction(producer, entry.currentTxnFirstOffset)
    }
  }

  /** Asserts what always holds. Visits every producer. */
  invariants(): void {
    let listed = 0
    for (let producer = this.#quietest; producer !== null; producer = producer.fresher) {
      assert(producer.fresher?.quieter === producer || producer === this.#freshest, 'links agree both ways')
      assert(this.#byId.get(producer.producerId) === producer, 'the list and the map hold the same producers')
      listed += 1
    }
    let open = 0
    for (const producer of this.#byId.values()) {
      if (producer.currentTxnFirstOffset !== -1) open += 1
      assert(producer.batches.length <= BATCHES_REMEMBERED, 'at most five batches are remembered')
      for (let i = 1; i < producer.batches.length; i++) {
        const [before, after] = [producer.batches[i - 1], producer.batches[i]]
        assert(before!.lastOffset < after!.lastOffset, 'batches are remembered in log order')
      }
    }
    assert(listed + open === this.#byId.size, 'a producer is listed or has an open transaction', { listed, open })
    assert(listed <= this.#limit, 'the table keeps its limit', { listed, limit: this.#limit })
  }

  #enterEpoch(producer: Producer, epoch: number): void {
    if (producer.producerEpoch === epoch) return
    producer.producerEpoch = epoch
    producer.batches.length = 0
  }

  /** The producer, made when missing, as the freshest. */
  #touch(producerId: bigint, nowMs: Millis): Producer {
    let producer = this.#byId.get(producerId)
    if (producer === undefined) {
      if (this.#byId.size >= this.#limit && this.#quietest !== null) {
        this.#drop(this.#quietest)
        this.#evictedCount += 1
      }
      producer = newProducer(producerId)
      this.#byId.set(producerId, producer)
      this.#linkFreshest(producer)
    } else if (producer.currentTxnFirstOffset === -1 && producer !== this.#freshest) {
      this.#unlink(producer)
      this.#linkFreshest(producer)
    }
    producer.heardAtMs = nowMs
    return producer
  }

  #drop(producer: Producer): void {
    this.#unlink(producer)
    this.#byId.delete(producer.producerId)
  }

  #unlink(producer: Producer): void {
    if (producer.quieter === null) this.#quietest = producer.fresher
    else producer.quieter.fresher = producer.fresher
    if (producer.fresher === null) this.#freshest = producer.quieter
    else producer.fresher.quieter = producer.quieter
    producer.quieter = null
    producer.fresher = null
  }

  #linkFreshest(producer: Producer): void {
    producer.quieter = this.#freshest
    if (this.#freshest === null) this.#quietest = producer
    else this.#freshest.fresher = producer
    this.#freshest = producer
  }
}

function newProducer(producerId: bigint): Producer {
  return {
    producerId,
    producerEpoch: -1,
    coordinatorEpoch: -1,
    currentTxnFirstOffset: -1,
    lastTimestamp: -1,
    heardAtMs: 0,
    batches: [],
    quieter: null,
    fresher: null,
  }
}

function lastOffsetOf(entry: ProducerEntry): Offset {
  return entry.batches.at(-1)?.lastOffset ?? -1
}
