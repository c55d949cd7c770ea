/**
 * Profiles of Ottla under a row's load. Node's own profiler sees the main thread, by function and line; `perf`, where the
 * machine has it, sees every thread and the kernel. Each writes a flame graph, and what was hottest is printed. Apache
 * Kafka takes no part, and the figures of such a run are worth nothing.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endChild, run, runOrThrow, startChild } from '../../../test/interop/children.ts'
import type { Sample } from '../figures.ts'
import { Fleet, type FleetOptions } from '../fleet.ts'
import type { Group } from '../rows.ts'
import { median } from '../statistics.ts'
import type { Bench, Contender, Prepared } from '../workload.ts'
import { flameGraph } from './flame-graph.ts'
import { type CpuProfile, hottest, type Stacks, stacksOfCpuProfile, stacksOfPerfScript, type Window } from './stacks.ts'
import { stagesOf } from './stages.ts'

const HOTTEST_SHOWN = 15
/** Not a divisor of what happens every millisecond. */
const PERF_HERTZ = 997
const PERF_SCRIPT_TIMEOUT_MS = 120_000
const PERF_NODE_ARGS = ['--perf-basic-prof', '--interpreted-frames-native-stack']

export interface ProfileOptions {
  readonly fleet: FleetOptions
  readonly bench: Omit<Bench, 'fleet'>
  /** For the pictures. Made when missing. */
  readonly folder: string
  readonly rounds: number
}

/** Profiles Ottla in a group of rows, once for each durability that they ask for. */
export async function profileGroup(group: Group, options: ProfileOptions): Promise<void> {
  mkdirSync(options.folder, { recursive: true })
  const hasPerf = (await run('perf', ['version']).catch(() => null))?.code === 0
  for (const contender of group.contenders.filter(each => each.side === 'ottla')) {
    const name = `${group.rows[0]?.name}-${contender.durability}`
    const title = `${group.workload.title}; ${contender.durability}`
    report(options.folder, `${name}-node`, `${title}; main thread`, await byNode(group, contender, options))
    const everything = hasPerf ? await byPerf(group, contender, options) : null
    if (everything === null) console.log(`no profile of all threads: ${hasPerf ? 'no lasting broker' : 'no perf here'}`)
    else {
      report(options.folder, `${name}-perf`, `${title}; all threads`, everything.stacks)
      reportStages(everything)
    }
  }
}

function report(folder: string, name: string, title: string, stacks: Stacks): void {
  const path = join(folder, `${name}.svg`)
  writeFileSync(path, flameGraph(title, stacks))
  console.log(`\n${title}: ${path}`)
  for (const { frame, share } of hottest(stacks, HOTTEST_SHOWN)) {
    console.log(`  ${(100 * share).toFixed(1).padStart(5)}%  ${frame}`)
  }
}

/** Of all threads, while perf looked. */
interface AllThreads {
  readonly stacks: Stacks
  /** Of each round. Empty for rows that move no bytes. */
  readonly cpuSecondsPerGb: readonly number[]
}

function reportStages({ stacks, cpuSecondsPerGb }: AllThreads): void {
  const perGb = cpuSecondsPerGb.length === 0 ? null : median(cpuSecondsPerGb)
  console.log(perGb === null ? '  by stage' : `  by stage, of ${perGb.toFixed(2)} CPU s/GB; microseconds for 128 KB`)
  for (const { title, share } of stagesOf(stacks)) {
    const seconds =
      perGb === null ? '' : ` ${(share * perGb).toFixed(3)} ${(share * perGb * 131.072).toFixed(1).padStart(6)}`
    console.log(`  ${(100 * share).toFixed(1).padStart(5)}%${seconds}  ${title}`)
  }
}

/** Runs the rounds of one contender on brokers of its own. */
async function withFleet(
  group: Group,
  contender: Contender,
  { fleet: fleetOptions, bench }: ProfileOptions,
  nodeArgs: readonly string[],
  use: (fleet: Fleet, prepared: Prepared) => Promise<void>,
): Promise<void> {
  const fleet = new Fleet({ ...fleetOptions, nodeArgs })
  try {
    const prepared = await group.workload.prepare({ ...bench, fleet }, contender)
    try {
      await use(fleet, prepared)
    } finally {
      await prepared.release()
    }
  } finally {
    await fleet.close()
  }
}

async function byNode(group: Group, contender: Contender, options: ProfileOptions): Promise<Stacks> {
  const folder = join(options.fleet.folder, 'cpu-prof')
  const windows: Window[] = []
  const nodeArgs = ['--cpu-prof', '--cpu-prof-dir', folder]
  await withFleet(group, contender, options, nodeArgs, async (_, prepared) => {
    for (let round = 0; round < options.rounds; round++) {
      const from = monotonicMicros()
      await prepared.measure()
      windows.push({ from, until: monotonicMicros() })
    }
  })
  const stacks = new Map<string, number>()
  for (const file of readdirSync(folder)) {
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
    for (const [stack, weight] of stacksOfCpuProfile(profile, windows)) {
      stacks.set(stack, (stacks.get(stack) ?? 0) + weight)
    }
  }
  rmSync(folder, { recursive: true })
  return stacks
}

/** Null for a workload that starts its brokers itself: there is none to attach to. */
async function byPerf(group: Group, contender: Contender, options: ProfileOptions): Promise<AllThreads | null> {
  const data = join(options.fleet.folder, 'perf.data')
  let pid: number | null = null
  const samples: Sample[] = []
  await withFleet(group, contender, options, PERF_NODE_ARGS, async (fleet, prepared) => {
    const server = await fleet.runningOttla()
    if (server === null) return
    pid = server.pid
    const args = ['record', '-q', '-F', String(PERF_HERTZ), '-g', '-p', String(pid), '-o', data]
    const perf = startChild('perf', args, { stdio: ['ignore', 'ignore', 'inherit'] })
    for (let round = 0; round < options.rounds; round++) samples.push(await prepared.measure())
    await endChild(perf)
  })
  if (pid === null) return null
  const script = await runOrThrow('perf', ['script', '-i', data, '-F', 'comm,ip,sym,dso'], {
    timeoutMs: PERF_SCRIPT_TIMEOUT_MS,
  })
  rmSync(data)
  // Node writes the names of compiled functions where perf looks for them.
  rmSync(`/tmp/perf-${pid}.map`, { force: true })
  const stacks = stacksOfPerfScript(script.stdout.toString())
  return { stacks, cpuSecondsPerGb: samples.flatMap(sample => sample.cpuSecondsPerGb ?? []) }
}

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
