/** `npm run sim`: runs seeds, and shows the ones in which a promise was broken. */
import type { PlantedBug } from '../base/planted.ts'
import { judgeAll } from './crew.ts'
import { readOptions, type SimOptions, USAGE } from './options.ts'
import { judge, type Verdict } from './verdict.ts'

const PROBLEMS_SHOWN = 6
const JOURNAL_LINES_SHOWN = 80

const print = (line: string) => process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    print(USAGE)
    return 0
  }
  const options = readOptions(args)
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${USAGE}\n`)
    return 2
  }
  if (options.bugs.length === 0) return runSeeds(options)
  let missed = 0
  for (const bug of options.bugs) if (!(await hunt(bug, options))) missed++
  return missed === 0 ? 0 : 1
}

/** Fails when any seed does. */
async function runSeeds(options: SimOptions): Promise<number> {
  const sums = new Sums()
  await judgeAll(seedsOf(options), judgeOptionsOf(options, []), verdict => {
    sums.add(verdict)
    if (verdict.problems.length > 0 || options.isVerbose) show(verdict, options)
    return true
  })
  print(sums.toString())
  return sums.failed === 0 ? 0 : 1
}

/** True when some seed fails with the bug and holds without it. */
async function hunt(bug: PlantedBug, options: SimOptions): Promise<boolean> {
  const sums = new Sums()
  const seeds = seedsOf(options)
  for (;;) {
    let suspect: Verdict | null = null
    await judgeAll(seeds, judgeOptionsOf(options, [bug]), verdict => {
      sums.add(verdict)
      if (verdict.problems.length > 0) suspect ??= verdict
      return suspect === null
    })
    const found = suspect as Verdict | null
    if (found === null) {
      print(`${bug}: NOT found in ${sums.count} seeds`)
      return false
    }
    const { seed, workload } = found
    if ((await judge(seed, { workload })).problems.length > 0) {
      print(`${bug}: seed ${seed} (${workload}) fails without the bug too, and does not count`)
      continue
    }
    print(`${bug}: found after ${sums.count} seeds, by seed ${seed} (${workload}): ${firstLine(found)}`)
    if (options.isVerbose) show(found, options)
    return true
  }
}

function* seedsOf({ seed, count }: SimOptions): Generator<number, void, void> {
  for (let i = 0; i < count; i++) yield seed + i
}

function judgeOptionsOf({ jobs, workload }: SimOptions, bugs: readonly PlantedBug[]) {
  return { jobs, bugs, ...(workload === undefined ? {} : { workload }) }
}

function show(verdict: Verdict, { isVerbose, workload }: SimOptions): void {
  const { seed, problems, traceHash, steps, simulatedMs, lives, faults, acknowledged } = verdict
  if (isVerbose) for (const line of verdict.journal.slice(-JOURNAL_LINES_SHOWN)) print(line)
  const result = problems.length === 0 ? 'holds' : 'FAILS'
  const numbers = `${steps} steps, ${simulatedMs} ms, ${lives} lives, ${faults} faults, ${acknowledged} acknowledged`
  print(`seed ${seed} (${verdict.workload}) ${result}  trace ${traceHash}  ${numbers}`)
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) print(`  ${problem}`)
  if (problems.length > PROBLEMS_SHOWN) print(`  and ${problems.length - PROBLEMS_SHOWN} more`)
  const again = workload === undefined ? '' : ` --workload ${workload}`
  if (problems.length > 0) print(`  again: npm run sim -- --seed ${seed}${again}   (Node ${process.version})`)
}

function firstLine({ problems }: Verdict): string {
  return problems[0]?.split('\n')[0] ?? ''
}

/** What all seeds come to. */
class Sums {
  count = 0
  failed = 0
  readonly #began = performance.now()
  #simulatedMs = 0
  #acknowledged = 0
  #lives = 0

  add({ problems, simulatedMs, acknowledged, lives }: Verdict): void {
    this.count++
    if (problems.length > 0) this.failed++
    this.#simulatedMs += simulatedMs
    this.#acknowledged += acknowledged
    this.#lives += lives
  }

  toString(): string {
    const seconds = (performance.now() - this.#began) / 1000
    const simulated = `${(this.#simulatedMs / 1000).toFixed(0)} s simulated in ${seconds.toFixed(1)} s`
    const work = `${this.#acknowledged} records acknowledged, ${this.#lives} starts`
    return `${this.count} seeds, ${this.failed} failed; ${work}; ${simulated}`
  }
}

process.exitCode = await main(process.argv.slice(2))
