/** Typed arrays that grow at their end: what a history of millions of records is kept in. */

const INITIAL_LENGTH = 64

class Growing<A extends Float64Array | Uint8Array> {
  readonly #make: (length: number) => A
  #array: A
  #length = 0

  constructor(make: (length: number) => A) {
    this.#make = make
    this.#array = make(INITIAL_LENGTH)
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#array.length) {
      const grown = this.#make(this.#length * 2)
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

export class GrowingNumbers extends Growing<Float64Array> {
  constructor() {
    super(length => new Float64Array(length))
  }
}

export class GrowingBytes extends Growing<Uint8Array> {
  constructor() {
    super(length => new Uint8Array(length))
  }
}
