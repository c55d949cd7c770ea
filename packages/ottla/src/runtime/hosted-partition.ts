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
import { producerIdAt } from '../wire/batch/header.ts'
import { INFLATED_BATCH_BYTES_MAX } from '../wire/batch/iterate.ts'
import type { ProduceRules } from '../wire/batch/validate.ts'
import { WaitList } from './purgatory.ts'

/** Bound on what one batch may inflate to: four times what it may be, and never above what any reader accepts. */
function inflatedBytesMax(maxMessageBytes: number): number {
  return Math.min(4 * maxMessageBytes, INFLATED_BATCH_BYTES_MAX)
}

export class HostedPartition {
  readonly log: Log
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
  #config: TopicConfig
  #appending = false
  /** The end, and the bytes appended up to it, when `visibleBytes` was set last. */
  #markOffset: Offset = 0
  #markBytes = 0

  private constructor(log: Log, state: PartitionState, config: TopicConfig) {
    this.log = log
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
    log.attach({
      highWatermark: () => state.highWatermark,
      producers: () => ({ offset: state.endOffset, entries: state.producers.snapshot() }),
      durable: endOffset => hosted.#durable(endOffset),
    })
    return hosted
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
    if (newTerm) this.log.epochs.assign(term.leaderEpoch, this.state.endOffset)
    if (highWatermarkMoved) this.#visible()
    // Too few may be in sync now for what waits.
    else this.ackWaits.wake()
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
      this.#durable(this.log.durableEndOffset)
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

  #durable(endOffset: Offset): void {
    if (this.#appending) return
    const before = this.state.durableEndOffset
    const reached = Math.min(endOffset, this.state.endOffset)
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
