/**
 * Zstandard frames: where a frame ends and what it asks for, without inflating it. node:zlib stops silently after the
 * first frame, so what follows one has to be found here. Source: RFC 8878.
 */
import { CompressionError } from './errors.ts'

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3

export interface ZstdFrame {
  /** Position after the frame, its checksum included. */
  end: number
  /** Memory that inflating needs to look back. Bytes. */
  windowBytes: number
  /** As claimed; null when the header has none. Bytes. */
  contentBytes: number | null
}

/** Walks the frame at `start`. Throws `corrupt` when it stops early, `unsupported` for dictionaries and skippable frames. */
export function readZstdFrame(bytes: Uint8Array, start: number): ZstdFrame {
  const magic = littleEndian(bytes, start, 4)
  if (magic - (magic % 16) === SKIPPABLE_MAGIC) throw new CompressionError('unsupported', 'zstd: skippable frame')
  if (magic !== FRAME_MAGIC) throw corrupt('no frame magic')
  const descriptor = littleEndian(bytes, start + 4, 1)
  if (descriptor & 0b1000) throw corrupt('a reserved bit is set')
  const singleSegment = (descriptor & 0b100000) !== 0
  let at = start + 5
  const windowByte = singleSegment ? null : littleEndian(bytes, at++, 1)
  const dictionaryWidth = [0, 1, 2, 4][descriptor & 0b11]!
  if (littleEndian(bytes, at, dictionaryWidth) !== 0) {
    throw new CompressionError('unsupported', 'zstd: frame needs a dictionary')
  }
  at += dictionaryWidth
  const sizeWidth = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!
  const claimed = littleEndian(bytes, at, sizeWidth) + (sizeWidth === 2 ? 256 : 0)
  const contentBytes = sizeWidth === 0 ? null : claimed
  at += sizeWidth
  return {
    end: blocksEnd(bytes, at) + checksumBytes(bytes, at, descriptor),
    windowBytes: windowByte === null ? claimed : windowSize(windowByte),
    contentBytes,
  }
}

/** Position after the last block of a frame whose blocks begin at `start`. */
function blocksEnd(bytes: Uint8Array, start: number): number {
  let at = start
  for (;;) {
    const word = littleEndian(bytes, at, 3)
    at += 3
    const type = (word >>> 1) & 0b11
    if (type === BLOCK_RESERVED) throw corrupt('a block has a reserved type')
    at += type === BLOCK_RLE ? 1 : word >>> 3
    if (at > bytes.length) throw corrupt('stops inside a block')
    if (word & 1) return at
  }
}

function checksumBytes(bytes: Uint8Array, blocksAt: number, descriptor: number): number {
  if ((descriptor & 0b100) === 0) return 0
  if (bytes.length - blocksEnd(bytes, blocksAt) < 4) throw corrupt('stops inside its checksum')
  return 4
}

function windowSize(byte: number): number {
  const base = 2 ** (10 + (byte >>> 3))
  return base + (base / 8) * (byte & 0b111)
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  if (width > bytes.length - at) throw corrupt('stops early')
  let value = 0
  for (let index = width - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!
  return value
}

function corrupt(what: string): CompressionError {
  return new CompressionError('corrupt', `zstd: ${what}`)
}
