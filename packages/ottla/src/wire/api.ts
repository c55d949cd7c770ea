/** What is known of an API whatever its codecs, and the shape in which a generated module offers both. */
import type { Reader, Writer } from '../base/cursor.ts'

export interface ApiRow {
  readonly key: number
  /** Kafka's name, without "Request". */
  readonly name: string
  /** First and last version that the codecs know. */
  readonly min: number
  readonly max: number
  /** First version told to clients. Below `min` for Produce only: old librdkafka turns codecs off otherwise (KAFKA-18659). */
  readonly advertisedMin: number
  /** First version with compact forms, tagged fields and the flexible headers; infinite when there is none. */
  readonly flexibleFrom: number
}

/**
 * An API with its codecs. Decoders take a version from `min` to `max`, read one body and leave what follows unread.
 * `RequestInput` and `ResponseInput` are what encoders accept: fields with a default may be left out.
 */
export interface Api<Request, RequestInput, Response, ResponseInput> extends ApiRow {
  decodeRequest(r: Reader, version: number): Request
  encodeRequest(w: Writer, version: number, m: RequestInput): void
  decodeResponse(r: Reader, version: number): Response
  encodeResponse(w: Writer, version: number, m: ResponseInput): void
}

// biome-ignore lint/suspicious/noExplicitAny: the element type of tables over all APIs, whose messages have no common shape
export type AnyApi = Api<any, any, any, any>

/** A record kept in a log: its bytes begin with its version as an int16, which decode reads itself. */
export interface RecordCodec<Message, Input> {
  readonly name: string
  readonly min: number
  readonly max: number
  decode(r: Reader): Message
  encode(w: Writer, version: number, m: Input): void
}

// biome-ignore lint/suspicious/noExplicitAny: as AnyApi
export type AnyRecordCodec = RecordCodec<any, any>
