/**
 * `npm run bench [-- --rounds 5 --seconds 3 --directory DIR]`: what one broker does on this machine, and beside it, in
 * turn, what a loop without a broker does with the same load (bare-loop.ts). Medians over the rounds; the ratio is of the
 * medians, its spread of the rounds. Machines differ and are noisy: only the ratios mean something.
 */
import { cpus, tmpdir } from 'node:os'
import { endChildrenOnExit } from '../test/interop/children.ts'
import { optionsOrExit } from '../tools/command-line.ts'
import { runAnswers, runFetch } from './fetch-load.ts'
import { median, quantile } from './kafka/statistics.ts'
import { runLatency } from './latency-load.ts'
import { batchShape, type LoadResult, type ProduceLoad, runProduce, wait } from './produce-load.ts'
import { startBareAnswers, startBareLoop, startOttla } from './servers.ts'
import { boundedTo, makeTopic } from './topics.ts'

const values = optionsOrExit({
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '3' },
  directory: { type: 'string', default: tmpdir() },
})
const rounds = Number(values.rounds)
const measureMs = Number(values.seconds) * 1000
const recordBytes = 1000

endChildrenOnExit()
const bare = await startBareLoop(values.directory)
const ottla = await startOttla(values.directory, { settings: ['log.retention.check.interval.ms=500'] })
try {
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}; ${rounds} rounds of ${values.seconds} s`,
  )
  console.log('row | bare loop MB/s | ottla MB/s | ratio (min-max) | CPU s/GB bare | ottla | durability')
  await compareProduce('produce, 4 connections, 128 KB batches', { connections: 4, batchBytes: 131_072, inFlight: 8 })
  await compareProduce('produce, 1 connection, 16 KB batches', { connections: 1, batchBytes: 16_384, inFlight: 32 })
  await produceAlone('produce, 4 connections, 128 KB batches', 'page-cache')
  await fetchRows()
  await answersRow(2, 1_048_576)
  await answersRow(50, 524_288)
  await latencyRow()
  console.log(`resident after the load: ottla ${megabytes(ottla.residentBytes())} MB`)
} finally {
  await Promise.all([bare.stop(), ottla.stop()])
}

async function compareProduce(
  name: string,
  shape: { readonly connections: number; readonly batchBytes: number; readonly inFlight: number },
): Promise<void> {
  const topic = await topicFor('disk', shape.connections)
  const load: ProduceLoad = { ...shape, topic, recordBytes, warmupMs: 1000, measureMs }
  const yardstick: LoadResult[] = []
  const measured: LoadResult[] = []
  for (let round = 0; round < rounds; round++) {
    yardstick.push(await runProduce(bare, load, true))
    measured.push(await runProduce(ottla, load, false))
  }
  const ratios = measured.map((each, i) => each.bytesPerSecond / (yardstick[i] as LoadResult).bytesPerSecond)
  const speed = (results: LoadResult[]) => median(results.map(each => each.bytesPerSecond))
  const cpu = (results: LoadResult[]) => median(results.map(each => each.cpuSecondsPerGb)).toFixed(2)
  const spread = `${(speed(measured) / speed(yardstick)).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`
  console.log(
    [name, megabytes(speed(yardstick)), megabytes(speed(measured)), spread, cpu(yardstick), cpu(measured), 'disk'].join(
      ' | ',
    ),
  )
}

async function produceAlone(name: string, durability: string): Promise<void> {
  const topic = await topicFor(durability, 4)
  const load = { topic, connections: 4, batchBytes: 131_072, inFlight: 8, recordBytes, warmupMs: 1000, measureMs }
  const results: LoadResult[] = []
  for (let round = 0; round < rounds; round++) results.push(await runProduce(ottla, load, false))
  printAlone(name, results, durability)
}

async function fetchRows(): Promise<void> {
  const batchBytes = 131_072
  const topic = await topicFor('disk', 2)
  await runProduce(
    ottla,
    { topic, connections: 2, batchBytes, inFlight: 8, recordBytes, warmupMs: 0, measureMs: 1500 },
    false,
  )
  await wait(1000)
  const batch = batchShape(batchBytes, recordBytes)
  const load = { topic, connections: 2, batchesPerFetch: 8, batch, warmupMs: 500, measureMs }
  for (const [name, windowBytes] of [
    ['fetch, 2 connections, newest 4 MB', 4 * 1_048_576],
    ['fetch, 2 connections, newest 256 MB', 256 * 1_048_576],
  ] as const) {
    const results: LoadResult[] = []
    for (let round = 0; round < rounds; round++) results.push(await runFetch(ottla, { ...load, windowBytes }))
    printAlone(name, results, 'disk')
  }
}

/** What a loop without a broker hands out of memory: the limit of reads. */
async function answersRow(connections: number, answerBytes: number): Promise<void> {
  const answers = await startBareAnswers(answerBytes)
  try {
    const results: LoadResult[] = []
    for (let round = 0; round < rounds; round++) {
      results.push(await runAnswers(answers, { connections, warmupMs: 500, measureMs }))
    }
    printAlone(`answers alone, ${connections} connections, ${answerBytes / 1024} KB each`, results, 'none')
  } finally {
    await answers.stop()
  }
}

async function latencyRow(): Promise<void> {
  const topic = await topicFor('disk', 1)
  const { produceMs, endToEndMs } = await runLatency(ottla, { topic, count: 400, everyMs: 2 })
  const at = (times: readonly number[], share: number) => quantile(times, share).toFixed(2)
  console.log(`produce 1 KB, answered after | p50 ${at(produceMs, 0.5)} ms | p99 ${at(produceMs, 0.99)} ms | disk`)
  console.log(`produce 1 KB, at a reader after | p50 ${at(endToEndMs, 0.5)} ms | p99 ${at(endToEndMs, 0.99)} ms | disk`)
}

function printAlone(name: string, results: readonly LoadResult[], durability: string): void {
  const speeds = results.map(each => each.bytesPerSecond)
  const cpu = median(results.map(each => each.cpuSecondsPerGb)).toFixed(2)
  const spread = `${megabytes(Math.min(...speeds))}-${megabytes(Math.max(...speeds))}`
  console.log([name, '-', megabytes(median(speeds)), spread, '-', cpu, durability].join(' | '))
}

/** A topic bounded in size, so that a long run does not fill the disk. */
async function topicFor(durability: string, partitions: number): Promise<string> {
  const name = `bench-${durability}-${Math.floor(performance.now())}`
  const configs = { durability, ...boundedTo(partitions * 1024 * 1_048_576, partitions) }
  await makeTopic(ottla.port, { name, partitions, configs })
  return name
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
