/**
 * Follows the metadata log: reads what is new, makes the next image of it, has the broker reconciled with it, and tells
 * those who wait for an offset. Every broker runs one; the controller's loop is another reader of the same log. Also
 * keeps the log short: a snapshot replaces what came before it once that is longer than the snapshot would be.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { evolveAll } from '../core/metadata/evolve.ts'
import { ConfigResource, emptyImage, type MetadataImage, topicByName } from '../core/metadata/image.ts'
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord } from '../core/metadata/records.ts'
import { imageInvariants, snapshotRecords } from '../core/metadata/snapshot.ts'
import { isDiskFault } from '../ports/disk.ts'
import type { MetaLog, MetaOffset } from '../ports/meta-log.ts'
import type { Observe } from '../ports/observe.ts'

/** Fewer records than this are never worth a snapshot. */
const SNAPSHOT_RECORDS_MIN = 1000

/** What one step of the tail found. */
export interface MetadataStep {
  readonly image: MetadataImage
  /**
   * Topics that a record named; null when any may differ: after a snapshot, and when a broker's config changed, which
   * holds the defaults of all topics.
   */
  readonly topics: ReadonlySet<Uuid> | null
  readonly removed: ReadonlySet<Uuid>
}

export interface TailParts {
  readonly log: MetaLog
  /** Makes this broker what the image says. Called with one step after the other. */
  readonly apply: (step: MetadataStep) => Promise<void>
  readonly observe: Observe
  /** The image cannot be followed any further: the process stops. */
  readonly fatal: (why: unknown) => void
}

export class MetadataTail {
  readonly #parts: TailParts
  #image: MetadataImage = emptyImage()
  #applied: MetaOffset = 0
  #epoch = 0
  #recordsSinceSnapshot = 0
  #running: Promise<void> | null = null
  #again = false
  /** The next step is applied even when the log has nothing new. */
  #whateverIsNew = false
  #stopped = false
  #unwatch = () => {}
  /** Null once everything was applied once. */
  #removedBefore: ReadonlySet<Uuid> | null = new Set()
  #waiting: { readonly offset: MetaOffset; readonly done: () => void }[] = []

  constructor(parts: TailParts) {
    this.#parts = parts
  }

  /** As last applied. */
  get image(): MetadataImage {
    return this.#image
  }

  /**
   * Reads the log to its end without applying it: what a broker must know before it registers. The first step applied
   * after it covers all topics, and names every removal that the log still tells of.
   */
  async load(): Promise<MetadataImage> {
    const { step, head } = await this.#read()
    this.#image = step.image
    this.#applied = head
    this.#removedBefore = step.removed
    return step.image
  }

  /** Follows the log from where `load` ended. */
  start(): void {
    this.#unwatch = this.#parts.log.watch(() => this.#wake())
    this.#wake()
  }

  /** Resolves when everything below `offset` is applied; at once when it is. */
  whenApplied(offset: MetaOffset): Promise<void> {
    if (this.#applied >= offset) return Promise.resolve()
    this.#wake()
    return new Promise(done => this.#waiting.push({ offset, done }))
  }

  /** Applies a step, whether the log has something new or not: what could not be done may be possible now. */
  applyAgain(): void {
    this.#whateverIsNew = true
    this.#wake()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unwatch()
    await this.#running
  }

  #wake(): void {
    if (this.#stopped) return
    this.#again = true
    this.#running ??= this.#run().catch(this.#parts.fatal)
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      const { step, head } = await this.#read()
      if (head === this.#applied && this.#removedBefore === null && !this.#whateverIsNew) continue
      this.#whateverIsNew = false
      this.#image = step.image
      await this.#parts.apply(this.#whole(step))
      this.#removedBefore = null
      this.#applied = head
      this.#release()
      await this.#snapshotWhenDue()
    }
    // In the turn in which the loop saw nothing more: a wake from now on begins another.
    this.#running = null
  }

  async #read(): Promise<{ step: MetadataStep; head: MetaOffset }> {
    const { snapshot, entries, head } = await this.#parts.log.read(this.#applied)
    const records = (snapshot?.records ?? []).map(decodeMetadataRecord)
    const fromSnapshot = records.length
    for (const entry of entries) {
      assert(entry.epoch >= this.#epoch, 'controllers follow one another', { have: this.#epoch, got: entry.epoch })
      this.#epoch = entry.epoch
      for (const bytes of entry.records) records.push(decodeMetadataRecord(bytes))
    }
    const before = snapshot === null ? this.#image : emptyImage()
    const image = evolveAll(before, records)
    this.#recordsSinceSnapshot =
      snapshot === null ? this.#recordsSinceSnapshot + records.length : records.length - fromSnapshot
    const removed = removedTopics(records)
    return { step: { image, topics: snapshot === null ? touchedTopics(records, image) : null, removed }, head }
  }

  /** The first step stands for all that was loaded before it. */
  #whole(step: MetadataStep): MetadataStep {
    if (this.#removedBefore === null) return step
    return { ...step, topics: null, removed: new Set([...this.#removedBefore, ...step.removed]) }
  }

  #release(): void {
    const ready = this.#waiting.filter(wait => wait.offset <= this.#applied)
    this.#waiting = this.#waiting.filter(wait => wait.offset > this.#applied)
    for (const wait of ready) wait.done()
  }

  /** Only of what is applied: a removed topic whose logs still stand must be found again after a crash. */
  async #snapshotWhenDue(): Promise<void> {
    if (this.#recordsSinceSnapshot < SNAPSHOT_RECORDS_MIN) return
    if (this.#recordsSinceSnapshot < this.#image.partitionCount + this.#image.topics.size) return
    imageInvariants(this.#image)
    const records = [...snapshotRecords(this.#image)].map(record => encodeMetadataRecord(record))
    try {
      await this.#parts.log.writeSnapshot({ endOffset: this.#applied, epoch: this.#epoch, records })
      this.#recordsSinceSnapshot = 0
    } catch (fault) {
      if (!isDiskFault(fault, 'ENOSPC')) throw fault
      // The log says the same, only longer; the next step tries again.
      this.#parts.observe.log('warn', 'metadata.snapshot-failed', { reason: fault.message })
    }
  }
}

function removedTopics(records: readonly MetadataRecord[]): ReadonlySet<Uuid> {
  const removed = new Set<Uuid>()
  for (const record of records) if (record.type === 'topicRemoval') removed.add(record.body.topicId)
  return removed
}

function touchedTopics(records: readonly MetadataRecord[], image: MetadataImage): ReadonlySet<Uuid> | null {
  const touched = new Set<Uuid>()
  for (const record of records) {
    switch (record.type) {
      case 'topic':
      case 'partition':
      case 'partitionState':
        touched.add(record.body.topicId)
        break
      case 'config': {
        const { resourceType, resourceName } = record.body
        if (resourceType !== ConfigResource.topic) return null
        const topic = topicByName(image, resourceName)
        if (topic !== null) touched.add(topic.id)
        break
      }
      default:
        break
    }
  }
  return touched
}
