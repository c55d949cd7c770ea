/** Typed arrays that grow at their end: what a history of millions of records is kept in. */

const INITIAL_LENGTH = 64

export class GrowingNumbers {
  #array = new Float64Array(INITIAL_LENGTH)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#array.length) {
      const grown = new Float64Array(this.#length * 2)
      grown.set(this.#array)
      this.#array = grown
    }
    this.#array[this.#length++] = value
  }

  /** `index` is below `length`. */
  at(index: number): number {
    return this.#array[index] as number
  }

  set(index: number, value: number): void {
    this.#array[index] = value
  }
}

export class GrowingBytes {
  #array = new Uint8Array(INITIAL_LENGTH)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#array.length) {
      const grown = new Uint8Array(this.#length * 2)
      grown.set(this.#array)
      this.#array = grown
    }
    this.#array[this.#length++] = value
  }

  /** `index` is below `length`. */
  at(index: number): number {
    return this.#array[index] as number
  }

  set(index: number, value: number): void {
    this.#array[index] = value
  }
}
