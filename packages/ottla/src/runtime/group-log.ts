/**
 * The partition of __consumer_offsets that a coordinator writes: durable records of groups become batches by the way that
 * a producer's take, and answers wait here for the high watermark. Knows no groups.
 */

import { planted } from '../base/planted.ts'
import type { Millis } from '../base/units.ts'
import { encodeGroupRecord } from '../core/group/record-bytes.ts'
import type { DurableRecord } from '../core/group/records.ts'
import { decideAck } from '../core/partition/append.ts'
import type { Clock } from '../ports/clock.ts'
import type { WireErrorName } from '../spec/errors.ts'
import { BatchBuilder } from '../wire/batch/build.ts'
import type { CodecId } from '../wire/batch/header.ts'
import { produceApi } from '../wire/gen/produce.ts'
import type { HostedPartition } from './hosted-partition.ts'
import type { Purgatory } from './purgatory.ts'
import type { PartitionName, Partitions } from './services.ts'

/** Where removals, which need not be one batch, are cut: far below the least that a batch may have. Bytes. */
const REMOVAL_BATCH_BYTES = 256 * 1024

export interface GroupLogParts {
  readonly partitions: Pick<Partitions, 'append'>
  readonly purgatory: Purgatory
  readonly clock: Clock
  readonly codec: CodecId
  /** `offsets.commit.timeout.ms` */
  readonly commitTimeoutMs: Millis
}

/** One for all: a batch is built and appended in one go. */
const builder = new BatchBuilder()

export class GroupLog {
  readonly #parts: GroupLogParts
  readonly #hosted: HostedPartition
  readonly #name: PartitionName
  /** Ends each wait that goes on. */
  readonly #waits = new Set<() => void>()
  #isEnded = false

  constructor(parts: GroupLogParts, hosted: HostedPartition) {
    this.#parts = parts
    this.#hosted = hosted
    const { topicId, partition } = hosted.log.id
    this.#name = { topic: null, topicId, partition }
  }

  /**
   * Appends the records as one batch; removals, each of which stands for itself, as several when they are many. `NONE`: the
   * log has them. Else why not, and it has nothing of them.
   */
  append(groupId: string, records: readonly DurableRecord[]): WireErrorName {
    const mayCut = records.every(({ type }) => type === 'offsetRemoval' || type === 'groupRemoval')
    for (const record of records) {
      const { key, value } = encodeGroupRecord(groupId, record)
      builder.append(key, value, [], this.#parts.clock.wallMs())
      if (!mayCut || builder.sizeBytes < REMOVAL_BATCH_BYTES) continue
      const error = this.#flush()
      if (error !== 'NONE') return error
    }
    return builder.count === 0 ? 'NONE' : this.#flush()
  }

  #flush(): WireErrorName {
    const { partitions, codec } = this.#parts
    const reply = partitions.append(this.#name, builder.build({ codec }), {
      acks: -1,
      timeoutMs: 0,
      apiVersion: produceApi.max,
      transactionalId: null,
      mayWriteInternal: true,
      noWait: true,
    })
    // A promise is the answer of a log that failed in this very moment.
    return reply instanceof Promise ? 'KAFKA_STORAGE_ERROR' : reply.error
  }

  /**
   * Calls `done` when all that the partition holds now is committed, maybe at once (I-16); or with an error when it cannot
   * be, or takes longer than `offsets.commit.timeout.ms`. Waits end in the order in which they began.
   */
  whenCommitted(done: (error: WireErrorName) => void): void {
    const { endOffset } = this.#hosted.state
    if (planted('group-reply-before-durable')) {
      done('NONE')
      return
    }
    let end = () => {}
    const finish = (error: WireErrorName) => {
      this.#waits.delete(end)
      done(error)
    }
    let isOver = false
    end = this.#parts.purgatory.park([this.#hosted.ackWaits], {
      timeoutMs: this.#parts.commitTimeoutMs,
      attempt: () => {
        const error = this.#outcome(endOffset)
        if (error === null) return false
        isOver = true
        finish(error)
        return true
      },
      expired: () => finish(this.#isEnded ? 'NOT_LEADER_OR_FOLLOWER' : 'REQUEST_TIMED_OUT'),
    })
    if (!isOver) this.#waits.add(end)
  }

  /** The partition can be neither read nor written here any more. */
  get isGone(): boolean {
    const { closed, log, state } = this.#hosted
    return closed || log.fault !== null || state.role !== 'leader'
  }

  /** Nobody waits any more, with the error of a term that is over; what was waited for may yet come to be committed. */
  end(): void {
    this.#isEnded = true
    for (const end of [...this.#waits]) end()
  }

  #outcome(endOffset: number): WireErrorName | null {
    const { closed, log, state } = this.#hosted
    return closed || log.fault !== null ? 'KAFKA_STORAGE_ERROR' : decideAck(state, endOffset)
  }
}
