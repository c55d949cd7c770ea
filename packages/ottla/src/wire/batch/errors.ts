/** What reading or writing batches throws. Judging a producer's batch throws nothing: validate.ts returns refusals. */

/**
 * `corrupt`: the bytes are not what the codec says, or stop early. `limit`: inflating would pass the caller's limit.
 * `unsupported`: no such codec, or a feature of its format that Kafka's does not use (dictionaries, skippable frames).
 */
export type CompressionProblem = 'corrupt' | 'limit' | 'unsupported'

export class CompressionError extends Error {
  readonly kind: CompressionProblem

  constructor(kind: CompressionProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CompressionError'
    this.kind = kind
  }
}

/**
 * `partial`: the batch ends after the bytes do. `size`: a length no batch can have. `magic`: not magic 2. `crc`: the sum
 * does not fit. `records`: the record framing inside contradicts itself or the header.
 */
export type BatchProblem = 'partial' | 'size' | 'magic' | 'crc' | 'records'

/** A batch that cannot be read. Inflating one may throw a CompressionError instead. */
export class BatchError extends Error {
  readonly kind: BatchProblem

  constructor(kind: BatchProblem, message: string) {
    super(message)
    this.name = 'BatchError'
    this.kind = kind
  }
}
