/**
 * Makes this broker be what the metadata image says: logs opened, created and deleted, roles entered, configs applied.
 * Level-triggered: it compares what is with what should be, so that a call too many changes nothing and one too few is
 * made good by the next. Decides nothing about the cluster.
 */
import { assert } from '../base/assert.ts'
import type { BrokerId } from '../base/units.ts'
import { type Uuid, ZERO_UUID } from '../base/uuid.ts'
import type { BrokerConfigInForce } from '../core/metadata/broker-config.ts'
import {
  ConfigResource,
  type MetadataImage,
  overridesOf,
  type PartitionImage,
  type TopicImage,
  topicById,
} from '../core/metadata/image.ts'
import type { Clock } from '../ports/clock.ts'
import { DiskFault } from '../ports/disk.ts'
import type { Observe } from '../ports/observe.ts'
import { resolveTopicConfig, type TopicConfig } from '../spec/config/topic.ts'
import { eachOf } from '../storage/env.ts'
import type { Log } from '../storage/log.ts'
import type { DataDirectories } from './data-directories.ts'
import { HostedPartition } from './hosted-partition.ts'
import { placeLog } from './log-place.ts'
import type { PartitionTable } from './partition-table.ts'
import type { ReplicaMoves } from './replica-moves.ts'

/** Logs opened or created at a time: enough to keep a disk busy, few enough to leave descriptors. */
const OPENING_MAX = 32
/** Partitions looked at before others get their turn: a change of a broker's config concerns all that it has. */
const PARTITIONS_PER_TURN = 250

export interface ReconcilerParts {
  readonly self: BrokerId
  readonly config: BrokerConfigInForce
  readonly directories: DataDirectories
  readonly table: PartitionTable
  readonly moves: Pick<ReplicaMoves, 'takePreferred' | 'resume' | 'abandon'>
  readonly clock: Clock
  readonly observe: Observe
}

export interface Change {
  /** Topics that may differ from what was applied before; everything when null. */
  readonly topics: ReadonlySet<Uuid> | null
  /** Topics that are gone for good: their logs are deleted. A log of a topic that is merely unknown is kept aside. */
  readonly removed: ReadonlySet<Uuid>
  /**
   * A log that should be here and is not: may it be made? Not when a directory that was here before is missing now,
   * because then the log is in there. Said of the partitions that are there by then; later changes do not take it back.
   */
  readonly mayCreate: boolean
}

export class Reconciler {
  readonly #parts: ReconcilerParts
  /** Partitions that may lie in a missing directory: not made anew as long as this process lives. */
  readonly #withheld = new Set<string>()
  /** Topics with partitions that could not be opened for want of room: looked at again with the next step. */
  #unopened = new Set<Uuid>()

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
  }

  /** Something lacks room that there may be later. */
  get isIncomplete(): boolean {
    return this.#unopened.size > 0
  }

  /** Calls must not overlap. A partition whose directory fails is left out and reported; the others are served. */
  async apply(image: MetadataImage, change: Change): Promise<void> {
    await this.#removeTopics(change)
    const { clock } = this.#parts
    const work: (() => Promise<void>)[] = []
    let begun = 0
    let turn = Promise.resolve()
    for (const topic of this.#topicsOf(image, change)) {
      const config = this.#configOf(image, topic)
      topic.partitions.forEach((partition, index) => {
        if (!partition.replicas.includes(this.#parts.self)) return
        work.push(async () => {
          await turn
          if (++begun % PARTITIONS_PER_TURN === 0) turn = new Promise(resolve => clock.after(0, resolve))
          await this.#applyPartition(topic, index, { config, mayCreate: change.mayCreate })
        })
      })
    }
    await eachOf(work, OPENING_MAX, task => task())
    if (change.topics === null) this.#reportStrays(image)
  }

  #topicsOf(image: MetadataImage, change: Change): Iterable<TopicImage> {
    const again = this.#unopened
    this.#unopened = new Set()
    if (change.topics === null) return image.topics.values()
    const ids = new Set([...change.topics, ...again])
    return [...ids].map(id => topicById(image, id)).filter(topic => topic !== null)
  }

  #configOf(image: MetadataImage, topic: TopicImage): TopicConfig {
    const overrides = overridesOf(image, ConfigResource.topic, topic.name)
    return resolveTopicConfig(this.#parts.config.at(image), overrides, topic.partitions[0]?.replicas.length ?? 1)
  }

  async #applyPartition(
    topic: TopicImage,
    index: number,
    how: { readonly config: TopicConfig; readonly mayCreate: boolean },
  ): Promise<void> {
    const { table, clock } = this.#parts
    const term = topic.partitions[index]
    assert(term !== undefined, 'a partition of the image is there', { topic: topic.name, index })
    try {
      const hosted = table.get(topic.id, index) ?? (await this.#open(topic, index, how))
      if (hosted === null) return
      if (hosted.config !== how.config) {
        hosted.configure(how.config)
        hosted.log.setConfig(how.config)
        hosted.mirror?.setConfig(how.config)
      }
      if (hosted.state.partitionEpoch !== term.partitionEpoch) hosted.enterTerm(term, clock.monoMs())
    } catch (fault) {
      if (!(fault instanceof DiskFault)) throw fault
      // Those pass; of any other the directory, or the log, is damaged until the next start.
      if (fault.code === 'ENOSPC' || fault.code === 'EMFILE') this.#unopened.add(topic.id)
      this.#offline(topic, index, fault.message)
    }
  }

  /** Null: its log is in a directory that is not there. */
  async #open(
    topic: TopicImage,
    index: number,
    how: { readonly config: TopicConfig; readonly mayCreate: boolean },
  ): Promise<HostedPartition | null> {
    const { directories, table, clock, observe, moves, self } = this.#parts
    const named = namedDirectory(topic.partitions[index], self)
    const placed = await placeLog(directories, { topicId: topic.id, partition: index, named, observe })
    let { log } = placed
    if (log === null) {
      const key = `${topic.id}/${index}`
      // Without files there is nothing that could be missing.
      if (placed.isMissing || (!how.mayCreate && how.config.durability !== 'memory')) this.#withheld.add(key)
      if (this.#withheld.has(key)) {
        this.#offline(topic, index, 'its log directory is missing')
        return null
      }
      const id = { topic: topic.name, topicId: topic.id, partition: index }
      const path = moves.takePreferred(topic.name, index)
      const wanted = directories.byId(named) ?? (path === null ? undefined : directories.at(path))
      log = await directories.create(id, how.config, wanted)
    } else log.setConfig(how.config)
    const hosted = await HostedPartition.open(log, { self, config: how.config, clock })
    table.add(hosted)
    if (placed.interrupted !== null) moves.resume(hosted, placed.interrupted)
    return hosted
  }

  #offline(topic: TopicImage, partition: number, reason: string): void {
    const { table, observe } = this.#parts
    if (table.get(topic.id, partition) === undefined) table.markOffline(topic.id, partition)
    observe.log('error', 'partition.offline', { topic: topic.name, partition, reason })
  }

  async #removeTopics(change: Change): Promise<void> {
    const { table, directories, moves } = this.#parts
    const gone = [...change.removed].flatMap(id => table.ofTopic(id))
    // A log takes its time to go: whoever waits is told before.
    for (const hosted of gone) {
      table.delete(hosted)
      hosted.close()
      moves.abandon(hosted)
    }
    for (const { log } of gone) await this.#removeLog(log)
    if (change.topics !== null || change.removed.size === 0) return
    for (const log of [...directories.logs(), ...directories.futures()]) {
      if (change.removed.has(log.id.topicId)) await this.#removeLog(log)
    }
  }

  async #removeLog(log: Log): Promise<void> {
    const { directories, observe } = this.#parts
    if (log.removed) return
    try {
      await directories.directoryOf(log).remove(log)
    } catch (fault) {
      if (!(fault instanceof DiskFault)) throw fault
      const { topic, partition } = log.id
      observe.log('error', 'log.remove-failed', { topic, partition, reason: fault.message })
    }
  }

  /** Logs of topics that the cluster does not know. Kept: only a removal that was recorded deletes data. */
  #reportStrays(image: MetadataImage): void {
    const { directories, self, observe } = this.#parts
    for (const log of directories.logs()) {
      const { topicId, partition, topic } = log.id
      if (topicById(image, topicId)?.partitions[partition]?.replicas.includes(self) === true) continue
      observe.log('warn', 'log.stray', { topic, partition, topicId })
    }
  }
}

/** All zero: this broker chooses. */
function namedDirectory(partition: PartitionImage | undefined, self: BrokerId): Uuid {
  return partition?.directories[partition.replicas.indexOf(self)] ?? ZERO_UUID
}
