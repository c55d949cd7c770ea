/**
 * A producer that never gives up a record: whatever happens to a request, its batches are sent again until the broker
 * says what became of them. One request carries a batch for some or all of its partitions, several requests are out at a
 * time.
 */
import type { Connection } from '../../client/connection.ts'
import { initProducerIdApi } from '../../wire/gen/init-producer-id.ts'
import { type ProduceResponse, type ProduceTopicInput, produceApi } from '../../wire/gen/produce.ts'
import { Actor, type ActorParts, type Curtain, mayRetry, nameOf, rethrowUnlessConnection } from './actor.ts'
import { type Batch, LaneWriter, type ProducerIdentity, type ProducerKind } from './lane-writer.ts'
import type { Place } from './places.ts'

const BROKER_TIMEOUT_MS = 5_000

interface Sending {
  readonly writer: LaneWriter
  readonly batch: Batch
}

/** How much, and how fast. */
export interface ProducerPace {
  readonly pauseMsMax: number
  readonly requestsMax: number
}

export class Producer {
  readonly #actor: Actor
  readonly #kind: ProducerKind
  readonly #writers: readonly LaneWriter[]
  readonly #pauseMsMax: number
  /** Requests with new records that it may still send. */
  #left: number
  #identity: ProducerIdentity | null = null
  /** Something failed: everything unsettled goes out again before anything new. */
  #isRewinding = false

  /** `places` have one durability. */
  constructor(
    name: string,
    parts: ActorParts,
    {
      places,
      kind,
      curtain,
      ...pace
    }: ProducerPace & {
      readonly places: readonly Place[]
      readonly kind: ProducerKind
      readonly curtain: Curtain
    },
  ) {
    this.#actor = new Actor(name, parts, curtain)
    this.#kind = kind
    this.#pauseMsMax = pace.pauseMsMax
    this.#left = pace.requestsMax
    const { rng, history } = this.#actor
    this.#writers = places.map(place => new LaneWriter(place, history, { kind, producer: name, rng }))
  }

  /** Resolves when the curtain closed and every record has its outcome. */
  async run(): Promise<void> {
    const { curtain } = this.#actor
    while ((!curtain.isClosing && this.#left > 0) || this.#hasUnsettled) {
      const connection = await this.#actor.connection()
      try {
        await this.#beginAnewAfterLoss(connection)
        if (this.#isRewinding || this.#hasUnsettled) await this.#rewind(connection)
        else await this.#sendNew(connection)
      } catch (error) {
        rethrowUnlessConnection(error)
        this.#isRewinding = true
      }
      if (this.#isRewinding) await this.#actor.backoff()
    }
    this.#actor.hangUp()
  }

  get #hasUnsettled(): boolean {
    return this.#writers.some(writer => writer.unsettled.length > 0)
  }

  async #beginAnewAfterLoss(connection: Connection): Promise<void> {
    const lost = this.#writers.filter(writer => writer.restartAfterLoss()).length > 0
    // Partitions of one durability lose together, so a new producer id, whose sequences begin at 0, fits all of them.
    if (lost) this.#identity = null
    if (this.#kind.idempotent) this.#identity ??= await this.#newIdentity(connection)
  }

  async #newIdentity(connection: Connection): Promise<ProducerIdentity> {
    for (;;) {
      const reply = await connection.request(initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 60_000 })
      const name = nameOf(reply.errorCode)
      if (name === 'NONE') return { producerId: reply.producerId, producerEpoch: reply.producerEpoch }
      if (!mayRetry(name)) throw new Error(`InitProducerId was answered ${name}`)
      await this.#actor.backoff()
    }
  }

  /** New records, some requests at a time, until one fails or it is time for a pause. */
  async #sendNew(connection: Connection): Promise<void> {
    const { rng, clock, curtain } = this.#actor
    const out = new Set<Promise<void>>()
    const count = rng.int(1, Math.min(40, this.#left))
    for (let i = 0; i < count && !this.#isRewinding && !curtain.isClosing; i++) {
      this.#left--
      const writers = this.#writers.filter(() => rng.chance(0.7))
      if (writers.length === 0) continue
      const now = clock.wallMs()
      const sendings = writers.map(writer => ({ writer, batch: writer.make(this.#identity, now) }))
      const request = this.#send(connection, sendings).finally(() => out.delete(request))
      out.add(request)
      // Reported where it is awaited below; until then nothing new goes out: five batches are what a broker remembers.
      request.catch(() => {
        this.#isRewinding = true
      })
      if (out.size >= this.#kind.inFlightMax) await Promise.race(out)
      if (rng.chance(0.2)) await this.#actor.sleep(rng.int(0, this.#pauseMsMax))
    }
    await Promise.all(out)
  }

  /** Everything unsettled once more, oldest first: the first batch of each partition, then the second, and so on. */
  async #rewind(connection: Connection): Promise<void> {
    this.#isRewinding = false
    const queues = this.#writers.map(writer => ({ writer, batches: [...writer.unsettled] }))
    const requests: Promise<void>[] = []
    for (let round = 0; queues.some(({ batches }) => round < batches.length); round++) {
      const sendings = queues.flatMap(({ writer, batches }) => {
        const batch = batches[round]
        return batch === undefined ? [] : [{ writer, batch }]
      })
      for (const { writer, batch } of sendings) writer.sendsAgain(batch)
      const request = this.#send(connection, sendings)
      request.catch(() => {})
      requests.push(request)
      if (!this.#kind.idempotent) await request
    }
    await Promise.all(requests)
  }

  async #send(connection: Connection, sendings: readonly Sending[]): Promise<void> {
    const reply = await connection.request(produceApi, {
      acks: this.#kind.acks,
      timeoutMs: BROKER_TIMEOUT_MS,
      topicData: topicsOf(sendings),
    })
    for (const { writer, batch } of sendings) {
      const answer = answerTo(reply, writer.place)
      if (!writer.answered(batch, answer)) this.#isRewinding = true
    }
  }
}

function topicsOf(sendings: readonly Sending[]): ProduceTopicInput[] {
  const topics = new Map<
    string,
    { name: string; topicId: string; partitionData: { index: number; records: Uint8Array }[] }
  >()
  for (const { writer, batch } of sendings) {
    const { topic, topicId, partition } = writer.place
    const entry = topics.get(topic.name) ?? { name: topic.name, topicId, partitionData: [] }
    entry.partitionData.push({ index: partition, records: batch.bytes })
    topics.set(topic.name, entry)
  }
  return [...topics.values()]
}

function answerTo(reply: ProduceResponse, { topic, topicId, partition }: Place) {
  const ofTopic = reply.responses.find(response => response.name === topic.name || response.topicId === topicId)
  const answer = ofTopic?.partitionResponses.find(response => response.index === partition)
  if (answer === undefined) throw new Error(`the broker did not answer for ${topic.name}-${partition}`)
  return answer
}
