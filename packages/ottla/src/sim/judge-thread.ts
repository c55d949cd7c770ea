/** A thread that judges the seeds it is sent. Its partner is crew.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { type JudgeOptions, judge } from './verdict.ts'

const port = parentPort
if (port === null) throw new Error('judge-thread.ts is started by crew.ts')
port.on('message', (seed: number) => {
  judge(seed, workerData as JudgeOptions).then(verdict => port.postMessage(verdict))
})
