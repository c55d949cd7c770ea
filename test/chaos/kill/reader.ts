/**
 * Readers under load: one kind follows the end of its partitions through all restarts, the other wanders through what was
 * written before, so that what was once served is asked for again and again.
 */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import type { ReaderCheck } from '../../../packages/ottla/src/sim/checkers/reader.ts'
import { errorNameOf } from '../../../packages/ottla/src/spec/errors.ts'
import type { FetchPartitionData } from '../../../packages/ottla/src/wire/gen/fetch.ts'
import { pause } from './bell.ts'
import { visitFetched } from './fetched-records.ts'
import { fetchFrom, type Place } from './fetching.ts'
import type { Load } from './load.ts'
import { LoadWorker } from './load-worker.ts'
import { partitionName } from './topics.ts'

const MAX_WAIT_MS = 100
const MAX_BYTES = 2 * 1024 * 1024
const PARTITION_MAX_BYTES = 256 * 1024
const BACKOFF_MS = 20
/** A wanderer takes some of the processor from the broker: it rests between its reads. */
const WANDER_REST_MS = 20
/** A starting or stopping broker says these. */
const RETRIABLE: ReadonlySet<string | null> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'OFFSET_NOT_AVAILABLE',
])

/** One partition as one reader sees it. */
interface Spot {
  readonly place: Place
  check: ReaderCheck
}

export interface ReaderOptions {
  readonly name: string
  readonly places: readonly Place[]
  readonly wanders: boolean
  readonly byId: boolean
  readonly random: Prng
}

export class LoadReader extends LoadWorker {
  readonly #options: ReaderOptions
  readonly #spots: readonly Spot[]
  #isReading = false

  constructor(load: Load, options: ReaderOptions) {
    super(load, options.name)
    this.#options = options
    this.#spots = options.places.map(place => ({ place, check: this.#checkFrom(place, 0) }))
  }

  protected get isBusy(): boolean {
    return this.#isReading
  }

  protected async disconnected(): Promise<void> {
    this.#isReading = false
    this.bell.ring()
  }

  protected async workOver(connection: Connection): Promise<void> {
    while (connection.isOpen && !this.isStopped) {
      const rest = this.bell.next()
      if (this.isPaused) {
        await rest
        continue
      }
      this.#isReading = true
      const isFine = await this.#readOnce(connection)
      this.#isReading = false
      this.bell.ring()
      if (!isFine) await pause(BACKOFF_MS)
      else if (this.#options.wanders) await pause(WANDER_REST_MS)
    }
  }

  /** False when something was not there yet. */
  async #readOnce(connection: Connection): Promise<boolean> {
    const wanted = this.#spots.map(({ place, check }) => ({ ...place, from: check.nextOffset }))
    for (const { check } of this.#spots) check.asks()
    const { byId } = this.#options
    const limits = { maxWaitMs: MAX_WAIT_MS, maxBytes: MAX_BYTES, partitionMaxBytes: PARTITION_MAX_BYTES }
    const answers = await fetchFrom(connection, wanted, { ...limits, byId })
    let isFine = true
    this.#spots.forEach((spot, i) => {
      if (!this.#take(spot, answers[i] ?? null)) isFine = false
    })
    return isFine
  }

  #take(spot: Spot, answer: FetchPartitionData | null): boolean {
    const error = answer === null ? null : errorNameOf(answer.errorCode)
    if (answer === null || error !== 'NONE') return this.#takeError(spot, error)
    const { check } = spot
    check.told(answer.highWatermark)
    const from = check.nextOffset
    const { compaction } = check.partition
    const range = { from, end: Number.POSITIVE_INFINITY, compaction }
    const { nextOffset, problem } = visitFetched(answer.records ?? new Uint8Array(0), range, (offset, mark) => {
      check.reads(offset, mark)
      this.load.measures.readRecords++
    })
    if (problem !== null) this.load.history.unexpected(check.partition.name, `${check.name} was given: ${problem}`)
    if (compaction !== null) check.skipsTo(nextOffset)
    // Nothing may be left of the end of a compacted partition.
    const isAtEnd = check.nextOffset >= answer.highWatermark || check.nextOffset === from
    if (this.#options.wanders && isAtEnd) {
      const anywhere = this.#options.random.int(check.partition.startOffsetMax, answer.highWatermark)
      spot.check = this.#checkFrom(spot.place, anywhere)
    }
    return true
  }

  #takeError(spot: Spot, error: string | null): boolean {
    if (RETRIABLE.has(error)) return false
    const { check, place } = spot
    const { name, startOffsetMax } = check.partition
    const wasDeleted = error === 'OFFSET_OUT_OF_RANGE' && check.nextOffset < startOffsetMax
    if (!wasDeleted) {
      const what = `${check.name} asked for ${check.nextOffset} and was answered ${error ?? 'not at all'}`
      this.load.history.unexpected(name, what)
    }
    spot.check = this.#checkFrom(place, startOffsetMax)
    return false
  }

  #checkFrom({ topic, partition }: Place, from: number): ReaderCheck {
    return this.load.history.reader(this.name, partitionName(topic.name, partition), from)
  }
}
