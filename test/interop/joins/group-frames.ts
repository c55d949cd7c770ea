/**
 * The few fields of JoinGroup, SyncGroup and OffsetCommit that tell who owned what in which generation, read from the
 * frames that pass between clients and broker. All versions from Kafka 4's oldest on; no code of the product.
 */
import type { Exchange } from '../capture-proxy.ts'
import { BytesIn } from '../raw/bytes.ts'

export type GroupEvent =
  | { readonly kind: 'joined'; readonly member: string; readonly generation: number }
  | {
      readonly kind: 'assigned'
      readonly member: string
      readonly generation: number
      readonly partitions: readonly number[]
    }
  | {
      readonly kind: 'committed'
      readonly member: string
      readonly generation: number
      /** When the client sent it. */
      readonly sentAtMs: number
    }

const [offsetCommit, joinGroup, syncGroup] = [8, 11, 14]
/** First version with compact lengths and tagged fields. */
const flexibleFrom: Readonly<Record<number, number>> = { [offsetCommit]: 8, [joinGroup]: 6, [syncGroup]: 4 }

/** What an exchange tells, or null: another message, or one that the broker refused. */
export function groupEventOf(exchange: Exchange): GroupEvent | null {
  if (exchange.response === null || flexibleFrom[exchange.apiKey] === undefined) return null
  const flexible = exchange.version >= flexibleFrom[exchange.apiKey]!
  const request = new FrameIn(exchange.request, flexible)
  request.skipRequestHeader()
  const response = new FrameIn(exchange.response, flexible)
  response.int32()
  response.tags()
  if (exchange.apiKey === joinGroup) return joinedOf(exchange.version, response)
  if (exchange.apiKey === syncGroup) return assignedOf(exchange.version, request, response)
  return committedOf(exchange, request, response)
}

function joinedOf(version: number, response: FrameIn): GroupEvent | null {
  response.int32()
  if (response.int16() !== 0) return null
  const generation = response.int32()
  if (version >= 7) response.text()
  for (const _ of ['protocol', 'leader']) response.text()
  if (version >= 9) response.int8()
  return { kind: 'joined', generation, member: response.text() ?? '' }
}

function assignedOf(version: number, request: FrameIn, response: FrameIn): GroupEvent | null {
  request.text()
  const generation = request.int32()
  const member = request.text() ?? ''
  if (version >= 1) response.int32()
  if (response.int16() !== 0) return null
  if (version >= 5) for (const _ of ['protocol type', 'protocol']) response.text()
  return { kind: 'assigned', generation, member, partitions: partitionsOf(response.blob()) }
}

/** A ConsumerProtocolAssignment of one topic; empty for a member without partitions. */
function partitionsOf(assignment: Buffer): number[] {
  if (assignment.length === 0) return []
  const bytes = new BytesIn(assignment)
  bytes.int16()
  const topics = bytes.array(() => {
    bytes.string()
    return bytes.array(() => bytes.int32())
  })
  return topics.flat()
}

function committedOf(exchange: Exchange, request: FrameIn, response: FrameIn): GroupEvent | null {
  const { version, sentAtMs } = exchange
  request.text()
  const generation = request.int32()
  const member = request.text() ?? ''
  if (version >= 3) response.int32()
  const errors = response.list(() => {
    // Topics have ids instead of names from version 10 on.
    if (version >= 10) response.raw(16)
    else response.text()
    const found = response.list(() => {
      response.int32()
      const error = response.int16()
      response.tags()
      return error
    })
    response.tags()
    return found
  })
  return errors.flat().includes(0) ? { kind: 'committed', generation, member, sentAtMs } : null
}

class FrameIn extends BytesIn {
  readonly #flexible: boolean

  constructor(bytes: Buffer, flexible: boolean) {
    super(bytes)
    this.#flexible = flexible
  }

  /** Key, version, correlation id; the client id keeps its old form in every version. */
  skipRequestHeader(): void {
    this.raw(8)
    this.string()
    this.tags()
  }

  text(): string | null {
    if (!this.#flexible) return this.string()
    const length = this.#uvarint() - 1
    return length < 0 ? null : this.raw(length).toString()
  }

  blob(): Buffer {
    return this.raw(Math.max(0, this.#flexible ? this.#uvarint() - 1 : this.int32()))
  }

  list<T>(read: () => T): T[] {
    const length = this.#flexible ? this.#uvarint() - 1 : this.int32()
    return Array.from({ length: Math.max(0, length) }, read)
  }

  tags(): void {
    if (!this.#flexible) return
    for (let left = this.#uvarint(); left > 0; left--) {
      this.#uvarint()
      this.raw(this.#uvarint())
    }
  }

  #uvarint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.raw(1)[0]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
}
