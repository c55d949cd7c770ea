/**
 * Uses one log of storage as a partition host would, at random: appends, reads, cuts the end, moves the start, asks for
 * times, and compares every answer with the model. Lives inside the simulated process; the model outlives it.
 */
import type { Prng } from '../../base/random.ts'
import type { Offset } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Observe } from '../../ports/observe.ts'
import type { Log } from '../../storage/log.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { emptyBatchHeader, HEADER_BYTES, readBatchHeader } from '../../wire/batch/header.ts'
import type { Violations } from '../checkers/violation.ts'
import type { CurtainView } from './actor.ts'
import type { FoundLog, LogModel, ModelBatch, PendingChange } from './log-model.ts'

const builder = new BatchBuilder()
const READ_BYTES = [100, 3_000, 60_000] as const
const RECORDS_MAX = 12

export interface LogUserParts {
  readonly directory: LogDirectory
  readonly log: Log
  readonly model: LogModel
  readonly clock: Clock
  readonly rng: Prng
  readonly violations: Violations
  readonly observe: Observe
  readonly valueBytesMax: number
}

export class LogUser {
  readonly #parts: LogUserParts
  #cuts = 0

  constructor(parts: LogUserParts) {
    this.#parts = parts
    const { log, model } = parts
    log.attach({
      highWatermark: () => Math.max(log.startOffset, Math.min(model.safeEndOffset, log.endOffset)),
      producers: () => ({ offset: log.endOffset, entries: [] }),
      durable: endOffset => model.safe(Math.min(endOffset, model.endOffset)),
    })
  }

  /** Until the curtain closes. */
  async run(curtain: CurtainView): Promise<void> {
    const { rng, directory } = this.#parts
    while (!curtain.isClosing) {
      await this.sleep(rng.int(0, 30))
      if (curtain.isClosing) return
      const choice = rng.int(0, 99)
      if (choice < 60) await this.#append(rng.int(1, 8))
      else if (choice < 80) await this.#read()
      else if (choice < 88) await this.#askTime()
      else if (choice < 93) await this.#truncate()
      else if (choice < 97) await this.#advanceStart()
      else await directory.runRetention(this.#parts.clock.wallMs())
      this.#followRetention()
    }
  }

  /** Retention moves the start whenever somebody runs it for the directory. */
  #followRetention(): void {
    const { log, model } = this.#parts
    if (!model.retains || log.startOffset <= model.startOffset) return
    model.startMoved(log.startOffset)
    this.#cuts++
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.#parts.clock.after(ms, resolve))
  }

  async #append(count: number): Promise<void> {
    const { log, rng, directory } = this.#parts
    const waits: Promise<void>[] = []
    for (let i = 0; i < count && directory.hasRoom(); i++) {
      const { batch, durable } = this.#appendOne()
      waits.push(durable.then(() => this.#wasSafe(batch.endOffset)))
      waits.at(-1)?.catch(() => {})
    }
    if (rng.chance(0.7)) await Promise.all(waits)
    if (log.fault !== null) throw log.fault
  }

  #appendOne(): { batch: ModelBatch; durable: Promise<void> } {
    const { log, model, rng, clock, valueBytesMax } = this.#parts
    const timestamps = Array.from({ length: rng.int(1, RECORDS_MAX) }, () => clock.wallMs() - rng.int(0, 2_000))
    for (const timestamp of timestamps) builder.append(null, rng.bytes(rng.int(1, valueBytesMax)), [], timestamp)
    const baseOffset = model.endOffset
    const bytes = builder.build({ baseOffset, leaderEpoch: 1 })
    const header = emptyBatchHeader()
    readBatchHeader(bytes, 0, header)
    const batch = { baseOffset, endOffset: baseOffset + timestamps.length, timestamps, bytes: bytes.slice() }
    model.appended(batch)
    return { batch, durable: log.append(bytes, header) }
  }

  #wasSafe(endOffset: Offset): void {
    const { log } = this.#parts
    if (log.durableEndOffset < endOffset)
      this.#unexpected(`an append up to ${endOffset} resolved before it was durable`)
  }

  async #read(): Promise<void> {
    const { log, model, rng } = this.#parts
    this.#followRetention()
    if (model.endOffset <= model.startOffset) return
    const from = rng.int(model.startOffset, model.endOffset - 1)
    const upTo = rng.int(from + 1, model.endOffset)
    const cuts = this.#cuts
    const read = await log.read(from, { upTo, maxBytes: rng.pick(READ_BYTES), minOneBatch: true })
    const batches = read.chunks.flatMap(batchesIn)
    this.#followRetention()
    if (cuts === this.#cuts) {
      const fitting = model.batches.filter(batch => batch.endOffset > from)
      const expectsSome = (fitting[0]?.endOffset ?? upTo + 1) <= upTo
      if (batches.length === 0 && expectsSome) this.#unexpected(`nothing is read at ${from}`)
      batches.forEach(({ baseOffset, bytes }, i) => {
        const expected = fitting[i]
        if (expected?.baseOffset !== baseOffset || Buffer.compare(expected.bytes, bytes) !== 0) {
          this.#unexpected(`reading ${from} gave another batch at ${baseOffset} than was appended there`)
        }
      })
    }
    read.release()
  }

  async #askTime(): Promise<void> {
    const { log, model, rng, clock } = this.#parts
    this.#followRetention()
    const time = clock.wallMs() - rng.int(0, 10_000)
    const cuts = this.#cuts
    const upTo = model.endOffset
    const answer = await log.offsetForTimestamp(time, upTo)
    this.#followRetention()
    if (cuts !== this.#cuts) return
    const expected = model.offsetForTimestamp(time, upTo)
    if ((answer?.offset ?? null) !== expected) {
      this.#unexpected(`the first record at or after ${time} is ${expected}, the answer was ${answer?.offset ?? null}`)
    }
  }

  /** At the end of some batch, as a follower does that finds its leader's log shorter. */
  async #truncate(): Promise<void> {
    const { log, model, rng } = this.#parts
    // Retention may move the start past the cut while the cut waits for its turn.
    if (model.retains) return
    const ends = model.batches.map(batch => batch.endOffset).filter(end => end >= model.startOffset)
    if (ends.length === 0) return
    const offset = rng.pick(ends.slice(-10))
    this.#cuts++
    await this.#change('truncate', offset, () => log.truncateTo(offset))
    if (log.endOffset !== offset) this.#unexpected(`cut to ${offset}, ends at ${log.endOffset}`)
  }

  async #advanceStart(): Promise<void> {
    const { log, model, rng } = this.#parts
    this.#followRetention()
    const offset = rng.int(model.startOffset, Math.max(model.startOffset, model.safeEndOffset))
    this.#cuts++
    await this.#change('start', offset, () => log.advanceStart(offset))
    if (log.startOffset < offset) this.#unexpected(`told to begin at ${offset}, begins at ${log.startOffset}`)
  }

  async #change(kind: PendingChange['kind'], offset: Offset, change: () => Promise<void>): Promise<void> {
    const { model, observe } = this.#parts
    const from = model.endOffset
    model.begins({ kind, offset })
    await change()
    model.done()
    observe.log('info', `model.${kind}`, { log: model.name, from, offset })
  }

  #unexpected(what: string): void {
    this.#parts.violations.add('unexpected', this.#parts.model.name, what)
  }
}

/** Everything in the log, from the batch that holds its start on. */
export async function readWhole(log: Log): Promise<FoundLog> {
  const batches: { baseOffset: Offset; bytes: Uint8Array }[] = []
  for (let next = log.startOffset; next < log.endOffset; ) {
    const read = await log.read(next, { upTo: log.endOffset, maxBytes: 100_000, minOneBatch: true })
    const found = read.chunks.flatMap(batchesIn)
    read.release()
    const last = found.at(-1)
    if (last === undefined) break
    batches.push(...found)
    next = last.endOffset
  }
  return { startOffset: log.startOffset, endOffset: log.endOffset, batches }
}

/** Copies: the chunk's memory is lent. */
function batchesIn(chunk: Uint8Array): { baseOffset: Offset; endOffset: Offset; bytes: Uint8Array }[] {
  const found: { baseOffset: Offset; endOffset: Offset; bytes: Uint8Array }[] = []
  const header = emptyBatchHeader()
  for (let at = 0; at + HEADER_BYTES <= chunk.length; at += header.sizeBytes) {
    readBatchHeader(chunk, at, header)
    const { baseOffset, lastOffsetDelta, sizeBytes } = header
    found.push({ baseOffset, endOffset: baseOffset + lastOffsetDelta + 1, bytes: chunk.slice(at, at + sizeBytes) })
  }
  return found
}
