/**
 * How one operation of the simulated disk runs: it is announced to the fault hook, stays in flight until the scheduler
 * lets it finish, and may be caught in the middle by a crash. Owns the disk's life (running, stopped); what operations
 * do to files and names is in disk.ts.
 */
import type { Prng } from '../../base/random.ts'
import { DiskFault, type DiskFaultCode } from '../../ports/disk.ts'
import { PathProblem } from './directory-tree.ts'

export type DiskOperationKind =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'removeDirectory'
  | 'makeDirectory'
  | 'syncDirectory'
  | 'list'
  | 'stat'
  | 'lock'
  | 'volume'

/** What the fault hook and the scheduler are told. */
export interface DiskOperation {
  readonly kind: DiskOperationKind
  readonly path: string
  /** Length of a read or write, else 0. */
  readonly bytes: number
  /** How many operations that change something were begun before this one. */
  readonly index: number
  /** Whether this one changes something: every kind but read, list, stat, volume, and an open that makes no file. */
  readonly changes: boolean
}

/** What the fault hook answers: go on, fail so, or crash with this operation half done. */
export type DiskVerdict = 'go' | 'crash' | DiskFaultCode

/** Thrown by the synchronous forms once the machine has stopped; asynchronous ones never settle. Not a DiskFault. */
export class DiskStopped extends Error {
  constructor() {
    super('the simulated machine has stopped')
    this.name = 'DiskStopped'
  }
}

export interface DiskSchedule {
  /** Runs `finish` once, later: the moment at which the operation takes effect and answers. */
  defer(finish: () => void, operation: DiskOperation): void
  intercept(operation: DiskOperation): DiskVerdict
}

interface Work<T> {
  /** The whole effect. */
  apply(): T
  /** What may have happened of it when the machine stops before the end; nothing when absent. */
  interrupt?(rng: Prng): void
  /** What happens of it when it fails with an injected fault; nothing when absent. */
  fail?(code: DiskFaultCode): void
}

export type OperationShape = Pick<DiskOperation, 'kind' | 'path'> & Partial<Pick<DiskOperation, 'bytes' | 'changes'>>

export class DiskOperations {
  readonly #schedule: DiskSchedule
  readonly #inFlight = new Set<Work<unknown>>()
  readonly stopped: Promise<void>
  #announceStop: () => void = () => {}
  #running = true
  #changeCount = 0

  constructor(schedule: DiskSchedule) {
    this.#schedule = schedule
    this.stopped = new Promise(resolve => {
      this.#announceStop = resolve
    })
  }

  /** Operations begun so far that change something. */
  get changeCount(): number {
    return this.#changeCount
  }

  run<T>(shape: OperationShape, work: Work<T>): Promise<T> {
    const begun = this.#begin(shape, work)
    if (begun === null) return new Promise<T>(() => {})
    const { operation, verdict } = begun
    return new Promise<T>((resolve, reject) => {
      this.#inFlight.add(work)
      const finish = () => {
        if (!this.#running) return
        this.#inFlight.delete(work)
        try {
          resolve(settle(operation, verdict, work))
        } catch (error) {
          reject(error)
        }
      }
      this.#schedule.defer(finish, operation)
    })
  }

  runSync<T>(shape: OperationShape, work: Work<T>): T {
    const begun = this.#begin(shape, work)
    if (begun === null) throw new DiskStopped()
    return settle(begun.operation, begun.verdict, work)
  }

  /** Nothing finishes from now on. */
  stop(): void {
    this.#running = false
    this.#announceStop()
  }

  /** Lets a seeded part of what is in flight happen, in any order. Only after `stop`. */
  interruptAll(rng: Prng): void {
    for (const work of rng.shuffle([...this.#inFlight])) {
      const fate = rng.int(0, 2)
      if (fate === 0) continue
      try {
        if (fate === 1) work.interrupt?.(rng)
        else work.apply()
      } catch (error) {
        // Nobody is left to be told that the operation failed.
        if (!(error instanceof PathProblem || error instanceof DiskFault)) throw error
      }
    }
    this.#inFlight.clear()
  }

  #begin(
    shape: OperationShape,
    work: Work<unknown>,
  ): { operation: DiskOperation; verdict: 'go' | DiskFaultCode } | null {
    if (!this.#running) return null
    const changes = shape.changes ?? false
    const operation = { kind: shape.kind, path: shape.path, bytes: shape.bytes ?? 0, index: this.#changeCount, changes }
    if (changes) this.#changeCount++
    const verdict = this.#schedule.intercept(operation)
    if (verdict !== 'crash') return { operation, verdict }
    this.#inFlight.add(work)
    this.stop()
    return null
  }
}

function settle<T>(operation: DiskOperation, verdict: 'go' | DiskFaultCode, work: Work<T>): T {
  if (verdict !== 'go') {
    work.fail?.(verdict)
    throw new DiskFault(verdict, operation.path, `${verdict}: ${operation.kind} ${operation.path} (injected)`)
  }
  try {
    return work.apply()
  } catch (error) {
    if (!(error instanceof PathProblem)) throw error
    throw new DiskFault(error.code, operation.path, `${error.code}: ${operation.kind} ${operation.path}`)
  }
}
