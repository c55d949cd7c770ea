/**
 * One partition that this broker holds: core's state and storage's log, moved together. It is the single writer of both.
 * What a request wants of a partition is partition-host.ts and fetch.ts; which partitions there are is reconciler.ts.
 */
import { assert } from '../base/assert.ts'
import type { BrokerId, Millis, Offset } from '../base/units.ts'
import { evolveReplayed } from '../core/partition/append.ts'
import { evolveDurable } from '../core/partition/high-watermark.ts'
import { evolveLogStart, follow, lead, type Term } from '../core/partition/leadership.ts'
import { openPartition, type PartitionState } from '../core/partition/state.ts'
import type { Clock } from '../ports/clock.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import type { Log } from '../storage/log.ts'
import { type BatchHeader, producerIdAt } from '../wire/batch/header.ts'
import { INFLATED_BATCH_BYTES_MAX } from '../wire/batch/iterate.ts'
import type { ProduceRules } from '../wire/batch/validate.ts'
import { WaitList } from './purgatory.ts'

/** Bound on what one batch may inflate to: four times what it may be, and never above what any reader accepts. */
function inflatedBytesMax(maxMessageBytes: number): number {
  return Math.min(4 * maxMessageBytes, INFLATED_BATCH_BYTES_MAX)
}

export class HostedPartition {
  readonly state: PartitionState
  /** Produce and DeleteRecords requests that wait for the high watermark, or for durability. */
  readonly ackWaits = new WaitList()
  /** Fetch requests that wait for more to read. */
  readonly readWaits = new WaitList()
  /** Bytes appended since the start; how a waiting fetch estimates what came. */
  appendedBytes = 0
  /** Those of them that readers surely see: up to a round or two behind while appends go on, exact when they pause. */
  visibleBytes = 0
  /** Deleted, or its directory failed: whoever holds a reference answers with an error. */
  closed = false

  readonly produceRules: ProduceRules
  #log: Log
  #mirror: Log | null = null
  /** Set while the log's start must stay where it is. */
  #startHeld: PromiseWithResolvers<void> | null = null
  #config: TopicConfig
  #appending = false
  /** The end, and the bytes appended up to it, when `visibleBytes` was set last. */
  #markOffset: Offset = 0
  #markBytes = 0

  private constructor(log: Log, state: PartitionState, config: TopicConfig) {
    this.#log = log
    this.state = state
    this.#config = config
    this.produceRules = {} as ProduceRules
    this.configure(config)
  }

  /** Takes a log that storage opened or created, and replays the producers of the batches that no snapshot covers. */
  static async open(
    log: Log,
    options: { readonly self: BrokerId; readonly config: TopicConfig; readonly clock: Clock },
  ): Promise<HostedPartition> {
    const { self, config, clock } = options
    const { highWatermark, producers, producersBehind } = log.recovered
    const state = openPartition({
      self,
      minInsyncReplicas: Math.max(1, config.minInsyncReplicas),
      logStartOffset: log.startOffset,
      endOffset: log.endOffset,
      highWatermark,
      producers: producers.entries,
      nowMs: clock.monoMs(),
    })
    if (producersBehind && producers.offset < log.endOffset) {
      await log.headers(producers.offset, (header, bytes, at) => {
        const producerId = header.hasProducerId ? producerIdAt(bytes, at) : null
        evolveReplayed(state, header, { producerId, baseOffset: header.baseOffset, nowMs: clock.monoMs() })
      })
    }
    const hosted = new HostedPartition(log, state, config)
    hosted.#attach(log)
    return hosted
  }

  /** Another one after a move to another directory: read it anew after every wait. */
  get log(): Log {
    return this.#log
  }

  /** The log that is about to take this one's place, once it takes every batch as well. */
  get mirror(): Log | null {
    return this.#mirror
  }

  get config(): TopicConfig {
    return this.#config
  }

  /** What the topic is to be like from now on; who waits for replicas is judged anew. The log is told apart. */
  configure(config: TopicConfig): void {
    this.#config = config
    this.state.minInsyncReplicas = Math.max(1, config.minInsyncReplicas)
    Object.assign(this.produceRules, {
      produceVersion: 0,
      nowMs: 0,
      maxMessageBytes: config.maxMessageBytes,
      compacted: config.cleanupPolicy.has('compact'),
      strict: config.produceValidation === 'strict',
      timestampType: config.messageTimestampType,
      timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
      timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
      inflatedBytesMax: inflatedBytesMax(config.maxMessageBytes),
    } satisfies ProduceRules)
    this.ackWaits.wake()
  }

  /** Takes the term that the image names, as leader or not. */
  enterTerm(term: Term, nowMs: Millis): void {
    if (term.leader !== this.state.self) {
      follow(this.state, term)
      this.ackWaits.wake()
      this.readWaits.wake()
      return
    }
    const { newTerm, highWatermarkMoved } = lead(this.state, term, nowMs)
    if (newTerm) {
      this.log.epochs.assign(term.leaderEpoch, this.state.endOffset)
      this.#mirror?.epochs.assign(term.leaderEpoch, this.state.endOffset)
    }
    if (highWatermarkMoved) this.#visible()
    // Too few may be in sync now for what waits.
    else this.ackWaits.wake()
  }

  /** Appends to the log, and to its mirror. As `Log.append`; the promise tells of the log alone. */
  write(batch: Uint8Array, header: BatchHeader): Promise<void> {
    const done = this.#log.append(batch, header)
    // A mirror that takes nothing has failed: what it lacks is durable nowhere until whoever began the mirroring ends it.
    if (this.#log.endOffset > header.baseOffset) void this.#mirror?.append(batch, header)
    return done
  }

  /**
   * `log`, which has all that this one has, takes every batch from now on as well: what is durable from here on is so in
   * both, so that either may be the one that counts.
   */
  mirrorTo(log: Log): void {
    assert(this.#mirror === null, 'a log has one mirror', { topic: log.id.topic })
    assert(log.endOffset === this.#log.endOffset, 'a mirror has everything', { end: log.endOffset })
    this.#mirror = log
    this.#attach(log)
  }

  /** The log counts alone again. */
  endMirror(): void {
    this.#mirror = null
    this.#durable()
  }

  /** The mirror is the log from now on. Returns what was. */
  switchToMirror(): Log {
    const [before, mirror] = [this.#log, this.#mirror]
    assert(mirror !== null, 'there is a mirror to switch to', { topic: before.id.topic })
    this.#log = mirror
    this.#mirror = null
    // Of a mirror that failed nothing is durable that the old log has alone.
    if (mirror.fault !== null) this.close()
    else this.#durable()
    return before
  }

  /** As `Log.advanceStart`, once nobody holds the start. */
  async advanceStart(offset: Offset): Promise<void> {
    while (this.#startHeld !== null) await this.#startHeld.promise
    await this.#log.advanceStart(offset)
  }

  /** Resolves when the log's start stays where it is until `releaseStart`. */
  async holdStart(): Promise<void> {
    this.#startHeld = Promise.withResolvers()
    this.#log.startHeld = true
    // Whatever moves it now had begun before.
    await this.#log.host.exclusively(async () => {})
  }

  releaseStart(): void {
    this.#startHeld?.resolve()
    this.#startHeld = null
    this.#log.startHeld = false
  }

  /**
   * Runs one append: `write` changes core's state and hands the batch to the log. What the log calls durable within it
   * counts when both agree on the end again.
   */
  appending<T>(write: () => T): T {
    assert(!this.#appending, 'one writer at a time', { topic: this.log.id.topic })
    this.#appending = true
    try {
      return write()
    } finally {
      this.#appending = false
      this.#durable()
    }
  }

  /** The log starts later now: retention or DeleteRecords. */
  startMoved(): void {
    const start = this.log.startOffset
    if (start > this.state.logStartOffset) evolveLogStart(this.state, start)
  }

  /** No longer served: everybody who waits is told. */
  close(): void {
    this.closed = true
    this.ackWaits.wake()
    this.readWaits.wake()
  }

  #attach(log: Log): void {
    const { state } = this
    log.attach({
      highWatermark: () => state.highWatermark,
      producers: () => ({ offset: state.endOffset, entries: state.producers.snapshot() }),
      durable: () => this.#durable(),
    })
  }

  /** The durable end may have moved, of the log or of its mirror. */
  #durable(): void {
    if (this.#appending) return
    const before = this.state.durableEndOffset
    const inMirror = this.#mirror?.durableEndOffset ?? Number.POSITIVE_INFINITY
    const reached = Math.min(this.#log.durableEndOffset, inMirror, this.state.endOffset)
    if (evolveDurable(this.state, reached)) this.#visible()
    else if (this.state.durableEndOffset !== before) this.ackWaits.wake()
  }

  #visible(): void {
    const { highWatermark, endOffset } = this.state
    if (highWatermark >= this.#markOffset) {
      this.visibleBytes = highWatermark === endOffset ? this.appendedBytes : this.#markBytes
      this.#markOffset = endOffset
      this.#markBytes = this.appendedBytes
    }
    this.ackWaits.wake()
    this.readWaits.wake()
  }
}
