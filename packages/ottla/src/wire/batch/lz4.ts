/**
 * LZ4 as batches use it: one frame of independent blocks. lz4-napi where it has a binary; otherwise frames are written by
 * @platformatic/wasm-utils and read by our own decoder. (Theirs traps on bad input and then never frees what it had
 * inflated: a hundred bad 8 MB frames cost 870 MB. So it never sees bytes of a peer.)
 */
import { Buffer } from 'node:buffer'
import type { BatchCodec } from './compress.ts'
import { CompressionError } from './errors.ts'
import { boundLz4Frame, claimedLz4Size, inflateLz4Frame } from './lz4-frame.ts'
import { type Choice, choose, type LoadPackage, loadPackage, WASM_PACKAGE } from './native.ts'

interface Lz4Package {
  compressFrameSync(bytes: Uint8Array): Uint8Array
  decompressFrameSync(bytes: Uint8Array): Uint8Array
}

interface WasmPackage {
  lz4Compress(bytes: Uint8Array): Uint8Array
}

/** Magic, independent blocks of at most 64 KB, header checksum, end mark. */
const EMPTY_FRAME = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0)

/** The form this machine allows. */
export function chooseLz4(load: LoadPackage): Choice<BatchCodec> {
  return choose<Lz4Package, BatchCodec>(load, 'lz4-napi', nativeLz4, portableLz4)
}

export function portableLz4(): BatchCodec {
  return {
    // The package fails on empty input once its memory has grown: its view of that memory is then detached.
    compress: bytes => (bytes.length === 0 ? EMPTY_FRAME.slice() : wasmPackage().lz4Compress(bytes)),
    decompress: inflateLz4Frame,
  }
}

function nativeLz4(loaded: Lz4Package): BatchCodec {
  return {
    compress: bytes => loaded.compressFrameSync(bytes),
    decompress(bytes, limitBytes) {
      const bound = boundLz4Frame(bytes, limitBytes)
      let inflated: Uint8Array
      try {
        inflated = loaded.decompressFrameSync(asBuffer(bytes))
      } catch (cause) {
        throw new CompressionError('corrupt', 'LZ4: frame does not inflate', cause)
      }
      const claimed = claimedLz4Size(bytes)
      if (claimed !== null && claimed !== inflated.length) {
        throw new CompressionError('corrupt', 'LZ4: content size is not what it says')
      }
      if (inflated.length > bound) throw new CompressionError('corrupt', 'LZ4: frame is larger than its blocks allow')
      return inflated
    },
  }
}

function wasmPackage(): WasmPackage {
  return loadPackage(WASM_PACKAGE) as WasmPackage
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
