/**
 * `npm run bench:kafka`: this broker and Apache Kafka beside each other on the same disk, in interleaved rounds; figures,
 * ratios, and which goals are met. Apache Kafka is fetched from Maven when it is missing; Java 17 or later is needed.
 *   npm run bench:kafka -- --list            the rows
 *   npm run bench:kafka -- --only NAME,...   some of them; a name stands for all rows that begin with it
 *   npm run bench:kafka -- --only NAME --profile   flame graphs of Ottla in these rows, no figures; `--profile-dir DIR`
 * `--rounds 5 --seconds 2` (of one round of one side), `--warm-seconds 20` (of each broker, once), `--directory DIR` (the
 * disk), `--start-gb 10`, `--topics 1000` (of the rows on start and on many partitions), `--fill-gb N` (written first to the page cache; 0 for none; default the memory of the machine), `--sources` (not
 * the built package), `--history FILE`. Exit code 1 when a goal is missed, 2 when the command is wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { endChildrenOnExit } from '../../test/interop/children.ts'
import { sourceProgram } from '../servers.ts'
import { Fleet, type FleetOptions } from './fleet.ts'
import { appendHistory, type Circumstances, circumstancesOf, historyLine } from './history.ts'
import { installedPackage } from './installed-package.ts'
import { chosenRows, type Options, optionsOf, UsageError } from './options.ts'
import { fillPageCache } from './page-cache.ts'
import { profileGroup } from './profile/profiler.ts'
import { countsText, goalText, type RowResult, resultOf, rowText, tableText } from './report.ts'
import { quietDisk, runRounds } from './rounds.ts'
import { groupsOf, type Row, rows } from './rows.ts'
import { warmUp } from './warm-up.ts'
import type { Bench } from './workload.ts'

const MISSED_EXIT = 1
const USAGE_EXIT = 2

try {
  const options = optionsOf(process.argv.slice(2), { directory: tmpdir(), memoryBytes: totalmem() })
  if (options.list) list(rows)
  else process.exitCode = await main(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = USAGE_EXIT
}

function list(all: readonly Row[]): void {
  for (const row of all) {
    console.log(`${row.name}: ${row.workload.title}; Ottla ${row.ottla}, Apache Kafka ${row.kafka}`)
    for (const goal of row.goals) console.log(`  ${goalText(goal)}`)
  }
}

async function main(options: Options): Promise<number> {
  const chosen = chosenRows(rows, options.only)
  endChildrenOnExit()
  const begun = performance.now()
  const folder = mkdtempSync(join(options.directory, 'ottla-bench-kafka-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const program = options.sources ? 'sources' : 'package'
  const circumstances = await circumstancesOf({ program, rounds: options.rounds, seconds: options.seconds })
  console.log(circumstancesText(circumstances))
  const filled = await fillPageCache(folder, options.fillBytes)
  console.log(`page cache filled with ${(filled / 2 ** 30).toFixed(1)} GiB first`)
  const fleetOptions: FleetOptions = {
    folder,
    program: options.sources ? sourceProgram : installedPackage(folder),
    warmUp: server => warmUp(server, options.warmSeconds * 1000),
  }
  const { startBytes, topics, rounds } = options
  const shape = { measureMs: options.seconds * 1000, startBytes, topics }
  if (options.profile !== null) {
    const profile = { fleet: fleetOptions, bench: shape, folder: options.profile, rounds }
    for (const group of groupsOf(chosen)) await profileGroup(group, profile)
    return 0
  }
  const results: RowResult[] = []
  try {
    await compare(chosen, { fleet: new Fleet(fleetOptions), ...shape }, rounds, results)
  } finally {
    // What was measured before a failure is worth as much.
    appendHistory(options.history, historyLine(circumstances, results))
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
    console.log(`\n${tableText(results)}\n\n${countsText(results)}; ${minutes} minutes; kept in ${options.history}`)
  }
  return results.some(each => each.verdicts.some(verdict => verdict.outcome === 'missed')) ? MISSED_EXIT : 0
}

/** Measures group after group, prints each row as soon as it is known, and adds it to `results`. */
async function compare(chosen: readonly Row[], bench: Bench, rounds: number, results: RowResult[]): Promise<void> {
  try {
    const settle = () => quietDisk(bench.fleet.options.folder)
    for (const group of groupsOf(chosen)) {
      const measured = await runRounds(bench, group, { rounds, settle, progress: showProgress })
      showProgress('')
      for (const row of group.rows) {
        const result = resultOf(row, measured)
        results.push(result)
        console.log(`\n${rowText(result)}`)
      }
    }
  } finally {
    await bench.fleet.close()
  }
}

function circumstancesText(run: Circumstances): string {
  const memory = `${(run.memoryBytes / 2 ** 30).toFixed(0)} GiB`
  return [
    `${run.processor}, ${run.cores} cores, ${memory}, Linux ${run.kernel}, Node ${run.node}`,
    `Ottla ${run.commit} (${run.program}) beside Apache Kafka ${run.kafka}; ${run.rounds} rounds of ${run.seconds} s; median (min-max)`,
  ].join('\n')
}

/** One line that is written over, on a terminal; nothing where output is kept. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
