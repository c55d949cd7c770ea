/**
 * One run of storage alone: a log directory with a few logs, used at random while faults happen, and compared with a
 * model at each start. It reaches what one broker never does, above all cuts of the end.
 */
import type { CrashKind } from '../adapters/memory/disk.ts'
import type { Prng } from '../base/random.ts'
import { DiskFault } from '../ports/disk.ts'
import type { Log } from '../storage/log.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import { MemoryBudget } from '../storage/memory-budget.ts'
import { openLogDirectory } from '../storage/open.ts'
import { Violations } from './checkers/violation.ts'
import type { Machine, ProcessWorld } from './machine.ts'
import { DATA_DIRECTORY, drawStoragePlan, type LogPlan, type StoragePlan } from './plan.ts'
import { Stage } from './stage.ts'
import type { RunResult } from './verdict.ts'
import { Curtain } from './workload/actor.ts'
import { LogModel } from './workload/log-model.ts'
import { LogUser, readWhole } from './workload/log-user.ts'
import type { Simulation } from './world/microtasks.ts'

const CLUSTER_ID = 'simulated-cluster-idAA'

export class StorageRun {
  readonly #plan: StoragePlan
  readonly #rng: Prng
  readonly #stage: Stage
  readonly #violations = new Violations()
  readonly #curtain = new Curtain()
  readonly #models: readonly LogModel[]
  /** How many users of the present life are still at work. */
  #shift = { atWork: 0 }
  #lastEnd: CrashKind | null = null

  constructor(rng: Prng) {
    this.#rng = rng.fork('storage')
    this.#plan = drawStoragePlan(rng.fork('plan'))
    this.#models = this.#plan.logs.map(log => new LogModel(`${log.durability}-${log.partition}`, log))
    this.#stage = new Stage(rng, {
      net: { delayMin: 1, delayMax: 1, pieceBytesMax: 1, windowBytes: 1 },
      faults: this.#plan.faults,
      program: world => this.#program(world),
      violations: this.#violations,
      down: kind => {
        // Of a power cut and a kill before the next start, the cut is what counts.
        if (this.#lastEnd !== 'power') this.#lastEnd = kind
        this.#shift = { atWork: 0 }
      },
    })
  }

  simulate(): Simulation<RunResult> {
    const safe = () => this.#models.reduce((sum, model) => sum + model.safeEndOffset, 0)
    return this.#stage.play(() => this.#script(), safe)
  }

  async #script(): Promise<void> {
    const stage = this.#stage
    stage.start()
    await stage.chaos(this.#plan.chaos)
    this.#curtain.isClosing = true
    await stage.until(() => stage.machine.state === 'up' && this.#shift.atWork === 0)
    const endings: ((machine: Machine) => void)[] = [
      machine => machine.stop(),
      machine => machine.crash('kill'),
      machine => machine.crash('power'),
    ]
    for (const end of endings) await stage.restart(end)
  }

  async #program(world: ProcessWorld): Promise<{ close(): Promise<void> }> {
    const { journalBytes, memoryBytes } = this.#plan
    const directory = await openLogDirectory(world, {
      path: DATA_DIRECTORY,
      nodeId: 1,
      clusterId: CLUSTER_ID,
      journal: { maxBytes: journalBytes },
      memory: new MemoryBudget(world.disk, { bytes: memoryBytes }),
    })
    const mayLose = this.#lastEnd === 'power'
    const users: LogUser[] = []
    for (const [i, plan] of this.#plan.logs.entries()) {
      const model = this.#models[i] as LogModel
      const log = await this.#logOf(directory, plan)
      await this.#compare(log, model, mayLose && model.durability !== 'disk')
      await this.#lookBehind(world, log, model)
      users.push(this.#userOf(world, directory, { log, model, plan }))
    }
    this.#lastEnd = null
    directory.onFault(fault => world.fatal(fault))
    const ending = new Curtain()
    const working = users.map(user => this.#work(world, user, ending))
    const close = async () => {
      ending.isClosing = true
      await Promise.all(working)
      await directory.close()
    }
    return { close }
  }

  async #logOf(directory: LogDirectory, { partition, config }: LogPlan): Promise<Log> {
    const id = { topic: 'log', topicId: this.#plan.topicId, partition }
    const log = directory.find(id.topicId, partition) ?? (await directory.create(id, config))
    log.setConfig(config)
    return log
  }

  async #compare(log: Log, model: LogModel, mayLose: boolean): Promise<void> {
    if (log.fault !== null) {
      this.#violations.add('acknowledged-loss', model.name, `is damaged: ${log.fault.message}`)
      throw log.fault
    }
    const kind = mayLose ? 'two-contents' : 'acknowledged-loss'
    for (const problem of model.recovered(await readWhole(log), mayLose)) {
      this.#violations.add(kind, model.name, problem)
    }
  }

  /** J5: behind the recovered end of a file nothing is left, so that nothing old can ever follow what is written next. */
  async #lookBehind(world: ProcessWorld, log: Log, model: LogModel): Promise<void> {
    for (const segment of log.segments) {
      const stat = await world.disk.stat(segment.file('log'))
      const behind = (stat?.sizeBytes ?? 0) - segment.sizeBytes
      if (behind <= 0) continue
      const what = `${behind} bytes are left behind the end of ${segment.file('log')}, which is at ${segment.sizeBytes}`
      this.#violations.add('stale-tail', model.name, what)
    }
  }

  #userOf(world: ProcessWorld, directory: LogDirectory, of: { log: Log; model: LogModel; plan: LogPlan }): LogUser {
    const { log, model, plan } = of
    return new LogUser({
      directory,
      log,
      model,
      clock: world.clock,
      rng: this.#rng.fork(model.name),
      violations: this.#violations,
      observe: world.observe,
      valueBytesMax: plan.valueBytesMax,
    })
  }

  /** A user at work; ends when its life's curtain or the run's closes. */
  async #work(world: ProcessWorld, user: LogUser, ending: Curtain): Promise<void> {
    const both = this.#curtain
    const curtain = {
      get isClosing() {
        return both.isClosing || ending.isClosing
      },
    }
    const shift = this.#shift
    shift.atWork++
    try {
      await user.run(curtain)
    } catch (error) {
      if (!(error instanceof DiskFault)) world.fatal(error)
      // A DiskFault reaches the process by the directory, which has failed.
    } finally {
      shift.atWork--
    }
  }
}
