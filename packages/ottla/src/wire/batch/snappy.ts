/**
 * Snappy as batches use it. Java writes the stream of snappy-java ("xerial"): a header of 16 bytes, then blocks of at most
 * 32 KiB each with its length before it. librdkafka, franz-go and others write one bare block. Both are read; we write the
 * first, which every client reads. A bare block cannot look like the stream: its first tag would copy from before its start.
 * The snappy package where it has a binary; otherwise @platformatic/wasm-utils writes and our own decoder reads (see lz4.ts
 * for why).
 */
import { Buffer } from 'node:buffer'
import type { BatchCodec } from './compress.ts'
import { CompressionError } from './errors.ts'
import { putInt32, uint32At } from './fixed.ts'
import { type Choice, choose, type LoadPackage, loadPackage, WASM_PACKAGE } from './native.ts'
import { inflateSnappyBlock, snappyBlockSize } from './snappy-block.ts'

/** Magic, version 1, oldest version able to read it 1. */
const STREAM_HEADER = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1)
const STREAM_MAGIC_BYTES = 8
const STREAM_BLOCK_BYTES = 32 * 1024
/** Smaller blocks are inflated in JavaScript: the call alone costs more (2-3 µs against 1.4 µs at 256 bytes, measured). */
const NATIVE_FROM_BYTES = 256
/** Memory from the heap of JavaScript: measured 2-3 times as fast as wrapping native memory, from 1 KB to 1 MB. */
const COPY_OUT = { copyOutputData: true }

interface SnappyPackage {
  compressSync(bytes: Uint8Array, options: { copyOutputData: boolean }): Uint8Array
  uncompressSync(bytes: Uint8Array, options: { copyOutputData: boolean }): Uint8Array
}

interface WasmPackage {
  snappyCompress(bytes: Uint8Array): Uint8Array
}

/** One bare block: how this machine does it. `inflate` gets a block whose claimed size has been checked, and returns it. */
interface SnappyBlocks {
  deflate(bytes: Uint8Array): Uint8Array
  inflate(bytes: Uint8Array, into: Uint8Array, outAt: number): number
}

/** The form this machine allows. */
export function chooseSnappy(load: LoadPackage): Choice<BatchCodec> {
  return choose<SnappyPackage, BatchCodec>(load, 'snappy', loaded => streams(nativeBlocks(loaded)), portableSnappy)
}

export function portableSnappy(): BatchCodec {
  return streams({
    deflate: bytes => (loadPackage(WASM_PACKAGE) as WasmPackage).snappyCompress(bytes),
    inflate: inflateSnappyBlock,
  })
}

function nativeBlocks(loaded: SnappyPackage): SnappyBlocks {
  return {
    deflate: bytes => loaded.compressSync(bytes, COPY_OUT),
    inflate(bytes, into, outAt) {
      if (bytes.length < NATIVE_FROM_BYTES) return inflateSnappyBlock(bytes, into, outAt)
      let inflated: Uint8Array
      try {
        inflated = loaded.uncompressSync(bytes, COPY_OUT)
      } catch (cause) {
        throw new CompressionError('corrupt', 'Snappy: block does not inflate', cause)
      }
      into.set(inflated, outAt)
      return inflated.length
    },
  }
}

function streams(blocks: SnappyBlocks): BatchCodec {
  return {
    compress: bytes => writeStream(bytes, blocks),
    decompress(bytes, limitBytes) {
      let size = 0
      eachBlock(bytes, block => {
        size += snappyBlockSize(block)
        if (size > limitBytes) throw new CompressionError('limit', `Snappy: inflates to more than ${limitBytes} bytes`)
      })
      const into = new Uint8Array(size)
      let outAt = 0
      eachBlock(bytes, block => {
        outAt += blocks.inflate(block, into, outAt)
      })
      return into
    },
  }
}

function isStream(bytes: Uint8Array): boolean {
  for (let at = 0; at < STREAM_MAGIC_BYTES; at++) {
    if (bytes[at] !== STREAM_HEADER[at]) return false
  }
  return true
}

/** Calls `visit` with each bare block. Stream versions are not looked at: there has never been another. */
function eachBlock(bytes: Uint8Array, visit: (block: Uint8Array) => void): void {
  if (!isStream(bytes)) {
    visit(bytes)
    return
  }
  if (bytes.length < STREAM_HEADER.length) throw new CompressionError('corrupt', 'Snappy: stream stops in its header')
  let at = STREAM_HEADER.length
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw new CompressionError('corrupt', 'Snappy: stream stops in a block length')
    const length = uint32At(bytes, at)
    at += 4
    if (length > bytes.length - at) throw new CompressionError('corrupt', 'Snappy: stream stops inside a block')
    visit(bytes.subarray(at, at + length))
    at += length
  }
}

function writeStream(bytes: Uint8Array, blocks: SnappyBlocks): Uint8Array {
  const parts: Uint8Array[] = [STREAM_HEADER]
  for (let at = 0; at < bytes.length; at += STREAM_BLOCK_BYTES) {
    const block = blocks.deflate(bytes.subarray(at, at + STREAM_BLOCK_BYTES))
    const length = new Uint8Array(4)
    putInt32(length, 0, block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}
