/** Which value lies at which offset of one partition: eight bytes an offset, in pages made where needed. */
import type { Offset } from '../../base/units.ts'

const PAGE_OFFSETS = 4096
/** Nothing is known of the offset. */
export const UNKNOWN = -1

export class Contents {
  readonly #pages = new Map<number, Float64Array>()
  #endOffset: Offset = 0

  /** One past the highest offset that something is known of; 0 when nothing is. */
  get endOffset(): Offset {
    return this.#endOffset
  }

  /** The value's id, or UNKNOWN. */
  at(offset: Offset): number {
    const page = this.#pages.get(Math.floor(offset / PAGE_OFFSETS))
    return page === undefined ? UNKNOWN : (page[offset % PAGE_OFFSETS] as number)
  }

  set(offset: Offset, valueId: number): void {
    const index = Math.floor(offset / PAGE_OFFSETS)
    let page = this.#pages.get(index)
    if (page === undefined) {
      page = new Float64Array(PAGE_OFFSETS).fill(UNKNOWN)
      this.#pages.set(index, page)
    }
    page[offset % PAGE_OFFSETS] = valueId
    if (offset >= this.#endOffset) this.#endOffset = offset + 1
  }

  /** Forgets what is known of `from` and later. */
  forgetFrom(from: Offset): void {
    for (let offset = from; offset < this.#endOffset; offset++) {
      const page = this.#pages.get(Math.floor(offset / PAGE_OFFSETS))
      if (page !== undefined) page[offset % PAGE_OFFSETS] = UNKNOWN
    }
    this.#endOffset = Math.min(this.#endOffset, from)
  }
}
