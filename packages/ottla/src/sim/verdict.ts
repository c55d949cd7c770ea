/** One seed, from its number to what came of it. */
import { DiskStopped } from '../adapters/memory/disk-operations.ts'
import { type PlantedBug, plantBugs } from '../base/planted.ts'
import { Prng } from '../base/random.ts'
import { BrokerRun } from './broker-run.ts'
import { GroupRun } from './group-run.ts'
import { StorageRun } from './storage-run.ts'
import { drive, type Simulation } from './world/microtasks.ts'

export const workloads = ['broker', 'storage', 'groups'] as const

export type WorkloadName = (typeof workloads)[number]

/** By how much each finds. */
const DRAWN: readonly WorkloadName[] = ['broker', 'broker', 'storage', 'groups']

/** What a workload tells of a run. */
export interface RunResult {
  /** Empty when everything held. */
  readonly problems: readonly string[]
  readonly traceHash: string
  readonly steps: number
  readonly simulatedMs: number
  /** Starts of the process. */
  readonly lives: number
  readonly faults: number
  /** Records whose keeping was promised. */
  readonly acknowledged: number
  /** The last things that happened. */
  readonly journal: readonly string[]
}

export interface Verdict extends RunResult {
  readonly seed: number
  readonly workload: WorkloadName
}

/** A workload that can be driven. */
export interface Run {
  simulate(): Simulation<RunResult>
}

export interface JudgeOptions {
  readonly bugs?: readonly PlantedBug[]
  /** Else drawn from the seed. */
  readonly workload?: WorkloadName
}

/** Runs the seed. One at a time in a thread: planted bugs and unhandled rejections are the thread's. */
export async function judge(seed: number, { bugs = [], workload }: JudgeOptions = {}): Promise<Verdict> {
  const rng = new Prng(`ottla ${seed}`)
  const drawn = rng.pick(DRAWN)
  const name = workload ?? drawn
  const unhandled: string[] = []
  const note = (reason: unknown) => {
    // What a ghost (see Machine.crashInside) left behind.
    if (reason instanceof DiskStopped) return
    unhandled.push(`nobody waits for a promise that failed: ${reason instanceof Error ? reason.stack : String(reason)}`)
  }
  process.on('unhandledRejection', note)
  plantBugs(bugs)
  try {
    const result = await drive(runOf(name, rng).simulate())
    // Node tells of unhandled rejections once the loop turns.
    await new Promise(resolve => setImmediate(resolve))
    return { ...result, seed, workload: name, problems: [...result.problems, ...unhandled] }
  } finally {
    plantBugs([])
    process.off('unhandledRejection', note)
  }
}

function runOf(name: WorkloadName, rng: Prng): Run {
  switch (name) {
    case 'broker':
      return new BrokerRun(rng)
    case 'storage':
      return new StorageRun(rng)
    case 'groups':
      return new GroupRun(rng)
  }
}
