/** Seeded ids and bytes for tests and simulation. Predictable by design: never for a process that serves others. */
import { Prng } from '../../base/random.ts'
import type { Crypto } from '../../ports/crypto.ts'

export class SeededCrypto implements Crypto {
  readonly #prng: Prng

  constructor(seed: string | number) {
    this.#prng = new Prng(seed)
  }

  randomBytes(count: number): Uint8Array {
    return this.#prng.bytes(count)
  }

  randomUuid(): Uint8Array {
    const bytes = this.#prng.bytes(16)
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
    return bytes
  }
}
