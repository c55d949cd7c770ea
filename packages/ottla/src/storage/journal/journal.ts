/**
 * Rounds (J1, J2): what all partitions of the directory append while one round is being synced goes into the next. Each
 * round is built in aligned memory, written and synced by the directory's commit lane, one at a time and in order; then
 * the durable ends of its logs move, and then the promise that its appends share resolves. There is no timer: a round
 * begins as soon as the one before is synced.
 *
 * Owns staging memory and the order of rounds. Where they lie is ring.ts, their bytes are format.ts.
 */
import { assert } from '../../base/assert.ts'
import { copyBytes } from '../../base/copy-bytes.ts'
import { planted } from '../../base/planted.ts'
import type { Bytes, LeaderEpoch, Offset } from '../../base/units.ts'
import type { Disk, DiskFault } from '../../ports/disk.ts'
import { uint32At } from '../../wire/batch/fixed.ts'
import { ATTRIBUTES_AT, type BatchHeader, CRC_AT, endOffset } from '../../wire/batch/header.ts'
import { alignUp } from '../env.ts'
import {
  type KnownSum,
  putRecord,
  putRecordEnd,
  putRecordEpoch,
  putRecordLength,
  putRecordPosition,
  RECORD_HEADER_BYTES,
  RecordKind,
  type RecordKindCode,
  ROUND_HEADER_BYTES,
  sealRound,
} from './format.ts'
import type { Ring } from './ring.ts'

/** A log as the journal sees it. The journal owns `roundNumber` and `roundSlot`. */
export interface Journaled {
  /** Partition and topic id, from `logKey`. */
  readonly key: Uint8Array
  /** Of the segment that takes appends. */
  readonly activeBase: Offset
  roundNumber: number
  roundSlot: number
  /** A round with appends of this log is synced. */
  roundSynced(endOffset: Offset): void
}

export type ControlKind = Exclude<RecordKindCode, typeof RecordKind.append>

/** What a control record says besides its log. */
export interface Control {
  readonly offset: Offset
  readonly leaderEpoch?: LeaderEpoch
  readonly segmentBase?: Offset
  readonly position?: number
}

interface Round {
  readonly number: number
  readonly memory: Uint8Array
  endBytes: number
  /** Logs appended to, and in the same order the ends that the round makes durable; -1 when only part of a batch is in it. */
  readonly logs: Journaled[]
  readonly ends: Offset[]
  /** Of large batches: what their CRCs are of, in order. */
  readonly sums: KnownSum[]
  /** The record that the next append may extend: its place and its log. */
  lastRecordAt: number
  lastRecordLog: Journaled | null
  readonly synced: PromiseWithResolvers<void>
}

/** Staging memory waiting for the disk beyond this many rounds means: no room. */
const ROUNDS_WAITING_MAX = 2
/** The sum of a batch of so many bytes is taken from the batch: to join it takes as long as to sum some kilobytes. */
const JOINED_FROM_BYTES = 8192

export class Journal {
  readonly #ring: Ring
  readonly #ringId: Uint8Array
  readonly #disk: Disk
  readonly #roundBytes: Bytes
  readonly #onStalled: () => void
  readonly #onCommitted: () => void
  readonly #onFault: (fault: unknown) => void
  readonly #freeMemory: Uint8Array[] = []
  readonly #waiting: Round[] = []
  #filling: Round | null = null
  #committing: Round | null = null
  #starting = false
  #stalled = false
  #nextNumber = 1
  #lastSynced = 0
  #fault: DiskFault | null = null

  constructor(parts: {
    readonly disk: Disk
    readonly ring: Ring
    readonly ringId: Uint8Array
    readonly roundBytes: Bytes
    /** The ring has no room for the next round; `resume` when it has. */
    readonly onStalled: () => void
    /** A round is synced and those who waited for it know. */
    readonly onCommitted: () => void
    readonly onFault: (fault: unknown) => void
  }) {
    this.#disk = parts.disk
    this.#ring = parts.ring
    this.#ringId = parts.ringId
    this.#roundBytes = parts.roundBytes
    this.#onStalled = parts.onStalled
    this.#onCommitted = parts.onCommitted
    this.#onFault = parts.onFault
  }

  /** Newest round whose sync returned; 0 when none did. */
  get lastSynced(): number {
    return this.#lastSynced
  }

  /** A round waits for room in the ring. */
  get isStalled(): boolean {
    return this.#stalled
  }

  /** False while more is staged than the disk takes: appending goes on working, but should be held back. */
  get hasRoom(): boolean {
    return this.#waiting.length < ROUNDS_WAITING_MAX
  }

  /**
   * Stages one batch, whose CRC is right and which stands at `position` of the log's active segment. The batch is copied.
   * Resolves when it is durable; all appends of a round share the promise.
   */
  append(log: Journaled, batch: Uint8Array, header: BatchHeader, position: number): Promise<void> {
    const bytesMax = this.#roundBytes - ROUND_HEADER_BYTES - RECORD_HEADER_BYTES
    let round = this.#roundFor(batch.length)
    let from = 0
    while (batch.length - from > bytesMax) {
      this.#stage(round, log, {
        header,
        position: position + from,
        bytes: batch.subarray(from, from + bytesMax),
        last: false,
      })
      from += bytesMax
      round = this.#roundFor(Math.min(bytesMax, batch.length - from))
    }
    const bytes = from === 0 ? batch : batch.subarray(from)
    this.#stage(round, log, { header, position: position + from, bytes, last: true })
    this.#start()
    return round.synced.promise
  }

  /** Stages a record without bytes, after everything staged before. Resolves when it is durable. */
  control(log: Journaled, kind: ControlKind, control: Control): Promise<void> {
    const round = this.#roundFor(0)
    const at = this.#put(round, log, kind)
    putRecordEpoch(round.memory, at, control.leaderEpoch ?? -1)
    putRecordPosition(round.memory, at, control.segmentBase ?? 0, control.position ?? 0)
    putRecordEnd(round.memory, at, control.offset, true)
    round.lastRecordLog = null
    this.#start()
    return round.synced.promise
  }

  /** The ring has room again. */
  resume(): void {
    this.#start()
  }

  /** Nothing is durable from now on: everything staged, and whatever comes, is refused with the fault. */
  poison(fault: DiskFault): void {
    if (this.#fault !== null) return
    this.#fault = fault
    const pending = [this.#committing, ...this.#waiting.splice(0), this.#filling]
    this.#filling = null
    for (const round of pending) round?.synced.reject(fault)
  }

  /** Resolves when what is staged is synced. Rejects when the journal failed. */
  async drain(): Promise<void> {
    const newest = this.#filling ?? this.#waiting.at(-1) ?? this.#committing
    await newest?.synced.promise
  }

  /** Nothing is staged any more: closes the ring, gives staging memory back. What a failed journal had in hand is lost to it. */
  async close(): Promise<void> {
    await this.#ring.close()
    for (const memory of this.#freeMemory.splice(0)) this.#disk.reuse(memory)
  }

  #stage(
    round: Round,
    log: Journaled,
    part: { header: BatchHeader; position: number; bytes: Uint8Array; last: boolean },
  ): void {
    const { header, position, bytes, last } = part
    const end = endOffset(header)
    let at = this.#extendable(round, log, part)
    if (at === -1) {
      at = this.#put(round, log, RecordKind.append)
      putRecordEpoch(round.memory, at, header.partitionLeaderEpoch)
      putRecordPosition(round.memory, at, log.activeBase, position)
    }
    copyBytes(bytes, round.memory, round.endBytes)
    if (bytes.length >= JOINED_FROM_BYTES && bytes.length === header.sizeBytes) {
      const [at, sizeBytes] = [round.endBytes + ATTRIBUTES_AT, bytes.length - ATTRIBUTES_AT]
      round.sums.push({ at, bytes: sizeBytes, sum: uint32At(bytes, CRC_AT) })
    }
    round.endBytes += bytes.length
    putRecordLength(round.memory, at, round.endBytes - at - RECORD_HEADER_BYTES)
    putRecordEnd(round.memory, at, end, last)
    round.lastRecordAt = at
    round.lastRecordLog = last ? log : null
    if (last) noteEnd(round, log, end)
  }

  /** Batches of one log that follow each other share a record: then the place of that record, else -1. */
  #extendable(round: Round, log: Journaled, part: { header: BatchHeader; position: number }): number {
    const at = round.lastRecordAt
    if (round.lastRecordLog !== log || part.position === 0) return -1
    return recordEpoch(round.memory, at) === part.header.partitionLeaderEpoch ? at : -1
  }

  #put(round: Round, log: Journaled, kind: RecordKindCode): number {
    const at = round.endBytes
    putRecord(round.memory, at, kind, log.key)
    round.endBytes += RECORD_HEADER_BYTES
    return at
  }

  /** The round that takes a record of so many bytes; a new one when the one being filled is too full. */
  #roundFor(bytes: number): Round {
    assert(this.#fault === null, 'a failed journal takes nothing')
    const wanted = Math.min(RECORD_HEADER_BYTES + bytes, this.#roundBytes - ROUND_HEADER_BYTES)
    if (this.#filling !== null && this.#filling.endBytes + wanted > this.#roundBytes) this.#endFilling()
    this.#filling ??= {
      number: this.#nextNumber++,
      memory: this.#freeMemory.pop() ?? this.#disk.slab(this.#roundBytes),
      endBytes: ROUND_HEADER_BYTES,
      logs: [],
      ends: [],
      sums: [],
      lastRecordAt: 0,
      lastRecordLog: null,
      synced: makeSynced(),
    }
    return this.#filling
  }

  #endFilling(): void {
    this.#waiting.push(this.#filling as Round)
    this.#filling = null
  }

  /** Begins a round once the code that is appending now has finished: a request's partitions share it. */
  #start(): void {
    if (this.#starting || this.#committing !== null || this.#fault !== null) return
    this.#starting = true
    Promise.resolve().then(() => {
      this.#starting = false
      this.#commitNext()
    })
  }

  #commitNext(): void {
    if (this.#committing !== null || this.#fault !== null) return
    if (this.#waiting.length === 0 && this.#filling !== null) this.#endFilling()
    const round = this.#waiting[0]
    if (round === undefined) return
    const bytes = alignUp(round.endBytes, this.#disk.alignmentBytes)
    const place = this.#ring.place(round.number, bytes)
    this.#stalled = place === null
    if (place === null) {
      this.#onStalled()
      return
    }
    this.#waiting.shift()
    this.#committing = round
    round.memory.fill(0, round.endBytes, bytes)
    const payloadBytes = round.endBytes - ROUND_HEADER_BYTES
    const header = { number: round.number, lastSynced: this.#lastSynced, payloadBytes }
    sealRound(round.memory, this.#ringId, header, round.sums)
    if (planted('reply-before-sync')) tell(round)
    place.file.commit(place.position, round.memory.subarray(0, bytes)).then(
      () => this.#committed(round),
      fault => this.#onFault(fault),
    )
  }

  #committed(round: Round): void {
    if (this.#fault !== null) return
    assert(round.number === this.#lastSynced + 1, 'rounds are synced in order', { round: round.number })
    this.#lastSynced = round.number
    this.#committing = null
    // The disk works on the next round while those who waited for this one are told.
    this.#commitNext()
    tell(round)
    this.#freeMemory.push(round.memory)
    this.#onCommitted()
  }
}

function noteEnd(round: Round, log: Journaled, end: Offset): void {
  if (log.roundNumber === round.number) {
    round.ends[log.roundSlot] = end
    return
  }
  log.roundNumber = round.number
  log.roundSlot = round.logs.length
  round.logs.push(log)
  round.ends.push(end)
}

/** Durable ends first, so that whoever the promise wakes sees them. */
function tell(round: Round): void {
  for (let i = 0; i < round.logs.length; i++) (round.logs[i] as Journaled).roundSynced(round.ends[i] as Offset)
  round.synced.resolve()
}

function makeSynced(): PromiseWithResolvers<void> {
  const synced = Promise.withResolvers<void>()
  // With acks=0 nobody waits; the fault reaches the directory's owner through `onFault`.
  synced.promise.catch(() => {})
  return synced
}

function recordEpoch(memory: Uint8Array, at: number): LeaderEpoch {
  return (
    ((memory[at + 24] as number) << 24) |
    ((memory[at + 25] as number) << 16) |
    ((memory[at + 26] as number) << 8) |
    (memory[at + 27] as number)
  )
}
