/** Producer ids for InitProducerId, from blocks that the controller gives out. An id is given once in a cluster's life. */
import type { ProducerIdBlock } from '../core/controller/commands.ts'
import { ControllerUnavailable } from './services.ts'

export class ProducerIds {
  readonly #allocate: () => Promise<ProducerIdBlock>
  #next = 0n
  #end = 0n
  #asking: Promise<void> | null = null

  constructor(allocate: () => Promise<ProducerIdBlock>) {
    this.#allocate = allocate
  }

  async next(): Promise<bigint> {
    while (this.#next === this.#end) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = null
      })
      await this.#asking
    }
    return this.#next++
  }

  async #ask(): Promise<void> {
    const block = await this.#allocate()
    if (block.error !== 'NONE') throw new ControllerUnavailable(block.message ?? block.error)
    this.#next = block.firstProducerId
    this.#end = block.firstProducerId + BigInt(block.count)
  }
}
