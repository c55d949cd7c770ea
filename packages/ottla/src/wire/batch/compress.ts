/**
 * The codec table of record batches: 1 gzip, 2 snappy, 3 lz4, 4 zstd (0 is none). Every inflation has an output limit,
 * checked before memory is taken. Synchronous: who must not hold the loop sends large batches to a worker.
 * Also reads over shared memory work (slabs).
 */
import { Buffer } from 'node:buffer'
import * as zlib from 'node:zlib'
import { CompressionError } from './errors.ts'
import { chooseLz4 } from './lz4.ts'
import { type Choice, loadPackage } from './native.ts'
import { chooseSnappy } from './snappy.ts'
import { readZstdFrame } from './zstd-frame.ts'

export interface BatchCodec {
  /** `level` has the codec's own scale; snappy and lz4 have none. */
  compress(bytes: Uint8Array, level?: number): Uint8Array
  /** Throws a CompressionError; `limit` when the result would be longer than `limitBytes`. */
  decompress(bytes: Uint8Array, limitBytes: number): Uint8Array
}

/**
 * Largest look-back a zstd frame may ask for, as a power of two: 128 MiB, what level 22 uses and what other Kafka clients
 * accept. The memory is only touched as far as output is made, and that has its own limit. A window of 2 GB is refused.
 */
const ZSTD_WINDOW_LOG_MAX = 27
/**
 * Frames in one batch. Producers write one; several are legal, but each costs some 20 µs to set up, and a megabyte of empty
 * ones would hold the loop for seconds.
 */
const ZSTD_FRAMES_MAX = 64
/** node:zlib's own upper bound on a result is far above; lengths here stay within 32 bits. Bytes. */
const INFLATED_BYTES_MAX = 2 ** 31 - 1

const gzip: BatchCodec = {
  compress: (bytes, level) => zlib.gzipSync(bytes, level === undefined ? {} : { level }),
  decompress: (bytes, limitBytes) =>
    inflate('gzip', limitBytes, maxOutputLength => zlib.gunzipSync(bytes, { maxOutputLength })),
}

const zstd: BatchCodec = {
  compress: (bytes, level) =>
    zlib.zstdCompressSync(
      bytes,
      level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } },
    ),
  decompress: decompressZstd,
}

const chosen = new Map<number, Choice<BatchCodec>>()

/** How one codec is done on this machine; undefined for ids 0 and 5 and up. Loads its package at first use. */
export function codecChoice(id: number): Choice<BatchCodec> | undefined {
  const known = chosen.get(id)
  if (known !== undefined) return known
  const choice = load(id)
  if (choice !== undefined) chosen.set(id, choice)
  return choice
}

/** Compresses with codec 0 to 4; 0 gives `bytes` itself. */
export function compress(id: number, bytes: Uint8Array, level?: number): Uint8Array {
  return id === 0 ? bytes : codecOf(id).compress(bytes, level)
}

/**
 * Inflates what codec `id` wrote, to at most `limitBytes`. Throws a CompressionError: `corrupt` for bytes that are not
 * whole and right, `limit`, or `unsupported` for ids 5 and up. Codec 0 gives `bytes` itself.
 */
export function decompress(id: number, bytes: Uint8Array, limitBytes: number): Uint8Array {
  return id === 0 ? bytes : codecOf(id).decompress(bytes, Math.min(limitBytes, INFLATED_BYTES_MAX))
}

function codecOf(id: number): BatchCodec {
  const choice = codecChoice(id)
  if (choice === undefined) throw new CompressionError('unsupported', `no codec has id ${id}`)
  return choice.use
}

function load(id: number): Choice<BatchCodec> | undefined {
  switch (id) {
    case 1:
      return { use: gzip, kind: 'native' }
    case 2:
      return chooseSnappy(loadPackage)
    case 3:
      return chooseLz4(loadPackage)
    case 4:
      return { use: zstd, kind: 'native' }
    default:
      return undefined
  }
}

/** A frame, or several after each other: zstd decoders in other clients read on, so bytes after a frame are not lost. */
function decompressZstd(bytes: Uint8Array, limitBytes: number): Uint8Array {
  const first = readZstdFrame(bytes, 0)
  if (first.end === bytes.length) return inflateZstdFrame(bytes, first, limitBytes)
  const parts: Uint8Array[] = []
  let left = limitBytes
  for (let start = 0; start < bytes.length; ) {
    const frame = readZstdFrame(bytes, start)
    const part = inflateZstdFrame(bytes.subarray(start, frame.end), frame, left)
    left -= part.length
    parts.push(part)
    start = frame.end
    if (parts.length > ZSTD_FRAMES_MAX) {
      throw new CompressionError('unsupported', `zstd: more than ${ZSTD_FRAMES_MAX} frames`)
    }
  }
  return Buffer.concat(parts)
}

function inflateZstdFrame(
  bytes: Uint8Array,
  frame: { windowBytes: number; contentBytes: number | null },
  limitBytes: number,
): Uint8Array {
  if ((frame.contentBytes ?? 0) > limitBytes || frame.windowBytes > 2 ** ZSTD_WINDOW_LOG_MAX) {
    throw new CompressionError('limit', `zstd: needs more than ${limitBytes} bytes`)
  }
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX }
  return inflate('zstd', limitBytes, maxOutputLength => zlib.zstdDecompressSync(bytes, { maxOutputLength, params }))
}

function inflate(name: string, limitBytes: number, run: (maxOutputLength: number) => Uint8Array): Uint8Array {
  let inflated: Uint8Array
  try {
    // zlib wants at least 1, hence the second look below.
    inflated = run(Math.max(1, limitBytes))
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_BUFFER_TOO_LARGE') {
      throw new CompressionError('corrupt', `${name}: does not inflate`, cause)
    }
    throw new CompressionError('limit', `${name}: inflates to more than ${limitBytes} bytes`, cause)
  }
  if (inflated.length > limitBytes)
    throw new CompressionError('limit', `${name}: inflates to more than ${limitBytes} bytes`)
  return inflated
}
