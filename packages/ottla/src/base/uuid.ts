/**
 * 16-byte ids (topics, directories, clusters, incarnations) in their text form: base64url without padding, 22
 * characters, as Kafka's tools print and store them. Text, so that an id is a Map key. base/cursor-uuid.ts does the
 * byte work. Source: RFC 4648 §5; Kafka's `Uuid` prints the same.
 */
import { assert } from './assert.ts'
import { putUuid, uuidAt } from './cursor-uuid.ts'

declare const unit: unique symbol
/** An id's canonical text. Branded so that a topic's name is not passed for its id by type; plain text still is. */
export type Uuid = string & { readonly [unit]?: 'uuid' }

/** Sixteen zero bytes: `no id` on the wire. */
export const ZERO_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA'
/** 0...01: Kafka's id of its own metadata topic; never given to a topic. */
export const METADATA_TOPIC_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** The id in the 16 bytes from `at`. */
export function uuidFromBytes(bytes: Uint8Array, at = 0): Uuid {
  assert(at >= 0 && at + 16 <= bytes.length, 'an id has 16 bytes', { at, length: bytes.length })
  return uuidAt(bytes, at)
}

/** A new array of 16 bytes. The text must be canonical: see `isUuid` for text from outside. */
export function uuidToBytes(uuid: Uuid): Uint8Array {
  const bytes = new Uint8Array(16)
  assert(putUuid(bytes, 0, uuid), 'an id is 22 characters of base64url', { uuid })
  return bytes
}

/** Whether the text is the canonical form of an id. */
export function isUuid(text: string): text is Uuid {
  return putUuid(scratch, 0, text)
}

/** Whether the id may be given to a topic or a directory: Kafka reserves 0 and 1, and tools misread a leading dash. */
export function isAssignable(uuid: Uuid): boolean {
  return uuid !== ZERO_UUID && uuid !== METADATA_TOPIC_UUID && !uuid.startsWith('-')
}

const scratch = new Uint8Array(16)
