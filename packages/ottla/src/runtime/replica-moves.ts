/**
 * The moves of partitions between the log directories of this broker: who is on the way where, one copy into each
 * directory at a time, all together no faster than `replica.alter.log.dirs.io.max.bytes.per.second`. A move is remembered
 * by the folder of its future: what a stop or a crash interrupts begins again with the next start. Answers are Kafka's.
 * Source: KIP-113; Kafka ReplicaManager.alterReplicaLogDirs.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Clock } from '../ports/clock.ts'
import { DiskFault } from '../ports/disk.ts'
import type { Observe } from '../ports/observe.ts'
import type { WireErrorName } from '../spec/errors.ts'
import { CopyPace } from '../storage/copy-pace.ts'
import { FOLDER_NAME_CHARS_MAX, FUTURE_SUFFIX_CHARS, folderName } from '../storage/kafka-files.ts'
import type { Log } from '../storage/log.ts'
import { futureStart } from '../storage/log-copy.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { DataDirectories } from './data-directories.ts'
import { faultToWire } from './faults.ts'
import type { HostedPartition } from './hosted-partition.ts'
import type { PartitionTable } from './partition-table.ts'
import { ReplicaMove } from './replica-move.ts'
import type { ReplicaPlaces } from './services.ts'

/** Partitions that are not here and whose directory is remembered; with more, the one asked for first is forgotten. */
const PREFERRED_MAX = 10_000

export interface ReplicaMovesParts {
  readonly table: PartitionTable
  readonly directories: DataDirectories
  readonly clock: Clock
  readonly observe: Observe
  /** In force now. */
  readonly bytesPerSecond: () => number
  /** Records where a partition lies. Null: nobody answered, and it is not known whether it is recorded. */
  readonly assign: (topicId: Uuid, partition: number, directory: Uuid) => Promise<WireErrorName | null>
  readonly fatal: (why: unknown) => void
}

interface Moving {
  readonly hosted: HostedPartition
  readonly target: LogDirectory
  future: Log
  /** Null while it waits for its turn. */
  move: ReplicaMove | null
  /** Not wanted any more. */
  isCancelled: boolean
  /** Resolves when nothing of the move is left, or when it is done. */
  readonly over: PromiseWithResolvers<void>
}

export class ReplicaMoves implements ReplicaPlaces {
  readonly #parts: ReplicaMovesParts
  readonly #pace: CopyPace
  readonly #moving = new Map<string, Moving>()
  /** In the order of asking, with the one that is copied in front. */
  readonly #lanes = new Map<LogDirectory, Moving[]>()
  /** Requests for a partition are answered one after the other. */
  readonly #requests = new Map<string, Promise<unknown>>()
  readonly #preferred = new Map<string, string>()
  #state: 'waiting' | 'running' | 'stopped' = 'waiting'

  constructor(parts: ReplicaMovesParts) {
    this.#parts = parts
    this.#pace = new CopyPace(parts.clock, parts.bytesPerSecond)
  }

  /** Moves may be recorded from now on. */
  start(): void {
    this.#state = 'running'
    for (const target of this.#lanes.keys()) this.#pump(target)
  }

  /** What is under way is left to the next start. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    const running = [...this.#moving.values()].filter(({ move }) => move !== null)
    for (const { move } of running) move?.leave()
    await Promise.all([...running.map(({ over }) => over.promise), ...this.#requests.values()])
  }

  move(topic: string, partition: number, path: string): Promise<WireErrorName> {
    return this.#inTurn(folderName(topic, partition), () => this.#move(topic, partition, path))
  }

  /** Where a partition that is made now was wanted, before it was there. Asked once. */
  takePreferred(topic: string, partition: number): string | null {
    const name = folderName(topic, partition)
    const path = this.#preferred.get(name) ?? null
    this.#preferred.delete(name)
    return path
  }

  /** A move that was interrupted begins again, unless another one did. Its old future is gone. */
  resume(hosted: HostedPartition, target: LogDirectory): void {
    const { topic, partition } = hosted.log.id
    const begin = async () => {
      const isMoving = this.#moving.has(keyOf(hosted)) || this.#parts.directories.directoryOf(hosted.log) === target
      if (!isMoving && !hosted.closed) await this.#begin(hosted, target)
    }
    this.#inTurn(folderName(topic, partition), begin).then(undefined, fault => {
      if (fault instanceof DiskFault) this.#report(hosted.log, target, fault.message)
      else this.#parts.fatal(fault)
    })
  }

  /** The partition was deleted: so is its future, soon. */
  abandon(hosted: HostedPartition): void {
    const moving = this.#moving.get(keyOf(hosted))
    if (moving !== undefined) this.#cancel(moving)
  }

  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#requests.get(name)
    const done = before === undefined ? work() : before.then(work)
    const settled = done.then(
      () => {},
      () => {},
    )
    this.#requests.set(name, settled)
    try {
      return await done
    } finally {
      if (this.#requests.get(name) === settled) this.#requests.delete(name)
    }
  }

  async #move(topic: string, partition: number, path: string): Promise<WireErrorName> {
    const { directories, table } = this.#parts
    if (folderName(topic, partition).length + FUTURE_SUFFIX_CHARS > FOLDER_NAME_CHARS_MAX) {
      return 'INVALID_TOPIC_EXCEPTION'
    }
    const target = directories.at(path)
    if (target === undefined) {
      return directories.failedAtStart.includes(path) ? 'KAFKA_STORAGE_ERROR' : 'LOG_DIR_NOT_FOUND'
    }
    if (target.fault !== null) return 'KAFKA_STORAGE_ERROR'
    const hosted = table.resolve({ topic, topicId: null, partition })
    if (typeof hosted === 'string') return this.#notHere(topic, partition, { path, error: hosted })
    const moving = this.#moving.get(keyOf(hosted))
    if (moving?.target === target && !moving.isCancelled) return 'NONE'
    if (moving !== undefined) {
      this.#cancel(moving)
      await Promise.race([moving.over.promise, moving.move?.unanswered ?? moving.over.promise])
      // Until it is known whether the metadata has that move, both logs count.
      if (this.#moving.has(keyOf(hosted)) || this.#state === 'stopped') return 'KAFKA_STORAGE_ERROR'
    }
    if (directories.directoryOf(hosted.log) === target) return 'NONE'
    try {
      await this.#begin(hosted, target)
      return 'NONE'
    } catch (fault) {
      return faultToWire(fault)
    }
  }

  #notHere(
    topic: string,
    partition: number,
    { path, error }: { readonly path: string; readonly error: WireErrorName },
  ): WireErrorName {
    if (error !== 'UNKNOWN_TOPIC_OR_PARTITION' && error !== 'NOT_LEADER_OR_FOLLOWER') return error
    const name = folderName(topic, partition)
    this.#preferred.delete(name)
    this.#preferred.set(name, path)
    const [oldest] = this.#preferred.keys()
    if (this.#preferred.size > PREFERRED_MAX && oldest !== undefined) this.#preferred.delete(oldest)
    return error === 'NOT_LEADER_OR_FOLLOWER' ? 'REPLICA_NOT_AVAILABLE' : error
  }

  /** Resolves when the future is there, durably. Rejects with a DiskFault. */
  async #begin(hosted: HostedPartition, target: LogDirectory): Promise<void> {
    const { log } = hosted
    log.followed = true
    try {
      const { topicId, partition } = log.id
      // What could not be removed: a future that was given up, or the log from before it moved away.
      for (const old of [target.findFuture(topicId, partition), target.find(topicId, partition)]) {
        if (old !== undefined) await target.remove(old)
      }
      const future = await target.createFuture(log.id, futureStart(log))
      const over = Promise.withResolvers<void>()
      const moving: Moving = { hosted, target, future, move: null, isCancelled: false, over }
      this.#moving.set(keyOf(hosted), moving)
      const lane = this.#lanes.get(target) ?? []
      this.#lanes.set(target, lane)
      lane.push(moving)
      if (hosted.closed) this.#cancel(moving)
      this.#pump(target)
    } catch (error) {
      log.followed = false
      throw error
    }
  }

  #cancel(moving: Moving): void {
    moving.isCancelled = true
    moving.move?.stop()
    this.#pump(moving.target)
  }

  #pump(target: LogDirectory): void {
    const lane = this.#lanes.get(target) ?? []
    // What is not wanted any more does not wait for its turn.
    for (const moving of lane.filter(({ move, isCancelled }) => move === null && isCancelled)) {
      lane.splice(lane.indexOf(moving), 1)
      this.#end(moving).then(undefined, this.#parts.fatal)
    }
    const [first] = lane
    if (first === undefined || first.move !== null || this.#state !== 'running') return
    this.#run(first).then(() => {
      lane.splice(lane.indexOf(first), 1)
      this.#pump(target)
    }, this.#parts.fatal)
  }

  async #run(moving: Moving): Promise<void> {
    const { hosted, target } = moving
    const { directories, observe, assign } = this.#parts
    const { topicId, partition } = hosted.log.id
    moving.move = new ReplicaMove({
      hosted,
      from: directories.directoryOf(hosted.log),
      target,
      future: moving.future,
      pace: this.#pace,
      observe,
      assign: directory => assign(topicId, partition, directory),
    })
    const end = await moving.move.run()
    if (end.kind === 'failed') this.#report(moving.future, target, end.reason)
    if (end.kind === 'void' && !moving.isCancelled && this.#state === 'running') {
      await this.#end(moving)
      this.resume(hosted, target)
      return
    }
    const isLeft = this.#state === 'stopped' || end.kind === 'unknown' || isOutOfService(hosted, directories)
    if (end.kind === 'moved' || isLeft) await this.#done(moving)
    else await this.#end(moving)
  }

  /** The future has taken its place, or is left where it is. Of a partition that was deleted nothing is left. */
  async #done(moving: Moving): Promise<void> {
    const { hosted, isCancelled } = moving
    if (isCancelled && hosted.closed) await this.#end(moving)
    else this.#forget(moving)
  }

  /** Nothing of the future is left. */
  async #end(moving: Moving): Promise<void> {
    try {
      await moving.target.remove(moving.future)
    } catch (fault) {
      if (!(fault instanceof DiskFault)) throw fault
      this.#report(moving.future, moving.target, fault.message)
    }
    moving.hosted.log.followed = false
    this.#forget(moving)
  }

  #forget(moving: Moving): void {
    const key = keyOf(moving.hosted)
    if (this.#moving.get(key) === moving) this.#moving.delete(key)
    moving.over.resolve()
  }

  #report({ id: { topic, partition } }: Log, target: LogDirectory, reason: string): void {
    this.#parts.observe.log('error', 'replica.move-failed', { topic, partition, to: target.path, reason })
  }
}

/** The directory that the partition is in failed: with the next start the move may go on. */
function isOutOfService(hosted: HostedPartition, directories: DataDirectories): boolean {
  return hosted.log.host.fault !== null && directories.directoryOf(hosted.log).fault !== null
}

function keyOf({ log: { id } }: HostedPartition): string {
  return `${id.topicId}/${id.partition}`
}
