/**
 * Strings to and from bytes for the cursor: strict UTF-8. Bytes that are no UTF-8, and strings that hold half of a
 * surrogate pair, are refused: a replacement character would make two names equal that are not.
 */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Below this length building the string in JavaScript beats the call into the runtime (measured on Node 24). */
const SHORT = 8

// Works on any Uint8Array, without making a Buffer over it; present since Node 6 but not in the type definitions.
const latin1Slice = (Buffer.prototype as unknown as { latin1Slice(start: number, end: number): string }).latin1Slice

/** The string in `bytes` from `start` to `end` (exclusive), or undefined where it is not UTF-8. */
export function textAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let i = start; i < end; i++) if (bytes[i]! > 0x7f) return utf8At(bytes, start, end)
  if (end - start > SHORT) return latin1Slice.call(bytes, start, end)
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!)
  return text
}

function utf8At(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return decoder.decode(bytes.subarray(start, end))
  } catch {
    return undefined // the only failure that a fatal decoder has: the bytes are not UTF-8
  }
}

/** Writes `text` when it is pure ASCII; false, with some bytes overwritten, when it is not. Needs `text.length` bytes. */
export function putAscii(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return false
    bytes[at + i] = code
  }
  return true
}

/** The UTF-8 form, or undefined when `text` holds half of a surrogate pair. */
export function utf8Of(text: string): Uint8Array | undefined {
  return text.isWellFormed() ? encoder.encode(text) : undefined
}
