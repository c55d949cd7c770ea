/**
 * A reply body with one long array, encoded slice by slice, so that others get their turn in between. The generated
 * encoder writes whole messages only; this takes the array's elements out of messages that hold one slice each and puts
 * them between what stands before and behind the array. Knows nothing of fields: where the array's count stands is where
 * the encoding of no elements and that of one first differ.
 */
import { assert } from '../../base/assert.ts'
import { Writer } from '../../base/cursor.ts'
import { putUvarint, sizeOfUvarint, VARINT_BYTES_MAX } from '../../base/varint.ts'
import type { Api } from '../../wire/api.ts'

const COUNT_BYTES = 4

export interface SlicedBodyOptions<Item, ResponseInput> {
  readonly api: Pick<Api<unknown, unknown, unknown, ResponseInput>, 'flexibleFrom' | 'encodeResponse'>
  readonly version: number
  /** The message with these items as its array, and otherwise always the same. */
  readonly bodyOf: (items: readonly Item[]) => ResponseInput
}

export class SlicedBody<Item, ResponseInput> {
  readonly #options: SlicedBodyOptions<Item, ResponseInput>
  readonly #isFlexible: boolean
  readonly #writer = new Writer()
  /** The message without any item. */
  readonly #empty: Uint8Array
  readonly #slices: Uint8Array[] = []
  #count = 0
  /** Where the count stands. Known once there is an item. */
  #countAt: number | null = null

  constructor(options: SlicedBodyOptions<Item, ResponseInput>) {
    this.#options = options
    this.#isFlexible = options.version >= options.api.flexibleFrom
    this.#empty = this.#encode([])
  }

  /** Encodes the next items. Takes as long as there are items: keep slices short. */
  add(items: readonly Item[]): void {
    if (items.length === 0) return
    this.#countAt ??= this.#findCount(items.slice(0, 1))
    const whole = this.#encode(items)
    const start = this.#countAt + this.#countBytes(items.length)
    this.#slices.push(whole.subarray(start, whole.length - this.#behindBytes(this.#countAt)))
    this.#count += items.length
  }

  /** The body's bytes in order. */
  finish(): Uint8Array[] {
    if (this.#countAt === null) return [this.#empty]
    const head = new Uint8Array(this.#countAt + VARINT_BYTES_MAX)
    head.set(this.#empty.subarray(0, this.#countAt))
    if (this.#isFlexible) putUvarint(head, this.#countAt, this.#count + 1)
    else new DataView(head.buffer).setInt32(this.#countAt, this.#count)
    const headBytes = this.#countAt + this.#countBytes(this.#count)
    const behind = this.#empty.subarray(this.#empty.length - this.#behindBytes(this.#countAt))
    return [head.subarray(0, headBytes), ...this.#slices, behind]
  }

  #encode(items: readonly Item[]): Uint8Array {
    const { api, version, bodyOf } = this.#options
    this.#writer.beginBare()
    api.encodeResponse(this.#writer, version, bodyOf(items))
    return this.#writer.finishBytes()
  }

  #countBytes(count: number): number {
    return this.#isFlexible ? sizeOfUvarint(count + 1) : COUNT_BYTES
  }

  #behindBytes(countAt: number): number {
    return this.#empty.length - countAt - this.#countBytes(0)
  }

  /** Up to the count both are the same; in it the last byte is the first to differ. */
  #findCount(item: readonly Item[]): number {
    const one = this.#encode(item)
    const differsAt = this.#empty.findIndex((byte, at) => byte !== one[at])
    assert(differsAt >= 0, 'a message with an item is another than one without')
    return differsAt + 1 - this.#countBytes(0)
  }
}
