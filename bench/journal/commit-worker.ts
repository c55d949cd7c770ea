/**
 * The commit thread of the journal measurement: writes what stands in shared memory to a ring file and syncs it.
 * One job at a time; told by Atomics, answers by a message.
 */
import { closeSync, constants, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

interface Start {
  readonly paths: readonly string[]
  readonly ringFileBytes: number
  readonly memory: SharedArrayBuffer
  readonly direct: boolean
}

interface Job {
  readonly file: number
  readonly position: number
  readonly at: number
  readonly bytes: number
}

const start = workerData as Start
const memory = new Uint8Array(start.memory)
const flags = constants.O_RDWR | constants.O_CREAT | (start.direct ? constants.O_DIRECT : 0)
const files = start.paths.map(path => {
  const file = openSync(path, flags, 0o644)
  const zeroBytes = Math.min(start.ringFileBytes, 1 << 20)
  for (let position = 0; position < start.ringFileBytes; position += zeroBytes) {
    writeSync(file, memory, 0, zeroBytes, position)
  }
  fdatasyncSync(file)
  return file
})

parentPort?.on('message', (job: Job | null) => {
  if (job === null) {
    for (const file of files) closeSync(file)
    parentPort?.close()
    return
  }
  const file = files[job.file] as number
  let written = 0
  while (written < job.bytes)
    written += writeSync(file, memory, job.at + written, job.bytes - written, job.position + written)
  fdatasyncSync(file)
  parentPort?.postMessage(0)
})
parentPort?.postMessage(0)
