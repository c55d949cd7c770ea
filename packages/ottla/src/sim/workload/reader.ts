/**
 * A reader that follows one partition, now and then jumps to some older offset, and now and then asks where a time
 * begins. It checks that what it is given begins where it asked and has no holes; the rest is the history's.
 */
import type { Offset } from '../../base/units.ts'
import type { Connection } from '../../client/connection.ts'
import type { ReaderCheck } from '../checkers/reader.ts'
import { Actor, type ActorParts, type Curtain, mayRetry, rethrowUnlessConnection } from './actor.ts'
import { EARLIEST, type FetchReply, fetchFrom, listOffset } from './fetching.ts'
import type { Place } from './places.ts'

const FETCH_BYTES = [200, 2_000, 50_000, 1_000_000] as const
/** Fetch versions in different shapes: the oldest that may carry zstd, with sessions, by topic id, newest. */
const VERSIONS = [10, 11, 12, 13, undefined] as const

export class Reader {
  readonly #actor: Actor
  readonly #place: Place
  #check: ReaderCheck
  #losses: number
  #checks = 0

  constructor(name: string, parts: ActorParts, { place, curtain }: { place: Place; curtain: Curtain }) {
    this.#actor = new Actor(name, parts, curtain)
    this.#place = place
    this.#losses = place.losses
    this.#check = this.#newCheck(0)
  }

  /** Resolves soon after the curtain closed. */
  async run(): Promise<void> {
    const { rng, curtain } = this.#actor
    while (!curtain.isClosing) {
      const connection = await this.#actor.connection()
      try {
        if (this.#losses !== this.#place.losses) await this.#moveToStart(connection)
        else if (rng.chance(0.15)) this.#check = this.#newCheck(this.#somewhere())
        else if (rng.chance(0.1)) await this.#askTime(connection)
        await this.#fetch(connection)
      } catch (error) {
        rethrowUnlessConnection(error)
        await this.#actor.backoff()
      }
      if (rng.chance(0.3)) await this.#actor.sleep(rng.int(0, 200))
    }
    this.#actor.hangUp()
  }

  #newCheck(from: Offset): ReaderCheck {
    return this.#actor.history.reader(`${this.#actor.name}#${++this.#checks}`, this.#place.history.name, from)
  }

  #somewhere(): Offset {
    const { startOffsetMax, knownEndOffset } = this.#place.history
    return this.#actor.rng.int(Math.min(startOffsetMax, knownEndOffset), knownEndOffset)
  }

  async #fetch(connection: Connection): Promise<void> {
    const { rng } = this.#actor
    const check = this.#check
    const losses = this.#place.losses
    const position = check.nextOffset
    check.asks()
    const version = rng.pick(VERSIONS)
    const reply = await fetchFrom(connection, this.#place, position, {
      maxWaitMs: rng.int(0, 300),
      maxBytes: rng.pick(FETCH_BYTES),
      ...(version === undefined ? {} : { version }),
    })
    // Asked of a past that a power cut has since taken.
    if (losses !== this.#place.losses) return
    if (reply.error === 'NONE') this.#take(check, position, reply)
    else if (reply.error === 'OFFSET_OUT_OF_RANGE') await this.#outOfRange(connection, position)
    else if (mayRetry(reply.error)) await this.#actor.backoff()
    else this.#unexpected(`fetch at ${position} was answered ${reply.error}`)
  }

  #take(check: ReaderCheck, position: Offset, { highWatermark, records, nextOffset }: FetchReply): void {
    check.told(highWatermark)
    if (this.#place.topic.compaction !== null) {
      for (const { offset, mark } of records) check.reads(offset, mark)
      check.skipsTo(nextOffset)
      return
    }
    if (records.length === 0 && position < highWatermark) {
      this.#unexpected(`nothing was given at ${position}, with the high watermark at ${highWatermark}`)
    }
    let expected = position
    for (const { offset, mark } of records) {
      if (offset !== expected) this.#unexpected(`${offset} was given where ${expected} was next`)
      check.reads(offset, mark)
      expected = offset + 1
    }
  }

  /** Right only where a deletion overtook the reader. */
  async #outOfRange(connection: Connection, position: Offset): Promise<void> {
    const { startOffsetMax } = this.#place.history
    if (position >= startOffsetMax)
      this.#unexpected(`${position} is out of range; the log may begin at ${startOffsetMax}`)
    await this.#moveToStart(connection)
  }

  async #moveToStart(connection: Connection): Promise<void> {
    const losses = this.#place.losses
    const start = await listOffset(connection, this.#place, EARLIEST)
    if (start.error !== 'NONE') {
      if (!mayRetry(start.error)) this.#unexpected(`the start was answered ${start.error}`)
      return this.#actor.backoff()
    }
    this.#losses = losses
    this.#check = this.#newCheck(start.offset)
  }

  /** The first record at or after a time must be one, and the record before it must be older. */
  async #askTime(connection: Connection): Promise<void> {
    const { clock, rng } = this.#actor
    const losses = this.#place.losses
    const time = clock.wallMs() - rng.int(0, 20_000)
    const answer = await listOffset(connection, this.#place, time)
    if (answer.error !== 'NONE' || answer.offset < 0) return
    const from = Math.max(this.#place.history.startOffsetMax, answer.offset - 1)
    const reply = await fetchFrom(connection, this.#place, from, { maxWaitMs: 0, maxBytes: 50_000 })
    if (reply.error !== 'NONE' || losses !== this.#place.losses) return
    for (const { offset, timestampMs } of reply.records) {
      if (offset === answer.offset && timestampMs < time) {
        this.#unexpected(`offset ${offset} of ${timestampMs} was named as the first at or after ${time}`)
      }
      if (offset < answer.offset && timestampMs >= time) {
        this.#unexpected(
          `offset ${offset} of ${timestampMs} lies before ${answer.offset}, the first at or after ${time}`,
        )
      }
    }
  }

  #unexpected(what: string): void {
    this.#actor.history.unexpected(this.#place.history.name, `${this.#actor.name}: ${what}`)
  }
}
