/**
 * The coordinator of consumer groups in this broker: has a GroupPartition for each partition of __consumer_offsets that it
 * leads, loads it, and sends requests to the one that has the group. Level-triggered, as the reconciler: `review` compares
 * what is with what should be. Decides nothing about groups (core/group), and does not make the topic (broker/api).
 */
import type { PartitionIndex } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import { coordinatorPartition, GROUP_OFFSETS_TOPIC } from '../core/group/coordinator-partition.ts'
import type { GroupRules, ReplyBody, RequestEvent } from '../core/group/events.ts'
import type { Group } from '../core/group/group.ts'
import { GroupRecordError } from '../core/group/record-bytes.ts'
import { refuse } from '../core/group/refusal.ts'
import type { ListedGroup } from '../core/group/views.ts'
import { type MetadataImage, type TopicImage, topicByName } from '../core/metadata/image.ts'
import type { Clock } from '../ports/clock.ts'
import { DiskFault } from '../ports/disk.ts'
import type { Observe } from '../ports/observe.ts'
import type { BrokerConfig } from '../spec/config/broker.ts'
import { BatchError, CompressionError } from '../wire/batch/errors.ts'
import type { CodecId } from '../wire/batch/header.ts'
import { GroupPartition, type GroupPartitionParts } from './group-partition.ts'
import { GroupSweeper } from './group-sweeper.ts'
import type { PartitionTable } from './partition-table.ts'
import type { Purgatory } from './purgatory.ts'
import type { GroupRead, GroupRequest, Groups, Partitions, ReplyTo, Waiter } from './services.ts'

/** Partitions loaded at a time. */
const LOADING_MAX = 4
/** A partition that could not be read, for want of descriptors maybe, is tried again after this. */
const LOAD_RETRY_MS = 10_000

export interface GroupCoordinatorParts {
  readonly config: BrokerConfig
  readonly clock: Clock
  readonly observe: Observe
  readonly purgatory: Purgatory
  readonly table: PartitionTable
  readonly partitions: Pick<Partitions, 'append'>
  /** As last applied. */
  readonly image: () => MetadataImage
  readonly fatal: (why: unknown) => void
}

export class GroupCoordinator implements Groups {
  readonly #parts: GroupCoordinatorParts
  readonly #partitionParts: GroupPartitionParts
  readonly #sweeper: GroupSweeper
  /** By index. */
  readonly #held = new Map<PartitionIndex, GroupPartition>()
  readonly #toLoad = new Set<GroupPartition>()
  readonly #loading = new Set<Promise<void>>()
  readonly #retries = new Set<() => void>()
  #lastRequest = 0
  #running = false

  constructor(parts: GroupCoordinatorParts) {
    const { config, clock, purgatory, partitions, fatal } = parts
    this.#parts = parts
    this.#partitionParts = {
      clock,
      purgatory,
      partitions,
      fatal,
      rules: rulesOf(config),
      codec: config.offsetsTopicCompressionCodec as CodecId,
      commitTimeoutMs: config.offsetsCommitTimeoutMs,
      loadBufferBytes: config.offsetsLoadBufferSize,
      onLost: () => this.review(),
    }
    this.#sweeper = new GroupSweeper({
      clock,
      intervalMs: config.offsetsRetentionCheckIntervalMs,
      sweep: what => this.#sweep(what),
      fatal,
    })
  }

  /** Begins to load what this broker leads. When it has registered: every partition has a new term from then on. */
  start(): void {
    this.#running = true
    this.#sweeper.start()
    this.review()
  }

  /** Another image was applied. `removed`: topics that are gone with it. */
  applied({ removed }: { readonly removed: ReadonlySet<Uuid> }): void {
    this.review()
    if (this.#running && removed.size > 0) this.#sweeper.wake()
  }

  /** Leaves the partitions that are lost, and begins to load those that are new. Call whenever something may have changed. */
  review(): void {
    if (!this.#running) return
    const topic = topicByName(this.#parts.image(), GROUP_OFFSETS_TOPIC)
    for (const [index, partition] of [...this.#held]) if (!this.#isOurs(topic, partition)) this.#leave(index, partition)
    topic?.partitions.forEach((_, index) => {
      const hosted = this.#held.has(index) ? undefined : this.#parts.table.get(topic.id, index)
      if (hosted === undefined) return
      const partition = new GroupPartition(this.#partitionParts, hosted)
      if (!partition.isCurrent) return
      this.#held.set(index, partition)
      this.#toLoad.add(partition)
    })
    this.#loadNext()
  }

  /** Everybody who waits is told that this is no coordinator any more. */
  async stop(): Promise<void> {
    this.#running = false
    for (const cancel of this.#retries) cancel()
    for (const [index, partition] of [...this.#held]) this.#leave(index, partition)
    await Promise.all([...this.#loading, this.#sweeper.stop()])
  }

  ask<Request extends GroupRequest>(groupId: string, request: Request, waiter: Waiter): Promise<ReplyTo<Request>> {
    const event = { ...request, request: ++this.#lastRequest } as unknown as RequestEvent
    const partition = this.#partitionOf(groupId)
    return new Promise(resolve => {
      let forget = () => {}
      let isAnswered = false
      const answer = (body: ReplyBody) => {
        isAnswered = true
        forget()
        resolve(body as ReplyTo<Request>)
      }
      if (partition === undefined) {
        answer(refuse(event, 'NOT_COORDINATOR').body)
        return
      }
      partition.ask(groupId, event, answer)
      // The others wait for the disk alone.
      const mayTakeLong = event.type === 'join' || event.type === 'sync'
      if (mayTakeLong && !isAnswered) forget = waiter.onClose(() => partition.giveUp(event.request))
    })
  }

  read<T>(groupId: string, view: (group: Group | null) => T): Promise<GroupRead<T>> {
    const partition = this.#partitionOf(groupId)
    return partition === undefined ? Promise.resolve({ error: 'NOT_COORDINATOR' }) : partition.read(groupId, view)
  }

  async list(): Promise<GroupRead<readonly ListedGroup[]>> {
    const listed: ListedGroup[] = []
    const reads = await Promise.all([...this.#held.values()].map(partition => partition.list()))
    for (const read of reads) {
      if (read.error === 'NONE') for (const group of read.value) listed.push(group)
      // Its groups are somebody else's to tell.
      else if (read.error !== 'NOT_COORDINATOR') return read
    }
    return { error: 'NONE', value: listed }
  }

  #partitionOf(groupId: string): GroupPartition | undefined {
    const topic = topicByName(this.#parts.image(), GROUP_OFFSETS_TOPIC)
    return topic === null ? undefined : this.#held.get(coordinatorPartition(groupId, topic.partitions.length))
  }

  #isOurs(topic: TopicImage | null, partition: GroupPartition): boolean {
    const { topicId, partition: index } = partition.hosted.log.id
    return topic?.id === topicId && partition.isCurrent && this.#parts.table.get(topicId, index) === partition.hosted
  }

  #leave(index: PartitionIndex, partition: GroupPartition): void {
    this.#held.delete(index)
    this.#toLoad.delete(partition)
    partition.leave()
  }

  #loadNext(): void {
    for (const partition of this.#toLoad) {
      if (this.#loading.size >= LOADING_MAX) return
      this.#toLoad.delete(partition)
      const loading = this.#load(partition)
        .catch(this.#parts.fatal)
        .then(() => {
          this.#loading.delete(loading)
          this.#loadNext()
        })
      this.#loading.add(loading)
    }
  }

  async #load(partition: GroupPartition): Promise<void> {
    const { clock, observe } = this.#parts
    const { partition: index } = partition.hosted.log.id
    const beganAt = clock.monoMs()
    try {
      await partition.load()
    } catch (error) {
      if (!isUnreadable(error)) throw error
      observe.log('error', 'groups.not-loaded', { partition: index, reason: error.message })
      if (error instanceof DiskFault) this.#retry(index, partition)
      else partition.fail()
      return
    }
    observe.log('debug', 'groups.loaded', { partition: index, ms: Math.round(clock.monoMs() - beganAt) })
    this.#sweeper.wake()
  }

  #retry(index: PartitionIndex, partition: GroupPartition): void {
    partition.fail()
    const cancel = this.#parts.clock.after(LOAD_RETRY_MS, () => {
      this.#retries.delete(cancel)
      if (this.#held.get(index) !== partition) return
      this.#leave(index, partition)
      this.review()
    })
    this.#retries.add(cancel)
  }

  async #sweep(what: { readonly expire: boolean }): Promise<void> {
    for (const partition of [...this.#held.values()]) await partition.sweep(this.#parts.image, what)
  }
}

/** The disk does not give the groups, or gives bytes that are none. Anything else is a Bug. */
function isUnreadable(error: unknown): error is Error {
  return (
    error instanceof DiskFault ||
    error instanceof GroupRecordError ||
    error instanceof BatchError ||
    error instanceof CompressionError
  )
}

function rulesOf(config: BrokerConfig): GroupRules {
  return {
    sessionTimeoutMsMin: config.groupMinSessionTimeoutMs,
    sessionTimeoutMsMax: config.groupMaxSessionTimeoutMs,
    initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
    groupSizeMax: config.groupMaxSize,
    offsetMetadataLengthMax: config.offsetMetadataMaxBytes,
    offsetsRetentionMs: config.offsetsRetentionMinutes * 60_000,
  }
}
