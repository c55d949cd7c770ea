/**
 * 16-byte ids to and from their text form (base64url without padding, 22 characters) at a position of a byte array.
 * A small cache gives an id that was read before as the same string object: no work to build it, and its hash for the
 * next Map lookup is already known. The cache changes no result.
 */
import type { Uuid } from './uuid.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const UUID_CHARS = 22
const CACHE_SLOTS = 512

const digits = Uint8Array.from(ALPHABET, char => char.charCodeAt(0))
const values = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) values[digits[i]!] = i

const cachedWords = new Int32Array(CACHE_SLOTS * 4)
const cachedTexts: (string | undefined)[] = new Array(CACHE_SLOTS).fill(undefined)

/** The id in the 16 bytes from `at`. */
export function uuidAt(bytes: Uint8Array, at: number): Uuid {
  const a = wordAt(bytes, at)
  const b = wordAt(bytes, at + 4)
  const c = wordAt(bytes, at + 8)
  const d = wordAt(bytes, at + 12)
  const slot =
    (Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ Math.imul(d, 29_791), 0x9e3779b1) >>> 23) % CACHE_SLOTS
  const base = slot * 4
  const found = cachedTexts[slot]
  if (
    found !== undefined &&
    cachedWords[base] === a &&
    cachedWords[base + 1] === b &&
    cachedWords[base + 2] === c &&
    cachedWords[base + 3] === d
  ) {
    return found as Uuid
  }
  const text = textOf(bytes, at)
  cachedWords[base] = a
  cachedWords[base + 1] = b
  cachedWords[base + 2] = c
  cachedWords[base + 3] = d
  cachedTexts[slot] = text
  return text as Uuid
}

/** Writes the 16 bytes of `uuid` at `at`; false when the text is not the canonical form of an id. */
export function putUuid(bytes: Uint8Array, at: number, uuid: string): boolean {
  if (uuid.length !== UUID_CHARS) return false
  let bits = 0
  let held = 0
  for (let i = 0; i < UUID_CHARS; i++) {
    const code = uuid.charCodeAt(i)
    const value = code < 128 ? values[code]! : -1
    if (value < 0) return false
    bits = ((bits << 6) | value) & 0xffff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[at++] = bits >>> held
    }
  }
  return (bits & 0xf) === 0 // 22 characters hold 132 bits: the last four must be zero
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function textOf(bytes: Uint8Array, at: number): string {
  let text = ''
  let bits = 0
  let held = 0
  for (let i = 0; i < 16; i++) {
    bits = ((bits << 8) | bytes[at + i]!) & 0xffff
    held += 8
    while (held >= 6) {
      held -= 6
      text += String.fromCharCode(digits[(bits >>> held) & 63]!)
    }
  }
  return text + String.fromCharCode(digits[(bits << (6 - held)) & 63]!)
}
