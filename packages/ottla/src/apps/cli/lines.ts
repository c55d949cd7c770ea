/** Splits a byte stream into lines. */
import type { Bytes } from '../../base/units.ts'
import { CommandError } from './failure.ts'

const NEWLINE = 0x0a
/** Above every batch that a broker may be set to take in practice; what is longer has no lines. */
const LINE_BYTES_MAX = 256 * 1024 * 1024

/**
 * Lines without their ends, as bytes; a last line without an end counts. A line lives as long as it is held. Throws a
 * CommandError when a line gets longer than `lineBytesMax`: its beginning has to be held until its end comes.
 */
export async function* linesOf(
  input: AsyncIterable<Uint8Array>,
  lineBytesMax: Bytes = LINE_BYTES_MAX,
): AsyncGenerator<Uint8Array> {
  let heldBytes = 0
  /** The beginning of a line whose end has not come. */
  let pieces: Uint8Array[] = []
  for await (const chunk of input) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end)
      yield pieces.length === 0 ? piece : Buffer.concat([...pieces, piece])
      pieces = []
      heldBytes = 0
      start = end + 1
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start))
    heldBytes += chunk.length - start
    if (heldBytes > lineBytesMax) {
      throw new CommandError(`a line of the input is longer than ${lineBytesMax} bytes: each line is one record`)
    }
  }
  if (pieces.length > 0) yield Buffer.concat(pieces)
}
