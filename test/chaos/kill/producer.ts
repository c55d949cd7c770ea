/**
 * One producer: a connection at a time, a few partitions, and as many requests out as its kind allows. Lives through any
 * number of deaths of the broker. Tells the history what it sends and hears.
 */
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import { errorNameOf } from '../../../packages/ottla/src/spec/errors.ts'
import { initProducerIdApi } from '../../../packages/ottla/src/wire/gen/init-producer-id.ts'
import {
  type ProducePartitionResponse,
  type ProduceRequestInput,
  type ProduceResponse,
  produceApi,
} from '../../../packages/ottla/src/wire/gen/produce.ts'
import { pause } from './bell.ts'
import { isLostConnection } from './broker-link.ts'
import type { LaneBatch, LaneWriter, ProducerIdentity } from './lane-writer.ts'
import type { Load } from './load.ts'
import { LoadWorker } from './load-worker.ts'
import { Pace } from './pace.ts'
import type { ProducerKind } from './producer-kind.ts'

/** First version that names topics by their id. */
const BY_ID_VERSION = 13
const REQUEST_TIMEOUT_MS = 30_000
/** After an error that is worth another try. */
const BACKOFF_MS = 20
/** A starting or stopping broker says these; the batch may have been appended all the same. */
const RETRIABLE: ReadonlySet<string | null> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
])

/** A batch on its way. */
interface Part {
  readonly writer: LaneWriter
  readonly batch: LaneBatch
}

export class Producer extends LoadWorker {
  readonly kind: ProducerKind
  readonly #writers: readonly LaneWriter[]
  readonly #version: number
  readonly #pace: Pace
  #identity: ProducerIdentity | null = null
  #outCount = 0

  constructor(
    load: Load,
    options: {
      name: string
      kind: ProducerKind
      writers: readonly LaneWriter[]
      byId: boolean
      bytesPerSecond: number
    },
  ) {
    super(load, options.name)
    this.kind = options.kind
    this.#writers = options.writers
    this.#version = options.byId ? BY_ID_VERSION : BY_ID_VERSION - 1
    this.#pace = new Pace(options.bytesPerSecond)
  }

  protected get isBusy(): boolean {
    return this.#outCount > 0
  }

  /** What it does not know yet it will never know. */
  override async stop(): Promise<void> {
    await super.stop()
    for (const writer of this.#writers) this.load.measures.unknownRecords += writer.unsettledRecords
  }

  protected async workOver(connection: Connection): Promise<void> {
    if (this.kind.idempotent) this.#identity ??= await this.#askForIdentity(connection)
    await this.#pump(connection)
  }

  protected async disconnected(): Promise<void> {
    await this.settled()
    for (const writer of this.#writers) {
      if (!this.kind.retries) this.load.measures.unknownRecords += writer.unsettledRecords
      writer.disconnected()
    }
  }

  async #pump(connection: Connection): Promise<void> {
    while (connection.isOpen && !this.isStopped) {
      const rest = this.bell.next()
      const parts = this.isPaused ? [] : this.#nextParts()
      if (parts.length === 0) {
        await rest
        continue
      }
      // Counted before any waiting, so that a pause that begins now waits for these.
      this.#outCount++
      void this.#send(connection, parts)
      await pause(this.#pace.delayMs(bytesOf(parts)))
    }
  }

  #nextParts(): Part[] {
    return this.#writers.flatMap(writer => {
      const batch = writer.next(this.#identity)
      if (batch === null) return []
      if (batch.sends > 1) this.load.measures.resentBatches++
      return [{ writer, batch }]
    })
  }

  async #send(connection: Connection, parts: readonly Part[]): Promise<void> {
    this.load.measures.sentBytes += bytesOf(parts)
    try {
      const body = requestOf(this.kind.acks, parts)
      if (this.kind.acks === 0) {
        await connection.notify(produceApi, body, { version: this.#version })
        for (const { writer, batch } of parts) writer.forgotten(batch)
      } else {
        await this.#settle(await connection.request(produceApi, body, { version: this.#version }), parts)
      }
    } catch (error) {
      if (!isLostConnection(error)) this.load.failed(error)
    } finally {
      this.#outCount--
      this.bell.ring()
    }
  }

  async #settle(response: ProduceResponse, parts: readonly Part[]): Promise<void> {
    let hasFailed = false
    for (const part of parts) {
      if (!this.#settlePart(answerFor(response, part), part)) hasFailed = true
    }
    if (hasFailed) await pause(BACKOFF_MS)
  }

  /** False when the batch has to go out again. */
  #settlePart(answer: ProducePartitionResponse | undefined, { writer, batch }: Part): boolean {
    const error = answer === undefined ? null : errorNameOf(answer.errorCode)
    if (answer !== undefined && error === 'NONE') {
      writer.acknowledged(batch, answer.baseOffset)
      this.load.acknowledged(batch.count, batch.bytes.length)
      return true
    }
    // Behind a batch that failed, those already on their way do not follow on: that is how order is kept.
    const followsFailed = error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && writer.isRewinding
    if (!RETRIABLE.has(error) && !followsFailed) {
      const what = `${writer.lane.nameOf(batch.first)} and ${batch.count - 1} more, sending ${batch.sends}, were answered ${error ?? answer?.errorCode ?? 'not at all'}: ${answer?.errorMessage ?? ''}`
      this.load.history.unexpected(writer.lane.partition.name, what)
      writer.abandon()
    }
    writer.failed(batch)
    return false
  }

  async #askForIdentity(connection: Connection): Promise<ProducerIdentity> {
    for (;;) {
      const reply = await connection.request(initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 60_000 })
      const { errorCode, producerId, producerEpoch } = reply
      if (errorCode === 0) {
        this.load.claimProducerId(producerId, this.name)
        return { producerId, producerEpoch }
      }
      const error = errorNameOf(errorCode)
      if (error !== 'COORDINATOR_LOAD_IN_PROGRESS') throw new Error(`InitProducerId was answered ${error ?? errorCode}`)
      await pause(BACKOFF_MS)
    }
  }
}

function requestOf(acks: number, parts: readonly Part[]): ProduceRequestInput {
  const topics = Map.groupBy(parts, part => part.writer.topic)
  return {
    acks,
    timeoutMs: REQUEST_TIMEOUT_MS,
    topicData: [...topics].map(([topic, batches]) => ({
      name: topic.name,
      topicId: topic.id,
      partitionData: batches.map(({ writer, batch }) => ({ index: writer.partition, records: batch.bytes })),
    })),
  }
}

function answerFor(response: ProduceResponse, { writer }: Part): ProducePartitionResponse | undefined {
  const topic = response.responses.find(
    ({ name, topicId }) => name === writer.topic.name || topicId === writer.topic.id,
  )
  return topic?.partitionResponses.find(({ index }) => index === writer.partition)
}

function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { batch }) => sum + batch.bytes.length, 0)
}
