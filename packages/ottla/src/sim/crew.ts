/** Judges seeds, on this thread or on several, and hands out verdicts as they come. */
import { Worker } from 'node:worker_threads'
import type { JudgeOptions, Verdict } from './verdict.ts'
import { judge } from './verdict.ts'

export interface CrewOptions extends JudgeOptions {
  readonly jobs: number
}

/** Calls `take` for each verdict, in any order; once it says false no further seed is begun. */
export async function judgeAll(
  seeds: Iterable<number>,
  { jobs, ...options }: CrewOptions,
  take: (verdict: Verdict) => boolean,
): Promise<void> {
  const queue = seeds[Symbol.iterator]()
  let goesOn = true
  const lane = async (ask: (seed: number) => Promise<Verdict>) => {
    for (let next = queue.next(); goesOn && next.done !== true; next = queue.next()) {
      goesOn = take(await ask(next.value)) && goesOn
    }
  }
  if (jobs === 1) return lane(seed => judge(seed, options))
  const workers = Array.from({ length: jobs }, () => new JudgeThread(options))
  try {
    await Promise.all(workers.map(worker => lane(seed => worker.ask(seed))))
  } finally {
    await Promise.all(workers.map(worker => worker.end()))
  }
}

class JudgeThread {
  readonly #worker: Worker

  constructor(options: JudgeOptions) {
    this.#worker = new Worker(new URL('./judge-thread.ts', import.meta.url), { workerData: options })
  }

  ask(seed: number): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(error)
      this.#worker.once('error', failed)
      this.#worker.once('message', verdict => {
        this.#worker.off('error', failed)
        resolve(verdict as Verdict)
      })
      this.#worker.postMessage(seed)
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
