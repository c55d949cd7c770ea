/**
 * The content of one simulated file: sparse pages, so that a preallocated gigabyte costs nothing until it is written.
 * Knows nothing of durability (see file-node.ts).
 */

const PAGE_BYTES = 4096

export class PagedBytes {
  readonly #pages = new Map<number, Uint8Array>()
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Memory that pages take; what a real file system would call allocated. */
  get allocatedBytes(): number {
    return this.#pages.size * PAGE_BYTES
  }

  /** How many bytes of new pages a write of this range would take. */
  growthBytes(position: number, count: number): number {
    let missing = 0
    for (let page = Math.floor(position / PAGE_BYTES); page * PAGE_BYTES < position + count; page++) {
      if (!this.#pages.has(page)) missing++
    }
    return missing * PAGE_BYTES
  }

  /** Fills `into` from `position` and returns the bytes there were; holes read as zeros. */
  read(position: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.#sizeBytes - position))
    for (let done = 0; done < count; ) {
      const page = Math.floor((position + done) / PAGE_BYTES)
      const within = (position + done) % PAGE_BYTES
      const length = Math.min(PAGE_BYTES - within, count - done)
      const bytes = this.#pages.get(page)
      if (bytes === undefined) into.fill(0, done, done + length)
      else into.set(bytes.subarray(within, within + length), done)
      done += length
    }
    return count
  }

  write(position: number, from: Uint8Array): void {
    for (let done = 0; done < from.length; ) {
      const page = Math.floor((position + done) / PAGE_BYTES)
      const within = (position + done) % PAGE_BYTES
      const length = Math.min(PAGE_BYTES - within, from.length - done)
      this.#page(page).set(from.subarray(done, done + length), within)
      done += length
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, position + from.length)
  }

  /** Cuts, or extends with a hole. */
  truncate(sizeBytes: number): void {
    if (sizeBytes < this.#sizeBytes) {
      for (const page of this.#pages.keys()) if (page * PAGE_BYTES >= sizeBytes) this.#pages.delete(page)
      const last = this.#pages.get(Math.floor(sizeBytes / PAGE_BYTES))
      if (last !== undefined) last.fill(0, sizeBytes % PAGE_BYTES)
    }
    this.#sizeBytes = sizeBytes
  }

  clone(): PagedBytes {
    const copy = new PagedBytes()
    copy.#sizeBytes = this.#sizeBytes
    for (const [page, bytes] of this.#pages) copy.#pages.set(page, bytes.slice())
    return copy
  }

  /** Start and end of each run of `unitBytes` (a divisor of the page) that stands on a page. */
  *units(unitBytes: number): Iterable<number> {
    for (const page of [...this.#pages.keys()].sort((a, b) => a - b)) {
      for (let at = 0; at < PAGE_BYTES; at += unitBytes) yield (page * PAGE_BYTES + at) / unitBytes
    }
  }

  #page(index: number): Uint8Array {
    const found = this.#pages.get(index)
    if (found !== undefined) return found
    const made = new Uint8Array(PAGE_BYTES)
    this.#pages.set(index, made)
    return made
  }
}
