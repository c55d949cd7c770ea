/** What an attacker must not predict or forge. Grows with the security issues (SCRAM, tokens). */
export interface Crypto {
  /** `count` unpredictable bytes. */
  randomBytes(count: number): Uint8Array
  /** A version 4 UUID (RFC 9562) as 16 bytes: cluster, directory, topic and incarnation ids. */
  randomUuid(): Uint8Array
}
