/**
 * The judge: a minimal Kafka client of the harness, which prepares topics and looks at what the broker really holds
 * (codec, producer id, checksum of each batch), so that a client that quietly drops compression does not pass.
 * It speaks the oldest versions that Kafka 4 still accepts, over one connection, one request at a time.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { InteropRecord } from '../records.ts'
import { type BatchView, buildBatch, viewBatches } from './batches.ts'
import { BytesIn, BytesOut } from './bytes.ts'

const REQUEST_TIMEOUT_MS = 30_000

/** COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR. */
const coordinatorNotReady: ReadonlySet<number> = new Set([14, 15, 16])

export interface Address {
  readonly host: string
  readonly port: number
}

export const addressText = (address: Address): string => `${address.host}:${address.port}`

export class Judge {
  readonly #socket: Socket
  readonly #received: Buffer[] = []
  #receivedBytes = 0
  #arrived: () => void = () => {}
  #correlationId = 0
  #turn: Promise<unknown> = Promise.resolve()
  #closed: Error | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#received.push(chunk)
      this.#receivedBytes += chunk.length
      this.#arrived()
    })
    const end = (error: Error) => {
      this.#closed ??= error
      this.#arrived()
    }
    socket.on('error', end)
    socket.on('close', () => end(new Error('the broker closed the connection')))
  }

  static async connect(address: Address): Promise<Judge> {
    const socket = connect({ ...address, noDelay: true })
    await once(socket, 'connect')
    return new Judge(socket)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Partition count per topic, from Metadata v1 for all topics. */
  async topics(): Promise<ReadonlyMap<string, number>> {
    const reply = await this.#request(3, 1, new BytesOut().int32(-1))
    reply.array(() => [reply.int32(), reply.string(), reply.int32(), reply.string()])
    reply.int32()
    const found = new Map<string, number>()
    reply.array(() => {
      reply.int16()
      const name = reply.string()!
      reply.int8()
      const partitions = reply.array(() => {
        const error = reply.int16()
        reply.raw(8)
        reply.array(() => reply.int32())
        reply.array(() => reply.int32())
        return error
      })
      found.set(name, partitions.length)
    })
    return found
  }

  /** CreateTopics v2, and waits until the topic takes records. */
  async createTopic(topic: string, partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<void> {
    const request = new BytesOut().int32(1).string(topic).int32(partitions).int16(1).int32(0)
    request.array(Object.entries(configs), ([name, value]) => request.string(name).string(value))
    request.int32(30_000).int8(0)
    const reply = await this.#request(19, 2, request)
    reply.int32()
    reply.array(() => expectNoError(`create ${reply.string()}`, reply.int16(), reply.string()))
    await this.untilLed(topic, partitions)
  }

  /** Produce v3 with acks=all: one uncompressed batch. Returns its base offset. */
  async produce(topic: string, partition: number, records: readonly InteropRecord[]): Promise<number> {
    const request = new BytesOut().string(null).int16(-1).int32(30_000).int32(1).string(topic)
    request.int32(1).int32(partition).bytes(buildBatch(records))
    const reply = await this.#request(0, 3, request)
    let baseOffset = -1
    reply.array(() => {
      reply.string()
      reply.array(() => {
        reply.int32()
        expectNoError(`produce to ${topic}`, reply.int16())
        baseOffset = reply.int64()
        reply.int64()
      })
    })
    return baseOffset
  }

  /** ListOffsets v1 for a special timestamp: -1 the end, -2 the start. */
  async offset(topic: string, partition: number, timestamp: -1 | -2): Promise<number> {
    const { error, offset } = await this.#listOffset(topic, partition, timestamp)
    expectNoError(`list offsets of ${topic}`, error)
    return offset
  }

  /** What a group has committed for a topic, by partition, from OffsetFetch v1. Partitions without an offset are left out. */
  committed(group: string, topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return this.#onceCoordinated(group, async () => {
      const request = new BytesOut().string(group).int32(1).string(topic)
      request.array(partitions, partition => request.int32(partition))
      const reply = await this.#request(9, 1, request)
      const found = new Map<number, number>()
      let failed = 0
      reply.array(() => {
        reply.string()
        reply.array(() => {
          const [partition, offset] = [reply.int32(), reply.int64()]
          reply.string()
          failed = reply.int16() || failed
          if (offset >= 0) found.set(partition, offset)
        })
      })
      return [failed, found]
    })
  }

  /** Commits for a group without members, by OffsetCommit v2. */
  async commit(group: string, topic: string, offsets: readonly (readonly [number, number])[]): Promise<void> {
    await this.#onceCoordinated(group, async () => {
      const request = new BytesOut().string(group).int32(-1).string('').int64(-1).int32(1).string(topic)
      request.array(offsets, ([partition, offset]) => request.int32(partition).int64(offset).string(null))
      const reply = await this.#request(8, 2, request)
      const [errors] = reply.array(() => {
        reply.string()
        return reply.array(() => [reply.int32(), reply.int16()][1]!)
      })
      return [errors!.find(code => code !== 0) ?? 0, null]
    })
  }

  /** State and member count of a group, from DescribeGroups v0. A group that is not there is `Dead`. */
  async groupState(group: string): Promise<{ state: string; members: number }> {
    const reply = await this.#request(15, 0, new BytesOut().int32(1).string(group))
    reply.int32()
    expectNoError(`describe ${group}`, reply.int16())
    reply.string()
    const state = reply.string()!
    for (const _ of ['protocol type', 'protocol']) reply.string()
    const members = reply.array(() => {
      for (const _ of ['member', 'client', 'host']) reply.string()
      for (const _ of ['metadata', 'assignment']) reply.raw(reply.int32())
    })
    return { state, members: members.length }
  }

  /** Sets a config of the broker with id 1, or takes it back, by IncrementalAlterConfigs v0. */
  async setBrokerConfig(name: string, value: string | null): Promise<void> {
    const [broker, set, remove] = [4, 0, 1]
    const request = new BytesOut().int32(1).int8(broker).string('1').int32(1)
    request
      .string(name)
      .int8(value === null ? remove : set)
      .string(value)
      .int8(0)
    const reply = await this.#request(44, 0, request)
    reply.int32()
    reply.array(() => expectNoError(`${name}=${value}`, reply.int16(), reply.string()))
  }

  /** Asks for a partition to be moved to a log directory, by AlterReplicaLogDirs v1. Returns the error code. */
  async moveToDirectory(path: string, topic: string, partition: number): Promise<number> {
    const request = new BytesOut().int32(1).string(path).int32(1).string(topic).int32(1).int32(partition)
    const reply = await this.#request(34, 1, request)
    reply.int32()
    const [codes] = reply.array(() => {
      reply.string()
      return reply.array(() => [reply.int32(), reply.int16()][1]!)
    })
    return codes![0]!
  }

  /** Keys of the APIs that the broker has, by ApiVersions v0. */
  async apis(): Promise<ReadonlySet<number>> {
    const reply = await this.#request(18, 0, new BytesOut())
    expectNoError('api versions', reply.int16())
    return new Set(reply.array(() => [reply.int16(), reply.raw(4)][0] as number))
  }

  /** All batches of a partition, by Fetch v4, each with its checksum verified. */
  async batches(topic: string, partition: number): Promise<BatchView[]> {
    const [start, end] = [await this.offset(topic, partition, -2), await this.offset(topic, partition, -1)]
    const views: BatchView[] = []
    let next = start
    while (next < end) {
      const fetched = viewBatches(await this.#fetch(topic, partition, next))
      if (fetched.length === 0)
        throw new Error(`no batch at offset ${next} of ${topic}-${partition}, its end is ${end}`)
      views.push(...fetched)
      next = fetched.at(-1)!.lastOffset + 1
    }
    return views
  }

  async #fetch(topic: string, partition: number, offset: number): Promise<Buffer> {
    const request = new BytesOut()
      .int32(-1)
      .int32(500)
      .int32(1)
      .int32(16 << 20)
      .int8(0)
    request
      .int32(1)
      .string(topic)
      .int32(1)
      .int32(partition)
      .int64(offset)
      .int32(16 << 20)
    const reply = await this.#request(1, 4, request)
    reply.int32()
    let records: Buffer = Buffer.alloc(0)
    reply.array(() => {
      reply.string()
      reply.array(() => {
        reply.int32()
        expectNoError(`fetch ${topic} at ${offset}`, reply.int16())
        reply.raw(16)
        reply.array(() => reply.raw(16))
        records = reply.raw(Math.max(0, reply.int32()))
      })
    })
    return records
  }

  async #listOffset(topic: string, partition: number, timestamp: number): Promise<{ error: number; offset: number }> {
    const request = new BytesOut().int32(-1).int32(1).string(topic).int32(1).int32(partition).int64(timestamp)
    const reply = await this.#request(2, 1, request)
    let found = { error: -1, offset: -1 }
    reply.array(() => {
      reply.string()
      reply.array(() => {
        reply.int32()
        const error = reply.int16()
        reply.int64()
        found = { error, offset: reply.int64() }
      })
    })
    return found
  }

  /** Asks again while the coordinator is not there: the first group of all makes the broker create the topic of offsets. */
  async #onceCoordinated<T>(group: string, ask: () => Promise<readonly [error: number, answer: T]>): Promise<T> {
    const deadline = Date.now() + REQUEST_TIMEOUT_MS
    for (;;) {
      const [error, answer] = await ask()
      if (!coordinatorNotReady.has(error) || Date.now() > deadline) {
        expectNoError(`offsets of ${group}`, error)
        return answer
      }
      // FindCoordinator v0; that it is asked is what counts.
      await this.#request(10, 0, new BytesOut().string(group))
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  /** Every partition answers for its offsets: a new topic spreads in its own time, as clients know. */
  async untilLed(topic: string, count: number): Promise<void> {
    const deadline = Date.now() + REQUEST_TIMEOUT_MS
    for (;;) {
      const partitions = (await this.topics()).get(topic) ?? 0
      const answers = await Promise.all(
        Array.from({ length: partitions }, (_, partition) => this.#listOffset(topic, partition, -1)),
      )
      if (partitions === count && answers.every(answer => answer.error === 0)) return
      if (Date.now() > deadline) throw new Error(`topic ${topic} has no leader for every partition`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  /** Sends when the request before has its reply; the header is v1, the reply's v0. */
  #request(key: number, version: number, body: BytesOut): Promise<BytesIn> {
    const turn = this.#turn.then(() => this.#exchange(key, version, body))
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #exchange(key: number, version: number, body: BytesOut): Promise<BytesIn> {
    const correlationId = ++this.#correlationId
    const frame = new BytesOut()
      .int16(key)
      .int16(version)
      .int32(correlationId)
      .string('interop-judge')
      .raw(body.finish())
    this.#socket.write(new BytesOut().bytes(frame.finish()).finish())
    const reply = new BytesIn(await this.#frame(`api ${key} v${version}`))
    const answered = reply.int32()
    if (answered !== correlationId) throw new Error(`asked with correlation id ${correlationId}, answered ${answered}`)
    return reply
  }

  async #frame(what: string): Promise<Buffer> {
    const length = (await this.#take(4, what)).readInt32BE(0)
    return this.#take(length, what)
  }

  async #take(length: number, what: string): Promise<Buffer> {
    const deadline = setTimeout(() => this.#socket.destroy(new Error('no reply in time')), REQUEST_TIMEOUT_MS)
    try {
      while (this.#receivedBytes < length) {
        if (this.#closed !== null) throw new Error(`${what}: ${this.#closed.message}`)
        await new Promise<void>(resolve => {
          this.#arrived = resolve
        })
      }
    } finally {
      clearTimeout(deadline)
    }
    const bytes = Buffer.concat(this.#received.splice(0))
    this.#received.push(bytes.subarray(length))
    this.#receivedBytes -= length
    return bytes.subarray(0, length)
  }
}

function expectNoError(what: string, code: number, message: string | null = null): void {
  if (code !== 0) throw new Error(`${what}: error code ${code}${message === null ? '' : ` (${message})`}`)
}
