/**
 * The plain (non-flexible) primitive types of the Kafka protocol, for the few old message versions that the harness
 * itself speaks. Deliberately apart from the product's codecs: the judge must not share code with what it judges.
 */

export class BytesOut {
  readonly #parts: Buffer[] = []

  int8(value: number): this {
    return this.#push(1, part => part.writeInt8(value))
  }

  int16(value: number): this {
    return this.#push(2, part => part.writeInt16BE(value))
  }

  int32(value: number): this {
    return this.#push(4, part => part.writeInt32BE(value))
  }

  int64(value: number | bigint): this {
    return this.#push(8, part => part.writeBigInt64BE(BigInt(value)))
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const bytes = Buffer.from(value)
    return this.int16(bytes.length).raw(bytes)
  }

  bytes(value: Uint8Array): this {
    return this.int32(value.length).raw(value)
  }

  raw(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value))
    return this
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  /** Zig-zag varint, as inside records. */
  varint(value: number): this {
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
    const bytes: number[] = []
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    return this.raw(Uint8Array.from(bytes))
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #push(length: number, write: (part: Buffer) => void): this {
    const part = Buffer.alloc(length)
    write(part)
    this.#parts.push(part)
    return this
  }
}

export class BytesIn {
  readonly bytes: Buffer
  position = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get remaining(): number {
    return this.bytes.length - this.position
  }

  int8(): number {
    return this.bytes.readInt8(this.#advance(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#advance(4))
  }

  int64(): number {
    return Number(this.bytes.readBigInt64BE(this.#advance(8)))
  }

  string(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.raw(length).toString()
  }

  raw(length: number): Buffer {
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  array<T>(read: () => T): T[] {
    const length = this.int32()
    return Array.from({ length: Math.max(0, length) }, read)
  }

  #advance(length: number): number {
    const start = this.position
    if (length < 0 || length > this.remaining) throw new Error(`a message ends ${length - this.remaining} bytes early`)
    this.position += length
    return start
  }
}
