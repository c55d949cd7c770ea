/**
 * CRC-32C (Castagnoli), the checksum of record batches and of our own files. Large inputs go to @node-rs/crc32, which
 * reads any Uint8Array in place, those over shared memory too (WebAssembly.Memory, the slabs, included: tested); small
 * ones, for which the call and the view cost more than the sum, and machines without that package, use slicing-by-8.
 * Source: RFC 3720 appendix B.4 (vectors); slicing-by-8 after Kounavis and Berry, "Novel Table Lookup-Based Algorithms
 * for High-Performance CRC Generation", 2008.
 */
import { Bug } from '../../base/assert.ts'
import { choose, type LoadPackage, loadPackage } from './native.ts'

/**
 * CRC-32C of `bytes[start, end)`, unsigned. `before` is the sum of what precedes these bytes, so that a sum over several
 * pieces needs no copy: `crc32c(b, 0, n, crc32c(a, 0, m))` is the sum of a then b.
 */
export type Crc32c = (bytes: Uint8Array, start: number, end: number, before?: number) => number

/**
 * Inputs below this many bytes are summed in JavaScript. Measured with batch.bench.ts on a 2-core Xeon, Node 24: the two
 * take the same time between 170 bytes (quiet machine) and 230 (busy): the call and the view cost more than such a sum.
 */
export const NATIVE_FROM_BYTES = 192

const POLYNOMIAL = 0x82f63b78
const TABLES = slicingTables()

interface CrcPackage {
  crc32c(input: Uint8Array, before?: number): number
}

/** The sum without native code; 1.2-1.5 GB/s. */
export const portableCrc32c: Crc32c = (bytes, start, end, before = 0) => {
  checkRange(bytes, start, end)
  const t = TABLES
  let crc = ~before
  let at = start
  for (const last = end - 8; at <= last; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      t[1792 + (low & 0xff)]! ^
      t[1536 + ((low >>> 8) & 0xff)]! ^
      t[1280 + ((low >>> 16) & 0xff)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

/** The form this machine allows. Exported for tests, which also ask for it with a package that does not load. */
export function chooseCrc32c(load: LoadPackage) {
  return choose<CrcPackage, Crc32c>(load, '@node-rs/crc32', nativeCrc32c, () => portableCrc32c)
}

export const crc32cChoice = chooseCrc32c(loadPackage)

export const crc32c: Crc32c = crc32cChoice.use

function nativeCrc32c(loaded: CrcPackage): Crc32c {
  const sum = loaded.crc32c
  return (bytes, start, end, before = 0) => {
    if (end - start < NATIVE_FROM_BYTES) return portableCrc32c(bytes, start, end, before)
    checkRange(bytes, start, end)
    if (start === 0 && end === bytes.length) return sum(bytes, before)
    return sum(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start), before)
  }
}

function checkRange(bytes: Uint8Array, start: number, end: number): void {
  if (start >= 0 && start <= end && end <= bytes.length) return
  throw new Bug('a checksum covers bytes that exist', { start, end, length: bytes.length })
}

/** Eight tables of 256 entries after each other; table n gives the effect of a byte n places before the end. */
function slicingTables(): Int32Array {
  const tables = new Int32Array(2048)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let entry = 256; entry < 2048; entry++) {
    const previous = tables[entry - 256]!
    tables[entry] = (previous >>> 8) ^ tables[previous & 0xff]!
  }
  return tables
}
