/**
 * `npm run bench:sample`: the KafkaJS sample as a whole, by the clock, against Ottla inside the test process and against
 * Apache Kafka started for each test, in turns; and the time to the first record that a consumer of a group is given.
 * The sample is the same file both times; its test that fails a request on purpose is left out, which Kafka cannot do.
 *   npm run bench:sample -- --rounds 3 --lives 50
 */
import { copyFileSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installed, packedForSamples } from '../../samples/install.ts'
import { endAllChildren, endChildrenOnExit, runOrThrow } from '../../test/interop/children.ts'
import { java } from '../../test/interop/clients/libraries.ts'

const TIMEOUT_MS = 120_000
/** The goal in a process that already runs. */
const FIRST_RECORD_GOAL_MS = 100

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, lives: { type: 'string', default: '50' } },
})
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
const seconds = (list: readonly number[]) =>
  `${(median(list) / 1000).toFixed(2)} s (${list.map(ms => (ms / 1000).toFixed(2)).join(', ')})`

async function timed(folder: string, flags: readonly string[]): Promise<number> {
  const begun = performance.now()
  const args = [...flags, '--test', '--test-name-pattern=in the topic', 'kafkajs.test.js']
  await runOrThrow(process.execPath, args, { cwd: folder, timeoutMs: TIMEOUT_MS })
  return performance.now() - begun
}

async function main(): Promise<number> {
  await java.install()
  const tarball = packedForSamples()
  const folder = installed('node-test', tarball)
  rmSync(tarball)
  const took = { ottla: [] as number[], kafka: [] as number[] }
  for (let round = 0; round < Number(values.rounds); round++) {
    took.ottla.push(await timed(folder, []))
    took.kafka.push(await timed(folder, ['--import', join(import.meta.dirname, 'on-kafka.ts')]))
  }
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`)
  console.log(`two tests of the KafkaJS sample, as a whole: Ottla ${seconds(took.ottla)}`)
  console.log(`the same with Apache Kafka, a broker a test:  ${seconds(took.kafka)}`)
  console.log(`ratio ${(median(took.ottla) / median(took.kafka)).toFixed(3)}`)

  copyFileSync(join(import.meta.dirname, 'first-record.js'), join(folder, 'first-record.js'))
  const { stdout } = await runOrThrow(process.execPath, ['first-record.js', values.lives], {
    cwd: folder,
    timeoutMs: TIMEOUT_MS,
  })
  const lives = stdout
    .toString()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { writtenMs: number; receivedMs: number })
  const receivedMs = median(lives.map(life => life.receivedMs))
  console.log(
    `startBroker to the first acknowledged write, median of ${lives.length}: ${median(lives.map(life => life.writtenMs)).toFixed(1)} ms; to the first record of a group's consumer: ${receivedMs.toFixed(1)} ms (the first of the process: ${lives[0]!.receivedMs.toFixed(0)} ms)`,
  )
  if (receivedMs <= FIRST_RECORD_GOAL_MS) return 0
  console.log(`MISSED: the first record took more than ${FIRST_RECORD_GOAL_MS} ms`)
  return 1
}

endChildrenOnExit()
process.exitCode = await main()
  .catch(error => {
    console.error(error instanceof Error ? error.message : error)
    return 1
  })
  .finally(endAllChildren)
