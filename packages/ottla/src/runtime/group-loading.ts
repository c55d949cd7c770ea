/**
 * Reads the groups back from a partition of __consumer_offsets: every batch from the start of the log to its end, in
 * whatever codec, with as much in memory as one read and one batch take, in turns that let others run. What lies above the
 * high watermark is read too: it may come to be committed, and answers wait for that anyway.
 */
import { assert } from '../base/assert.ts'
import type { Offset } from '../base/units.ts'
import { decodeGroupRecord, type ReadRecord } from '../core/group/record-bytes.ts'
import type { Clock } from '../ports/clock.ts'
import type { LogRead } from '../storage/log-read.ts'
import { type BatchHeader, endOffset, isControl, isTransactional } from '../wire/batch/header.ts'
import { checkWalked, openBatch } from '../wire/batch/iterate.ts'
import { RecordCursor } from '../wire/batch/record-cursor.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import type { HostedPartition } from './hosted-partition.ts'
import { nextTurn } from './turns.ts'

/** Some milliseconds of decoding. */
const RECORDS_PER_TURN = 2000

export interface LoadOptions {
  readonly clock: Clock
  /** Read at once; one batch may be larger. Bytes. */
  readonly bufferBytes: number
  /** Asked now and then: false ends the reading early. */
  readonly isWanted: () => boolean
}

/**
 * Calls `visit` with the records in the order of the log. Rejects with a DiskFault when the log cannot be read, and with a
 * BatchError, CompressionError or GroupRecordError when what it holds cannot be understood: then nothing is known, because
 * what could not be read may be the newest.
 */
export async function readGroups(
  hosted: HostedPartition,
  options: LoadOptions,
  visit: (read: ReadRecord) => void,
): Promise<void> {
  const turns = new Turns(options.clock)
  let at = hosted.log.startOffset
  while (at < hosted.log.endOffset && options.isWanted()) {
    const read = await readAt(hosted, at, options.bufferBytes)
    if (read === null) continue
    try {
      if (read.bytes === 0) return
      for (const chunk of read.chunks) {
        const walk = new BatchWalk().reset(chunk, 0, chunk.length)
        while (walk.next()) {
          const end = endOffset(walk.header)
          await readBatch({ bytes: chunk, at: walk.position, header: walk.header }, turns, visit)
          at = end
        }
        assert(walk.stop === 'end', 'a log gives whole batches', { stop: walk.stop })
      }
    } finally {
      read.release()
    }
  }
}

/** Null: the log was moved to another directory meanwhile, and is to be asked there. */
async function readAt(hosted: HostedPartition, at: Offset, maxBytes: number): Promise<LogRead | null> {
  const { log } = hosted
  try {
    const reading = log.read(at, { upTo: log.endOffset, maxBytes, minOneBatch: true })
    return reading instanceof Promise ? await reading : reading
  } catch (fault) {
    if (hosted.log === log) throw fault
    return null
  }
}

async function readBatch(
  batch: { readonly bytes: Uint8Array; readonly at: number; readonly header: BatchHeader },
  turns: Turns,
  visit: (read: ReadRecord) => void,
): Promise<void> {
  // This broker takes no transactions; the groups of one that did are not opened here.
  if (isControl(batch.header) || isTransactional(batch.header)) return
  const cursor = openBatch(batch.bytes, batch.at, new RecordCursor())
  while (cursor.next()) {
    const key = cursor.key()
    const read = key === null ? null : decodeGroupRecord({ key, value: cursor.value() })
    if (read !== null) visit(read)
    if (turns.isOver()) await turns.next()
  }
  checkWalked(cursor, batch.header)
}

/** Counts records, for pauses. */
class Turns {
  readonly #clock: Clock
  #records = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isOver(): boolean {
    return ++this.#records % RECORDS_PER_TURN === 0
  }

  next(): Promise<void> {
    return nextTurn(this.#clock)
  }
}
