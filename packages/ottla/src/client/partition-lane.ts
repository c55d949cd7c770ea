/**
 * One partition's records on their way: batches in order, several in flight, sent again until an answer counts. Owns
 * order and sequences; what is in a batch is producer-batch.ts, where it goes is produce-route.ts.
 *
 * An attempt sends batches from the head while all goes well. When one fails in a way that may pass, nothing more is sent
 * until all that is in flight is answered; then what is left is sent again in order, with the same sequences, so that the
 * broker knows again what it already has. When a batch is given up, those behind it can no longer follow it in sequence:
 * the lane goes on under a higher epoch, which also keeps out whatever of the old one is still on its way; what may have
 * been written under the old epoch cannot be sent again without a risk of writing it twice, and is given up with it.
 * Source: KIP-98, KIP-360, KIP-679.
 */
import { unreachable } from '../base/assert.ts'
import type { Bytes, Millis } from '../base/units.ts'
import { isRetriable } from '../spec/errors.ts'
import { BatchBuilder } from '../wire/batch/build.ts'
import type { CodecId } from '../wire/batch/header.ts'
import type { RecordHeader } from '../wire/batch/record-cursor.ts'
import { Backoff } from './backoff.ts'
import { type Cluster, mayPass } from './cluster.ts'
import { ConnectionError } from './connection-error.ts'
import { outcomeOf, ProduceFailure, type ProduceOutcome } from './produce-failure.ts'
import { type ProduceAnswer, ProduceRoute, type ProduceTarget } from './produce-route.ts'
import { ProducerBatch, type ProducerIdentity, type Settle, sequenceAfter } from './producer-batch.ts'
import { WireFailure } from './wire-failure.ts'

/** Largest epoch that the wire can tell; after it a new producer id is needed. */
const PRODUCER_EPOCH_MAX = 0x7fff

export interface LaneRules {
  readonly target: ProduceTarget
  readonly codec: CodecId
  /** A batch takes no further record above this size, before compression. */
  readonly batchBytes: Bytes
  /** Batches in flight at a time; 1 without an identity, at most 5 with one: brokers remember as many. */
  readonly inFlightMax: number
  /** How long after it was begun a batch is given up. */
  readonly deliveryTimeoutMs: Millis
  /** An identity other than `spent`; null for a producer that is not idempotent. */
  readonly identify: ((spent: ProducerIdentity | null) => Promise<ProducerIdentity>) | null
  /** A batch of so many bytes, as counted at `append`, needs no memory any more. */
  readonly release: (bytes: Bytes) => void
}

export interface LaneRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly timestampMs: Millis
}

/** Sends that went out under one route, and whether something went wrong. */
interface Attempt {
  readonly route: ProduceRoute
  inFlight: number
  /** Why nothing more is sent: the first failure that may pass; or that a batch was given up. */
  stopped: Error | null
}

export class PartitionLane {
  readonly #cluster: Cluster
  readonly #rules: LaneRules
  readonly #backoff: Backoff
  readonly #builders: BatchBuilder[] = []
  /** Not acknowledged, in order. During an attempt the first `inFlight` are out. */
  readonly #batches: ProducerBatch[] = []
  /** The last of `#batches`, while it takes records. */
  #open: ProducerBatch | null = null
  #identity: ProducerIdentity | null = null
  #nextSequence = 0
  /** A batch that had a sequence was given up. */
  #gap = false
  #running = false
  /** Ends the wait of `#run` for the next thing to happen. */
  #wake: () => void = () => {}

  constructor(cluster: Cluster, rules: LaneRules) {
    this.#cluster = cluster
    this.#rules = rules
    this.#backoff = new Backoff(cluster.env)
  }

  /** Takes a copy of the record. `bytes`: what `release` gives back. Rejects with a ProduceFailure. */
  append(record: LaneRecord, bytes: Bytes, settle: Settle): void {
    const open = this.#open
    const batch = open !== null && open.sizeBytes + bytes <= this.#rules.batchBytes ? open : this.#begin()
    batch.append(record, bytes, settle)
    this.#start()
  }

  #begin(): ProducerBatch {
    this.#sealOpen()
    const builder = this.#builders.pop() ?? new BatchBuilder()
    const batch = new ProducerBatch(builder, this.#cluster.env.clock.monoMs() + this.#rules.deliveryTimeoutMs)
    this.#batches.push(batch)
    this.#open = batch
    return batch
  }

  #sealOpen(): void {
    if (this.#open === null) return
    this.#builders.push(this.#open.seal(this.#rules.codec))
    this.#open = null
  }

  #start(): void {
    if (this.#running) {
      this.#wake()
      return
    }
    this.#running = true
    // After the caller's own turn, so that records appended in one go share a batch.
    queueMicrotask(() => this.#run())
  }

  async #run(): Promise<void> {
    while (this.#batches.length > 0) {
      const route = await this.#findRoute()
      if (route === null) continue
      const stopped = await this.#attempt({ route, inFlight: 0, stopped: null })
      if (stopped === null) continue
      // A batch that was refused for good is gone; the others have their own fate.
      if (mayPass(stopped) || stopped instanceof WireFailure) await this.#pause(stopped)
      else this.#giveUp(() => true, stopped.message, stopped)
    }
    this.#running = false
  }

  /** Null when there is none, and after that has been dealt with. */
  async #findRoute(): Promise<ProduceRoute | null> {
    try {
      await this.#prepare()
      return await ProduceRoute.find(this.#cluster, this.#rules.target)
    } catch (error) {
      if (mayPass(error)) await this.#pause(error)
      else this.#giveUp(() => true, error instanceof Error ? error.message : String(error), error)
      return null
    }
  }

  /** An identity that may follow what was written: a new one at first, a higher epoch after a gap. */
  async #prepare(): Promise<void> {
    const { identify } = this.#rules
    if (identify === null) return
    if (this.#gap) {
      this.#giveUp(
        batch => batch.outcome === 'unknown',
        'a batch before it was given up, and it may be in the log already',
        null,
      )
    }
    if (this.#identity !== null && !this.#gap) return
    const held = this.#identity
    const mayBump = held !== null && held.producerEpoch < PRODUCER_EPOCH_MAX
    this.#identity = mayBump ? { ...held, producerEpoch: held.producerEpoch + 1 } : await identify(held)
    this.#gap = false
    this.#nextSequence = 0
    for (const batch of this.#batches) batch.sequence = -1
  }

  /** Sends from the head until there is nothing more, or something fails and the rest is answered. */
  async #attempt(attempt: Attempt): Promise<Error | null> {
    for (;;) {
      while (attempt.stopped === null && attempt.inFlight < this.#rules.inFlightMax) {
        const batch = this.#batches[attempt.inFlight]
        if (batch === undefined) break
        this.#send(attempt, batch)
      }
      if (attempt.inFlight === 0) return attempt.stopped
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  #send(attempt: Attempt, batch: ProducerBatch): void {
    if (batch === this.#open) this.#sealOpen()
    if (batch.sequence < 0 && this.#identity !== null) {
      batch.stamp(this.#identity, this.#nextSequence)
      this.#nextSequence = sequenceAfter(this.#nextSequence, batch.count)
    }
    attempt.inFlight++
    const answered = attempt.route.send(batch.bytes).then(
      answer => {
        attempt.inFlight--
        this.#judge(attempt, batch, answer)
      },
      error => {
        attempt.inFlight--
        if (error instanceof ConnectionError) batch.outcome = 'unknown'
        attempt.stopped ??= error
      },
    )
    answered.then(() => this.#wake())
  }

  #judge(attempt: Attempt, batch: ProducerBatch, answer: ProduceAnswer): void {
    const verdict = judge(answer, attempt.stopped !== null)
    switch (verdict) {
      case 'written': {
        this.#backoff.reset()
        this.#remove(batch)
        batch.acknowledge(answer.error === 'NONE' ? answer.baseOffset : -1, answer.logAppendTimeMs)
        return
      }
      case 'again':
        batch.outcome = worse(batch.outcome, outcomeOf(answer.error))
        attempt.stopped ??= this.#failureOf(answer)
        return
      case 'lost': {
        batch.outcome = worse(batch.outcome, outcomeOf(answer.error))
        const failure = this.#failureOf(answer)
        attempt.stopped ??= failure
        this.#giveUp(each => each === batch, failure.message, failure)
        return
      }
      default:
        unreachable(verdict)
    }
  }

  /** After a failure: give up what is too late, then wait a little and look anew who leads. */
  async #pause(error: Error): Promise<void> {
    this.#cluster.forget(this.#rules.target.topic)
    const now = this.#cluster.env.clock.monoMs()
    const why = `not acknowledged within ${this.#rules.deliveryTimeoutMs} ms; last: ${error.message}`
    this.#giveUp(batch => batch.giveUpAtMs <= now, why, error)
    if (this.#batches.length > 0) await this.#backoff.pause()
  }

  #giveUp(isHopeless: (batch: ProducerBatch) => boolean, why: string, cause: unknown): void {
    for (const batch of this.#batches.filter(isHopeless)) {
      if (batch === this.#open) this.#sealOpen()
      this.#gap ||= batch.sequence >= 0
      this.#remove(batch)
      batch.fail(new ProduceFailure(batch.outcome, why, cause))
    }
  }

  #remove(batch: ProducerBatch): void {
    this.#batches.splice(this.#batches.indexOf(batch), 1)
    this.#rules.release(batch.countedBytes)
  }

  #failureOf(answer: ProduceAnswer): WireFailure {
    const { topic, partition } = this.#rules.target
    return new WireFailure(
      answer.error === 'NONE' ? 'UNKNOWN_SERVER_ERROR' : answer.error,
      `cannot write to ${topic}-${partition}`,
      answer.message,
    )
  }
}

/** `stopped`: a batch before this one has failed, so that its sequence did not follow. */
function judge({ error }: ProduceAnswer, stopped: boolean): 'written' | 'again' | 'lost' {
  if (error === 'NONE' || error === 'DUPLICATE_SEQUENCE_NUMBER') return 'written'
  if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && stopped) return 'again'
  return isRetriable(error) ? 'again' : 'lost'
}

function worse(a: ProduceOutcome, b: ProduceOutcome): ProduceOutcome {
  return a === 'unknown' ? a : b
}
