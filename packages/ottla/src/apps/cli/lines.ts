/** Splits a byte stream into lines. */

const NEWLINE = 0x0a

/** Lines without their ends, as bytes; a last line without an end counts. A line lives as long as it is held. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  /** The beginning of a line whose end has not come. */
  let pieces: Uint8Array[] = []
  for await (const chunk of input) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end)
      yield pieces.length === 0 ? piece : Buffer.concat([...pieces, piece])
      pieces = []
      start = end + 1
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start))
  }
  if (pieces.length > 0) yield Buffer.concat(pieces)
}
