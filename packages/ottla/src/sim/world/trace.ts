/**
 * A rolling hash of everything that happened in a world, in order: two runs of one seed are the same run if and only if
 * their hashes are equal. Two 32-bit lanes of FNV-1a, so 64 bits together.
 */
export class TraceHash {
  #low = 0x811c9dc5
  #high = 0x9dc5811c
  readonly #labels = new Map<string, number>()

  /** An event: what it is, and numbers that tell it from others of its kind. */
  add(label: string, ...numbers: readonly number[]): void {
    this.#mix(this.#numberOf(label))
    for (const number of numbers) {
      this.#mix(number | 0)
      if (number > 0x7fffffff) this.#mix(Math.floor(number / 0x1_0000_0000))
    }
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    const hex = (lane: number) => (lane >>> 0).toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193)
    this.#high = Math.imul(this.#high ^ (word + 0x9e3779b9), 0x85ebca6b)
    this.#high ^= this.#high >>> 13
  }

  /** Labels are few, so each is hashed once. */
  #numberOf(label: string): number {
    const known = this.#labels.get(label)
    if (known !== undefined) return known
    let hash = 0x811c9dc5
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193)
    this.#labels.set(label, hash)
    return hash
  }
}
