/**
 * Crashes on a thread of their own: the test runner follows every promise of its thread, and that takes as long as the
 * crashes themselves.
 */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { type PlantedBug, plantBugs } from '../base/planted.ts'
import type { CrashKind } from './crash-model.testing.ts'
import { crashAt, scenarios } from './crash-run.testing.ts'

export interface CrashOrder {
  /** A name in `scenarios`. */
  readonly scenario: string
  /** The change at which to crash; -1: never. */
  readonly at: number
  readonly kind: CrashKind
  readonly seed: string
  readonly bugs?: readonly PlantedBug[]
}

export interface CrashReport {
  /** How many orders were carried out, the one that failed included. */
  readonly tried: number
  /** What broke at the last one tried; undefined when nothing did. */
  readonly error?: unknown
  /** Changes of the last one tried, where its scenario came to its end. */
  readonly total: number | null
}

export class CrashThread {
  readonly #worker = new Worker(new URL(import.meta.url))

  /** Crashes as ordered, one after the other, until one breaks a promise. One call at a time. */
  async crash(orders: readonly CrashOrder[]): Promise<CrashReport> {
    this.#worker.postMessage(orders)
    const [report] = await once(this.#worker, 'message')
    return report as CrashReport
  }

  /** How many changes the scenario makes when nothing stops it; throws what breaks then. */
  async changesOf(scenario: string, kind: CrashKind): Promise<number> {
    const { error, total } = await this.crash([{ scenario, at: -1, kind, seed: 'whole' }])
    if (error !== undefined || total === null) throw error
    return total
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}

async function carryOut(orders: readonly CrashOrder[]): Promise<CrashReport> {
  let total: number | null = null
  let tried = 0
  for (const { scenario, bugs = [], ...crash } of orders) {
    tried++
    plantBugs(bugs)
    try {
      total = await crashAt(scenarios[scenario]!, crash)
    } catch (error) {
      return { tried, error, total: null }
    }
  }
  return { tried, total }
}

if (!isMainThread) {
  parentPort!.on('message', (orders: readonly CrashOrder[]) => {
    carryOut(orders).then(report => parentPort!.postMessage(report))
  })
}
