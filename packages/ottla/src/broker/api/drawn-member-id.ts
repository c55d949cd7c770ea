/** Draws the end of a member id: a UUID in its usual form, as Kafka's ids end. Source: RFC 9562 §4. */
import type { Crypto } from '../../ports/crypto.ts'

export function drawnMemberId(crypto: Crypto): string {
  const hex = Array.from(crypto.randomUuid(), byte => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
