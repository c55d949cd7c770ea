/** The producers, readers and consumer groups of an epoch, and what they share. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { History } from '../../../packages/ottla/src/sim/checkers/history.ts'
import type { BrokerLink } from './broker-link.ts'
import type { Place } from './fetching.ts'
import { drawMembers } from './group-draw.ts'
import { LaneWriter } from './lane-writer.ts'
import { LoadGroup } from './load-group.ts'
import type { LoadWorker } from './load-worker.ts'
import type { Measures } from './measures.ts'
import { Producer } from './producer.ts'
import { laneRulesOf, type ProducerKind, producerKinds } from './producer-kind.ts'
import { LoadReader } from './reader.ts'
import { INITIAL_REBALANCE_DELAY_MS_MAX } from './settings.ts'
import { partitionName, type Topic } from './topics.ts'

/** Two of each kind. */
const PRODUCERS_PER_KIND = 2
const BYTES_PER_SECOND_MIN = 500_000
const BYTES_PER_SECOND_MAX = 4_000_000
const PLACES_PER_PRODUCER_MAX = 3
const TAILS = 2
const WANDERERS = 2
const GROUPS = 2

export interface LoadOptions {
  readonly history: History
  readonly link: BrokerLink
  readonly measures: Measures
  readonly random: Prng
  readonly topics: readonly Topic[]
}

export class Load {
  readonly history: History
  readonly link: BrokerLink
  readonly measures: Measures
  /** All that the broker said it made. */
  readonly topics: Topic[]
  /** What ended a client and is no lost connection. */
  readonly failures: unknown[] = []
  readonly #random: Prng
  readonly #producers: Producer[] = []
  readonly #readers: LoadReader[] = []
  readonly #groups: LoadGroup[] = []
  readonly #producerIds = new Map<bigint, string>()
  #producersMade = 0
  #whenAcknowledged: (() => void) | null = null

  constructor(options: LoadOptions) {
    this.history = options.history
    this.link = options.link
    this.measures = options.measures
    this.#random = options.random
    this.topics = [...options.topics]
    for (const { topic, partition } of this.places()) {
      this.history.partition(partitionName(topic.name, partition), topic.compaction)
    }
    for (let round = 0; round < PRODUCERS_PER_KIND; round++) {
      for (const kind of producerKinds) this.#addProducer(kind)
    }
    for (let i = 0; i < TAILS + WANDERERS; i++) this.#addReader(i < TAILS ? `tail-${i}` : `wanderer-${i}`, i >= TAILS)
    for (let i = 0; i < GROUPS; i++) this.#addGroup(`group-${i}`)
  }

  start(): void {
    for (const client of this.#all()) client.start()
  }

  /** Resolves when no request of a producer or reader is out. */
  async pause(): Promise<void> {
    await Promise.all([...this.#producers, ...this.#readers].map(client => client.pause()))
  }

  /** Resolves when every group is at rest, with all it committed; or not in time, which is noted. Until it goes on. */
  async groupsAtRest(): Promise<void> {
    await Promise.all(this.#groups.map(group => group.pause()))
  }

  /** Resolves when every group was at rest once since the broker serves. */
  async groupsRested(): Promise<void> {
    await Promise.all(this.#groups.map(group => group.rested()))
  }

  goOn(): void {
    for (const client of this.#all()) client.goOn()
  }

  async stop(): Promise<void> {
    this.link.over()
    await Promise.allSettled(this.#all().map(client => client.stop()))
    for (const { gone } of this.history.partitions()) this.measures.compactedRecords += gone.size
    this.measures.commits += this.#groups.reduce((sum, group) => sum + group.acknowledged, 0)
  }

  /** One producer ends for good, another of its kind begins: with new ids, while the old one's batches stay as they are. */
  async replaceProducer(): Promise<void> {
    const index = this.#random.int(0, this.#producers.length - 1)
    const [old] = this.#producers.splice(index, 1)
    if (old === undefined) return
    await old.stop()
    this.#addProducer(old.kind).start()
  }

  /** Resolves at the next acknowledgement of anything. */
  nextAcknowledgement(): Promise<void> {
    return new Promise(resolve => {
      this.#whenAcknowledged = resolve
    })
  }

  acknowledged(records: number, bytes: number): void {
    this.measures.acknowledgedRecords += records
    this.measures.acknowledgedBytes += bytes
    this.#whenAcknowledged?.()
    this.#whenAcknowledged = null
  }

  /** A producer id is given out once, whatever happens between. */
  claimProducerId(producerId: bigint, producer: string): void {
    const owner = this.#producerIds.get(producerId)
    if (owner !== undefined) {
      this.history.unexpected('-', `producer id ${producerId} was given to ${owner} and then to ${producer}`)
    }
    this.#producerIds.set(producerId, producer)
  }

  failed(error: unknown): void {
    this.failures.push(error)
  }

  places(): Place[] {
    return this.topics.flatMap(topic =>
      Array.from({ length: topic.partitions }, (_, partition) => ({ topic, partition })),
    )
  }

  #all(): LoadWorker[] {
    return [...this.#producers, ...this.#readers, ...this.#groups]
  }

  #addGroup(groupId: string): void {
    const random = this.#random.fork(groupId)
    const topic = random.pick(this.topics)
    const members = drawMembers(random, groupId)
    const initialDelayMsMax = INITIAL_REBALANCE_DELAY_MS_MAX
    this.#groups.push(new LoadGroup(this, { groupId, topic, members, initialDelayMsMax, random }))
  }

  #addProducer(kind: ProducerKind): Producer {
    const random = this.#random.fork('producer')
    const name = `${kind.name}-${this.#producersMade++}`
    // What nobody waits for may come while everything is read back, and compaction then takes what it replaces.
    const fitting = this.places().filter(({ topic }) => kind.acks !== 0 || topic.compaction === null)
    const shuffled = random.shuffle(fitting)
    // Small batches to a few partitions only: without a preference the cleaner would wait for something to do.
    if (random.chance(0.5)) shuffled.sort((a, b) => Number(isCompacted(b)) - Number(isCompacted(a)))
    const places = shuffled.slice(0, random.int(1, PLACES_PER_PRODUCER_MAX))
    const writers = places.map(place => {
      const lane = this.history.lane(partitionName(place.topic.name, place.partition), laneRulesOf(kind, name))
      return new LaneWriter({ ...place, lane }, kind, random)
    })
    const bytesPerSecond = random.int(BYTES_PER_SECOND_MIN, BYTES_PER_SECOND_MAX)
    const producer = new Producer(this, { name, kind, writers, byId: random.chance(0.5), bytesPerSecond })
    this.#producers.push(producer)
    return producer
  }

  #addReader(name: string, wanders: boolean): void {
    const random = this.#random.fork('reader')
    const places = random.shuffle(this.places()).slice(0, wanders ? PLACES_PER_PRODUCER_MAX : Number.POSITIVE_INFINITY)
    this.#readers.push(new LoadReader(this, { name, places, wanders, byId: random.chance(0.5), random }))
  }
}

function isCompacted({ topic }: Place): boolean {
  return topic.compaction !== null
}
