/**
 * Simulated time: what will happen, and when. Events at the same moment run in an order drawn from the seed, since the
 * real world promises none. Owns no idea of what the events are.
 */
import { assert } from '../../base/assert.ts'
import type { Prng } from '../../base/random.ts'
import { TraceHash } from './trace.ts'

/** Microseconds, whole, since the world began. */
export type Micros = number

interface Event {
  readonly at: Micros
  readonly tie: number
  /** Of two events with the same time and tie, the older first. */
  readonly order: number
  readonly label: string
  /** Null once it is cancelled. */
  run: (() => void) | null
}

export class Scheduler {
  readonly trace = new TraceHash()
  readonly #rng: Prng
  /** A binary heap, the next event first. */
  readonly #heap: Event[] = []
  #now: Micros = 0
  #order = 0
  #steps = 0

  constructor(rng: Prng) {
    this.#rng = rng
  }

  get now(): Micros {
    return this.#now
  }

  /** Events that have run. */
  get steps(): number {
    return this.#steps
  }

  /** Runs `run` once, `delay` from now. Returns the way to call it off. */
  after(delay: Micros, label: string, run: () => void): () => void {
    return this.at(this.#now + Math.max(0, Math.round(delay)), label, run)
  }

  /** `at` is not in the past. Fractions of a microsecond are not kept. */
  at(at: Micros, label: string, run: () => void): () => void {
    assert(at >= this.#now, 'nothing happens in the past', { at, now: this.#now, label })
    const event: Event = { at, tie: this.#rng.u32(), order: this.#order++, label, run }
    this.#push(event)
    return () => {
      event.run = null
    }
  }

  /** Runs the next event; false when there is none. The microtasks it leaves are the caller's to run. */
  step(): boolean {
    for (let event = this.#pop(); event !== null; event = this.#pop()) {
      if (event.run === null) continue
      this.#now = event.at
      this.#steps++
      this.trace.add(event.label, event.at)
      event.run()
      return true
    }
    return false
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[index] = heap[parent] as Event
      index = parent
    }
    heap[index] = event
  }

  #pop(): Event | null {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return null
    if (heap.length > 0) this.#sink(last)
    return first
  }

  #sink(event: Event): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, event)) break
      heap[index] = heap[child] as Event
      index = child
    }
    heap[index] = event
  }
}

function isBefore(a: Event, b: Event): boolean {
  if (a.at !== b.at) return a.at < b.at
  if (a.tie !== b.tie) return a.tie < b.tie
  return a.order < b.order
}
