/** Randomness from the system's generator. */
import { randomBytes } from 'node:crypto'
import type { Crypto } from '../../ports/crypto.ts'

export class NodeCrypto implements Crypto {
  randomBytes(count: number): Uint8Array {
    return randomBytes(count)
  }

  randomUuid(): Uint8Array {
    const bytes = Uint8Array.from(randomBytes(16))
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
    return bytes
  }
}
