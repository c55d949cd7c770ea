/**
 * Reads assigned partitions: one fetch at a time to each leader, for all of its partitions; finds out where to begin,
 * follows leaders, and goes on after failures that may pass. Reads everything up to the high watermark (isolation level
 * read_uncommitted). No groups, no commits; positions are the caller's to keep.
 */
import { assert } from '../base/assert.ts'
import type { Bytes, Millis, Offset, PartitionIndex } from '../base/units.ts'
import type { NetAddress } from '../ports/net.ts'
import { errorNameOf } from '../spec/errors.ts'
import type { BatchRecord } from '../wire/batch/iterate.ts'
import type { FetchPartitionData } from '../wire/gen/fetch.ts'
import { Backoff } from './backoff.ts'
import { type Cluster, mayPass } from './cluster.ts'
import { showAddress } from './connection-error.ts'
import { type FetchAnswer, type FetchAsked, FetchLane } from './fetch-lane.ts'
import { listOffset, SpecialTime } from './list-offsets.ts'
import { ReadPosition, type StartPosition } from './read-position.ts'
import { refuseError } from './wire-failure.ts'

export interface ReadAssignment {
  readonly topic: string
  readonly partition: PartitionIndex
  readonly from: StartPosition
}

export interface ReaderOptions {
  /** What to do where the position is no longer, or not yet, in the log. Default `fail`: a ReadGap. */
  readonly onGap?: 'fail' | 'start' | 'end'
  /** How long a broker may wait for something to read. Default 500. */
  readonly maxWaitMs?: Millis
  /** Most that one fetch brings, all partitions together. */
  readonly maxBytes?: Bytes
  /** How long a partition is tried that cannot be read; then `poll` rejects. Default: the cluster's. */
  readonly retryForMs?: Millis
}

export interface ReadRecords {
  readonly topic: string
  readonly partition: PartitionIndex
  /** In order. Views that stay valid. */
  readonly records: readonly BatchRecord[]
  /** First offset that is not committed. */
  readonly highWatermark: Offset
}

/** The position is outside what the partition holds, and `onGap` says that this is not to be passed over. */
export class ReadGap extends Error {
  readonly topic: string
  readonly partition: PartitionIndex
  readonly offset: Offset

  constructor(position: ReadPosition, why: string) {
    super(`offset ${position.offset} of ${position.name} cannot be read: ${why}`)
    this.name = 'ReadGap'
    this.topic = position.topic
    this.partition = position.partition
    this.offset = position.offset ?? -1
  }
}

const MAX_WAIT_MS = 500
const MAX_BYTES = 50 * 1024 * 1024

export class PartitionReader {
  readonly #cluster: Cluster
  readonly #options: ReaderOptions
  readonly #positions: ReadPosition[]
  readonly #backoff: Backoff
  /** One for each leader that is being read from, by address. */
  readonly #lanes = new Map<string, FetchLane>()
  /** When `poll` gives up, should nothing go well until then; null while all is well. */
  #giveUpAtMs: Millis | null = null
  /** Polls so far. */
  #turn = 0

  constructor(cluster: Cluster, assignments: readonly ReadAssignment[], options: ReaderOptions = {}) {
    assert(assignments.length > 0, 'a reader reads at least one partition')
    this.#cluster = cluster
    this.#options = options
    this.#positions = assignments.map(({ topic, partition, from }) => new ReadPosition(topic, partition, from))
    this.#backoff = new Backoff(cluster.env)
  }

  /** Next offset to read; null while it is not known what the start or the end is. */
  position(topic: string, partition: PartitionIndex): Offset | null {
    return this.#find(topic, partition).offset
  }

  /** First offset that is not committed, as last told; -1 before. */
  highWatermark(topic: string, partition: PartitionIndex): Offset {
    return this.#find(topic, partition).highWatermark
  }

  /** Reads from another place, from the next `poll` on. Not while one is out. */
  seek(topic: string, partition: PartitionIndex, to: StartPosition): void {
    this.#find(topic, partition).seek(to)
  }

  /**
   * What is there to read, or nothing after `maxWaitMs`. One at a time. Rejects with a ReadGap; a BatchError or
   * CompressionError for a batch that is damaged; a WireFailure or ConnectionError for what did not pass.
   */
  async poll(): Promise<readonly ReadRecords[]> {
    try {
      await this.#findStarts()
      const read = await this.#fetchOnce()
      this.#giveUpAtMs = null
      this.#backoff.reset()
      return read
    } catch (error) {
      if (!mayPass(error)) throw error
      const now = this.#cluster.env.clock.monoMs()
      this.#giveUpAtMs ??= now + (this.#options.retryForMs ?? this.#cluster.retryForMs)
      if (now >= this.#giveUpAtMs) throw error
    }
    for (const { topic } of this.#positions) this.#cluster.forget(topic)
    await this.#backoff.pause()
    return []
  }

  /** Ends the connections; a `poll` that is out rejects. */
  close(): void {
    for (const lane of this.#lanes.values()) lane.close()
  }

  async #findStarts(): Promise<void> {
    await Promise.all(
      this.#positions.map(async position => {
        if (position.offset !== null) return
        const found = await listOffset(this.#cluster, position.topic, position.partition, SpecialTime[position.pending])
        position.offset = found.offset
      }),
    )
  }

  /** Waits for the first of the leaders that answers; the others go on and are asked for their answer the next time. */
  async #fetchOnce(): Promise<readonly ReadRecords[]> {
    const groups = await this.#byLeader()
    for (const [key, lane] of this.#lanes) {
      if (groups.has(key)) continue
      lane.close()
      this.#lanes.delete(key)
    }
    const { maxWaitMs = MAX_WAIT_MS, maxBytes = MAX_BYTES } = this.#options
    for (const [key, { address, asked }] of groups) {
      const lane = this.#lanes.get(key) ?? new FetchLane(this.#cluster.connections, address)
      this.#lanes.set(key, lane)
      if (!lane.isOut) lane.begin(asked, { maxWaitMs, maxBytes })
    }
    const out = [...this.#lanes.values()].filter(lane => lane.isOut)
    const lane = await Promise.race(out.map(each => each.settled()))
    this.#turn++
    return this.#read(lane.takeAnswers())
  }

  async #byLeader(): Promise<Map<string, { readonly address: NetAddress; readonly asked: FetchAsked[] }>> {
    const groups = new Map<string, { readonly address: NetAddress; readonly asked: FetchAsked[] }>()
    for (let i = 0; i < this.#positions.length; i++) {
      // Another partition first each time: the first ones may fill the reply.
      const position = this.#positions[(i + this.#turn) % this.#positions.length]!
      const { address, leaderEpoch, topicId } = await this.#cluster.leader(position.topic, position.partition)
      const key = showAddress(address)
      const group = groups.get(key) ?? { address, asked: [] }
      groups.set(key, group)
      group.asked.push({ position, offset: position.offset ?? 0, topicId, leaderEpoch })
    }
    return groups
  }

  /** Throws the first failure only when there is nothing to give: a failure that stays is met again. */
  #read(answers: readonly FetchAnswer[]): ReadRecords[] {
    const read: ReadRecords[] = []
    let failure: unknown = null
    for (const { asked, data } of answers) {
      const { position } = asked
      // Somebody sought meanwhile.
      if (position.offset !== asked.offset) continue
      try {
        const records = this.#take(position, data)
        const { topic, partition, highWatermark } = position
        if (records.length > 0) read.push({ topic, partition, records, highWatermark })
      } catch (error) {
        failure ??= error
      }
    }
    if (failure !== null && read.length === 0) throw failure
    return read
  }

  #take(position: ReadPosition, data: FetchPartitionData): BatchRecord[] {
    if (errorNameOf(data.errorCode) === 'OFFSET_OUT_OF_RANGE') {
      const range = data.logStartOffset < 0 ? '' : `; the log begins at ${data.logStartOffset}`
      this.#passGap(position, `it is not in the log${range}`)
      return []
    }
    refuseError(data.errorCode, `cannot read ${position.name}`)
    const { divergingEpoch } = data
    if (divergingEpoch.epoch >= 0) {
      this.#cutBack(position, divergingEpoch.endOffset)
      return []
    }
    position.highWatermark = data.highWatermark
    position.logStartOffset = data.logStartOffset
    return data.records === null ? [] : position.take(data.records)
  }

  #passGap(position: ReadPosition, why: string): void {
    const { onGap = 'fail' } = this.#options
    if (onGap === 'fail') throw new ReadGap(position, why)
    position.seek(onGap)
  }

  /** What was read last is not in the log any more (KIP-320): it was lost with a leader, and other records stand there. */
  #cutBack(position: ReadPosition, endOffset: Offset): void {
    const { onGap = 'fail' } = this.#options
    if (onGap === 'fail') throw new ReadGap(position, `the log was cut at ${endOffset}, and what was read is gone`)
    position.seek(Math.min(position.offset ?? endOffset, endOffset))
  }

  #find(topic: string, partition: PartitionIndex): ReadPosition {
    const found = this.#positions.find(each => each.topic === topic && each.partition === partition)
    assert(found !== undefined, 'the partition is assigned', { topic, partition })
    return found
  }
}
