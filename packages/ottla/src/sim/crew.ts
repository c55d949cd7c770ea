/** Judges seeds, on this thread or on several, and hands out verdicts as they come. */
import { Worker } from 'node:worker_threads'
import type { JudgeOptions, Verdict } from './verdict.ts'
import { judge } from './verdict.ts'

export interface CrewOptions extends JudgeOptions {
  readonly jobs: number
}

/** Calls `take` for each verdict, in any order; once it says false no further seed is taken from `seeds`. */
export async function judgeAll(
  seeds: Iterator<number>,
  { jobs, ...options }: CrewOptions,
  take: (verdict: Verdict) => boolean,
): Promise<void> {
  let goesOn = true
  const lane = async (ask: (seed: number) => Promise<Verdict>) => {
    while (goesOn) {
      const next = seeds.next()
      if (next.done === true) return
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
