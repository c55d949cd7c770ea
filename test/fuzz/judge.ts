/** Runs one input and says whether it crashed, took too long or took too much memory. */
import { type Finding, type FindingKind, HANG_MS, type Target } from './target.ts'

export interface Verdict {
  /** What happened, where nothing is wrong. */
  readonly outcome: string
  readonly finding: Finding | null
}

/**
 * A machine with other work may hold up any input once, and a collection may fall into its time: what is measured counts
 * only when it happens again, thrice in a row.
 */
const TRIES = 3
/** Objects made of a message: an element of a few bytes is an object of some hundred. Bytes per byte, and in any case. */
const HEAP_PER_BYTE = 128
const HEAP_BYTES = 32 * 1024 * 1024

export async function judge(target: Target, input: Uint8Array): Promise<Verdict> {
  const find = (kind: FindingKind, what: string): Verdict => ({
    outcome: kind,
    finding: { kind, target: target.name, input, what },
  })
  for (let tries = 1; ; tries++) {
    const before = process.memoryUsage()
    const begunAt = performance.now()
    let outcome: string
    try {
      const result = target.run(input)
      outcome = typeof result === 'string' ? result : await result
    } catch (error) {
      return find('crash', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    const tookMs = performance.now() - begunAt
    const problem = tookMs > HANG_MS ? `${Math.round(tookMs)} ms` : memoryProblem(target, input, before)
    if (problem === null) return { outcome, finding: null }
    if (tries === TRIES) return find(tookMs > HANG_MS ? 'hang' : 'memory', `${problem}, ${tries} times in a row`)
  }
}

function memoryProblem(target: Target, input: Uint8Array, before: NodeJS.MemoryUsage): string | null {
  const after = process.memoryUsage()
  const buffers = after.arrayBuffers - before.arrayBuffers
  const heap = after.heapUsed - before.heapUsed
  const allowed = target.allowedBytes(input.length)
  if (buffers > allowed) return `${buffers} bytes of buffers for an input of ${input.length}; ${allowed} are allowed`
  const allowedHeap = HEAP_BYTES + HEAP_PER_BYTE * input.length
  if (heap > allowedHeap) return `${heap} bytes of heap for an input of ${input.length}; ${allowedHeap} are allowed`
  return null
}
