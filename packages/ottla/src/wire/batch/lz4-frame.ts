/**
 * LZ4 frames: everything that must be known before inflating one. lz4-napi has no output limit, takes a frame that stops
 * early for a whole one, and ignores what follows; so the frame is walked here first, and only a whole frame whose
 * inflated size is within the limit goes on. Also the portable decoder built on the same walk.
 * Source: LZ4 frame format description 1.6.4. Magic 0 and 1 message sets used a wrong header checksum (KIP-57); batches of
 * magic 2 do not, so it is refused here. Linked blocks and all checksums are read; dictionaries and skippable frames are
 * not part of Kafka's use of the format.
 */
import { CompressionError } from './errors.ts'
import { inflateLz4Block, lz4BlockSize } from './lz4-block.ts'
import { xxh32 } from './xxh32.ts'

const FRAME_MAGIC = 0x184d2204
const SKIPPABLE_MAGIC = 0x184d2a50
const MAGIC_BYTES = 4
/** Magic, two flag bytes, header checksum. Bytes. */
const SMALLEST_HEADER_BYTES = 7
const STORED_BIT = 0x80000000
/** No sequence of a block turns one byte into more than this. */
const LARGEST_RATIO = 255

interface Lz4Frame {
  independent: boolean
  blockChecksums: boolean
  contentChecksum: boolean
  /** Largest inflated size of one block. Bytes. */
  blockBytesMax: number
  /** As claimed; null when the header has none. Bytes. */
  contentBytes: number | null
  /** Position of the first block. */
  blocksAt: number
}

interface Lz4Block {
  start: number
  end: number
  stored: boolean
  checksumAt: number
}

/**
 * Walks a whole frame. Returns an inflated size that the frame cannot exceed and that is at most `limitBytes`. Throws
 * `limit` when it would exceed it, `corrupt` when the frame stops early or something follows it. Allocates nothing that
 * grows with the input.
 */
export function boundLz4Frame(bytes: Uint8Array, limitBytes: number): number {
  const frame = readFrameHeader(bytes)
  if (frame.contentBytes !== null && frame.contentBytes > limitBytes) throw overLimit(limitBytes)
  let bound = 0
  for (const block of blocks(bytes, frame)) bound += blockBound(block, frame)
  if (bound <= limitBytes) return bound
  return exactSize(bytes, frame, limitBytes)
}

/** Inflates a frame in plain JavaScript, with every check that the format offers. */
export function inflateLz4Frame(bytes: Uint8Array, limitBytes: number): Uint8Array {
  const frame = readFrameHeader(bytes)
  const into = new Uint8Array(exactSize(bytes, frame, limitBytes))
  let outAt = 0
  let end = frame.blocksAt
  for (const block of blocks(bytes, frame)) {
    if (frame.blockChecksums) verify(bytes, block.start, block.end, littleEndian32(bytes, block.checksumAt), 'block')
    const blockAt = outAt
    if (block.stored) {
      into.set(bytes.subarray(block.start, block.end), outAt)
      outAt += block.end - block.start
    } else {
      outAt = inflateLz4Block(bytes, block, into, outAt, frame.independent ? outAt : 0)
    }
    if (outAt - blockAt > frame.blockBytesMax) throw corrupt('a block is larger than the frame allows')
    end = block.checksumAt + (frame.blockChecksums ? 4 : 0)
  }
  if (frame.contentBytes !== null && frame.contentBytes !== outAt) throw corrupt('content size is not what it says')
  if (frame.contentChecksum) verify(into, 0, outAt, littleEndian32(bytes, end + 4), 'content')
  return into
}

/** Size claimed by a frame's header, to compare with what a decoder returned. Bytes; null when it claims none. */
export function claimedLz4Size(bytes: Uint8Array): number | null {
  return readFrameHeader(bytes).contentBytes
}

function readFrameHeader(bytes: Uint8Array): Lz4Frame {
  if (bytes.length < SMALLEST_HEADER_BYTES) throw corrupt('header stops early')
  const magic = littleEndian32(bytes, 0)
  if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) throw new CompressionError('unsupported', 'LZ4: skippable frame')
  if (magic !== FRAME_MAGIC) throw corrupt('no frame magic')
  const flags = bytes[4]!
  const block = bytes[5]!
  if (flags >>> 6 !== 1) throw new CompressionError('unsupported', 'LZ4: frame version')
  if (flags & 0b10 || block & 0x8f || block >>> 4 < 4) throw corrupt('reserved header bits are set')
  if (flags & 0b1) throw new CompressionError('unsupported', 'LZ4: frame needs a dictionary')
  const hasSize = (flags & 0b1000) !== 0
  const checksumAt = MAGIC_BYTES + 2 + (hasSize ? 8 : 0)
  if (bytes.length <= checksumAt) throw corrupt('header stops early')
  if (((xxh32(bytes, MAGIC_BYTES, checksumAt) >>> 8) & 0xff) !== bytes[checksumAt]) throw corrupt('header checksum')
  return {
    independent: (flags & 0b100000) !== 0,
    blockChecksums: (flags & 0b10000) !== 0,
    contentChecksum: (flags & 0b100) !== 0,
    blockBytesMax: 1 << (8 + 2 * (block >>> 4)),
    contentBytes: hasSize ? littleEndian32(bytes, 10) * 2 ** 32 + littleEndian32(bytes, 6) : null,
    blocksAt: checksumAt + 1,
  }
}

/** The blocks in order; throws unless an end mark, the checksum if any, and nothing else follow the last one. */
function* blocks(bytes: Uint8Array, frame: Lz4Frame): Generator<Lz4Block> {
  let at = frame.blocksAt
  for (;;) {
    if (bytes.length - at < 4) throw corrupt('frame stops before its end mark')
    const word = littleEndian32(bytes, at)
    at += 4
    if (word === 0) break
    const length = word % STORED_BIT
    const after = at + length + (frame.blockChecksums ? 4 : 0)
    if (after > bytes.length) throw corrupt('frame stops inside a block')
    if (length > frame.blockBytesMax) throw corrupt('a block is larger than the frame allows')
    yield { start: at, end: at + length, stored: word >= STORED_BIT, checksumAt: at + length }
    at = after
  }
  const end = at + (frame.contentChecksum ? 4 : 0)
  if (end > bytes.length) throw corrupt('frame stops inside its checksum')
  if (end < bytes.length) throw corrupt('something follows the frame')
}

function blockBound(block: Lz4Block, frame: Lz4Frame): number {
  const length = block.end - block.start
  return block.stored ? length : Math.min(frame.blockBytesMax, length * LARGEST_RATIO)
}

function exactSize(bytes: Uint8Array, frame: Lz4Frame, limitBytes: number): number {
  if (frame.contentBytes !== null && frame.contentBytes > limitBytes) throw overLimit(limitBytes)
  let size = 0
  for (const block of blocks(bytes, frame)) {
    size += block.stored ? block.end - block.start : lz4BlockSize(bytes, block.start, block.end, limitBytes - size)
    if (size > limitBytes) throw overLimit(limitBytes)
  }
  return size
}

function verify(bytes: Uint8Array, start: number, end: number, expected: number, what: string): void {
  if (xxh32(bytes, start, end) !== expected) throw corrupt(`${what} checksum`)
}

function littleEndian32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function corrupt(what: string): CompressionError {
  return new CompressionError('corrupt', `LZ4: ${what}`)
}

function overLimit(limitBytes: number): CompressionError {
  return new CompressionError('limit', `LZ4: frame inflates to more than ${limitBytes} bytes`)
}
