/**
 * Memory for bytes on their way in. One large buffer serves every connection of a process that is between frames; a
 * frame that arrives in pieces moves to a buffer of its own, drawn from here. Bounds what is kept for reuse; what is in
 * use is bounded by who takes it (frame-reader.ts: never more than a small multiple of the bytes received).
 */

/** Size of the buffer that all connections share. Large reads are what makes receiving cheap. Bytes. */
const SHARED_BYTES = 1024 * 1024
/** Smallest buffer handed out. Bytes. */
const SMALLEST_BYTES = 1024
/** Buffers above this size are not kept for reuse. Bytes. */
const LARGEST_KEPT_BYTES = 1024 * 1024

export class FrameMemory {
  /** Where a connection reads to when it holds no part of a frame. Its contents die with the next read of anyone. */
  readonly shared: Uint8Array
  readonly #kept = new Map<number, Uint8Array[]>()
  readonly #keptBytesMax: number
  #keptBytes = 0

  /** `keptBytesMax`: how much free memory may wait for its next use. */
  constructor(options: { readonly keptBytesMax?: number; readonly sharedBytes?: number } = {}) {
    this.shared = uncleared(options.sharedBytes ?? SHARED_BYTES)
    this.#keptBytesMax = options.keptBytesMax ?? 16 * 1024 * 1024
  }

  /** At least `bytes` long, with any content. */
  take(bytes: number): Uint8Array {
    const sizeBytes = sizeClass(bytes)
    const free = this.#kept.get(sizeBytes)?.pop()
    if (free === undefined) return uncleared(sizeBytes)
    this.#keptBytes -= sizeBytes
    return free
  }

  /** Gives back what `take` returned. Nobody may look at it any more. */
  give(memory: Uint8Array): void {
    const sizeBytes = memory.byteLength
    if (sizeBytes > LARGEST_KEPT_BYTES || this.#keptBytes + sizeBytes > this.#keptBytesMax) return
    const free = this.#kept.get(sizeBytes)
    if (free === undefined) this.#kept.set(sizeBytes, [memory])
    else free.push(memory)
    this.#keptBytes += sizeBytes
  }

  /** Free memory that waits for its next use. */
  get keptBytes(): number {
    return this.#keptBytes
  }
}

/** Memory of any content, as a plain array: `slice` of a Buffer would not copy. */
export function uncleared(bytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
}

/** Powers of two up to the largest kept, then the size itself. */
function sizeClass(bytes: number): number {
  if (bytes > LARGEST_KEPT_BYTES) return bytes
  let size = SMALLEST_BYTES
  while (size < bytes) size *= 2
  return size
}
