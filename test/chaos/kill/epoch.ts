/**
 * One data directory from its making to its end: start, load, fault, start again, and now and then everything is read
 * back. Ends early at the first violation, with the directory as it then is.
 */
import { join } from 'node:path'
import type { PlantedBug } from '../../../packages/ottla/src/base/planted.ts'
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { ClientEnv, Connection } from '../../../packages/ottla/src/client/connection.ts'
import { History } from '../../../packages/ottla/src/sim/checkers/history.ts'
import { pause } from './bell.ts'
import { BrokerLink, isLostConnection } from './broker-link.ts'
import { BrokerProcess, ProcessFailure } from './broker-process.ts'
import { nextCompaction, unfinishedCompactions } from './compaction.ts'
import { drawFault, type Fault } from './fault.ts'
import { Load } from './load.ts'
import type { Measures } from './measures.ts'
import { readBack } from './read-back.ts'
import { drawSettings } from './settings.ts'
import { createTopic, type Durability, missingTopics, partitionName, planTopics, trimPartition } from './topics.ts'

/** After a start, an acknowledgement of anything. Longer is a finding. */
const FIRST_ACK_TIMEOUT_MS = 30_000
/** So many lives of the broker go on until its groups were at rest, and a little longer. */
const REST_SHARE = 0.25
const AFTER_REST_MS_MAX = 300
/** A compaction is waited for so long, and what it does then takes about so long. */
const COMPACTION_TIMEOUT_MS = 800
const COMPACTION_STEP_MS = 5
/** Above what a group is given: it tells first. */
const GROUPS_REST_TIMEOUT_MS = 90_000
/** Everything is read back after so many faults, and at the end. */
const READ_BACK_EVERY = 7
/** An epoch whose producers sent more ends, whatever its number of faults: it bounds disk and reading back. Bytes. */
const SENT_BYTES_MAX = 200_000_000
const TOPICS_MADE_MAX = 12

export interface EpochOptions {
  readonly folder: string
  readonly program: string
  readonly bug: PlantedBug | null
  readonly run: number
  readonly killsMax: number
  readonly durabilities: readonly Durability[]
  readonly random: Prng
  readonly env: ClientEnv
  readonly measures: Measures
}

export class Epoch {
  readonly history: History
  readonly #options: EpochOptions
  readonly #random: Prng
  readonly #measures: Measures
  readonly #link: BrokerLink
  /** What is done beside the load, until it is done or cut off. */
  #aside: Promise<void> = Promise.resolve()
  readonly #configs: Readonly<Record<string, string>>
  #process: BrokerProcess | null = null
  #isFirstAckDue = false
  #topicsMade = 0
  /** How long a start took last: kills while starting fall into it. */
  #startMs = 700

  constructor(options: EpochOptions) {
    this.#options = options
    this.#random = options.random
    this.#measures = options.measures
    this.history = new History(options.run)
    this.#link = new BrokerLink(options.env)
    this.#configs = drawSettings(options.random)
  }

  /** Resolves when it is over; `history.violations` tells how. Rejects with a ProcessFailure, or with what broke a client. */
  async run(): Promise<void> {
    const killsBefore = this.#measures.kills
    const sentBefore = this.#measures.sentBytes
    let load: Load | null = null
    try {
      await this.#start()
      load = await this.#makeLoad()
      load.start()
      for (let faults = 1; this.#goesOn(killsBefore, sentBefore); faults++) {
        await this.#underLoad(load)
        await this.#strike(drawFault(this.#random))
        await this.#start()
        if (faults % READ_BACK_EVERY === 0) {
          await this.#firstAcknowledgement(load)
          await this.#compare(load)
          await load.replaceProducer()
          load.goOn()
        }
        this.#refuseFailures(load)
      }
      if (this.history.violations.total === 0) await this.#end(load)
    } finally {
      if (load !== null) await load.stop()
      await this.#process?.end()
    }
  }

  get #dataFolder(): string {
    return join(this.#options.folder, 'data')
  }

  #goesOn(killsBefore: number, sentBefore: number): boolean {
    if (this.history.violations.total > 0) return false
    if (this.#measures.kills - killsBefore >= this.#options.killsMax) return false
    return this.#measures.sentBytes - sentBefore < SENT_BYTES_MAX
  }

  async #start(): Promise<void> {
    this.#measures.starts++
    this.#process = this.#spawn()
    const address = await this.#process.ready()
    this.#startMs = performance.now() - this.#process.startedAtMs
    this.#measures.bannerMs.push(this.#startMs)
    this.#isFirstAckDue = true
    this.#link.up(address)
  }

  #spawn(): BrokerProcess {
    const { folder, program, bug } = this.#options
    return new BrokerProcess({
      program,
      bug,
      dataFolder: this.#dataFolder,
      logPath: join(folder, 'broker.log'),
      configs: this.#configs,
    })
  }

  async #makeLoad(): Promise<Load> {
    const connection = await this.#connect()
    const topics = []
    for (const plan of planTopics(this.#options.durabilities, this.#random)) {
      topics.push(await createTopic(connection, plan))
    }
    connection.close()
    return new Load({
      history: this.history,
      link: this.#link,
      measures: this.#measures,
      random: this.#random.fork('load'),
      topics,
    })
  }

  /** Waits for the load to get through, then for a random moment; now and then a topic is made in it, or records deleted. */
  async #underLoad(load: Load): Promise<void> {
    await this.#firstAcknowledgement(load)
    const whileMs = drawLoadMs(this.#random)
    // A request that the fault cuts off fails by itself; its outcome is unknown then.
    this.#aside = this.#actAside(load, whileMs).catch((error: unknown) => {
      if (!isLostConnection(error)) load.failed(error)
    })
    await pause(whileMs)
    // Else most lives end before their groups have come to rest, and few members would do anything but join.
    if (this.#random.chance(REST_SHARE)) {
      await Promise.race([load.groupsRested(), pause(GROUPS_REST_TIMEOUT_MS)])
      await pause(this.#random.int(0, AFTER_REST_MS_MAX))
    }
    await this.#process?.check()
  }

  async #firstAcknowledgement(load: Load): Promise<void> {
    if (!this.#isFirstAckDue) return
    const timeout = AbortSignal.timeout(FIRST_ACK_TIMEOUT_MS)
    const late = new Promise<'late'>(resolve => timeout.addEventListener('abort', () => resolve('late')))
    if ((await Promise.race([load.nextAcknowledgement(), late])) === 'late') {
      this.#refuseFailures(load)
      throw new ProcessFailure(`nothing was acknowledged for ${FIRST_ACK_TIMEOUT_MS / 1000} s after a start`)
    }
    this.#isFirstAckDue = false
    this.#measures.firstAckMs.push(performance.now() - (this.#process?.startedAtMs ?? 0))
  }

  async #actAside(load: Load, whileMs: number): Promise<void> {
    const makes = this.#random.chance(0.3) && this.#topicsMade < TOPICS_MADE_MAX
    const trims = this.#random.chance(0.3)
    const delayMs = this.#random.int(0, Math.floor(whileMs))
    const name = `made-${this.#topicsMade}`
    const place = this.#random.pick(load.places().filter(({ topic }) => topic.compaction === null))
    const keptShare = this.#random.u32() / 2 ** 32
    if (!makes && !trims) return
    if (makes) this.#topicsMade++
    const connection = await this.#connect()
    try {
      await pause(delayMs)
      if (makes) {
        const configs = { durability: this.#random.pick(this.#options.durabilities) }
        load.topics.push(
          await createTopic(connection, { name, partitions: 1, batchBytesMax: 10_000, compaction: null, configs }),
        )
        this.#measures.topicsMade++
      }
      if (trims) await this.#trim(connection, place, keptShare)
    } finally {
      connection.close()
    }
  }

  async #trim(connection: Connection, place: { topic: { name: string }; partition: number }, share: number) {
    const partition = this.history.partition(partitionName(place.topic.name, place.partition))
    const { startOffsetMax, knownEndOffset } = partition
    const offset = startOffsetMax + Math.floor((knownEndOffset - startOffsetMax) * share)
    if (offset <= startOffsetMax) return
    partition.allowStart(offset)
    const error = await trimPartition(connection, { topic: place.topic.name, partition: place.partition }, offset)
    if (error === null) {
      partition.promiseStart(offset)
      this.#measures.trims++
    } else if (error !== 'NOT_LEADER_OR_FOLLOWER') {
      this.history.unexpected(partition.name, `deleting up to ${offset} was answered ${error}`)
    }
  }

  async #strike(fault: Fault): Promise<void> {
    const process = this.#process
    if (process === null) return
    if (fault === 'stop') {
      await this.#stopCleanly()
      return
    }
    if (fault === 'kill-while-stopping') {
      process.askToStop()
      await pause(this.#random.int(0, 150))
      await process.end()
      this.#link.down()
      this.#measures.killsWhileStopping++
      return
    }
    if (fault === 'kill-while-compacting') {
      const ofGroups = this.#random.chance(0.5)
      await nextCompaction(this.#dataFolder, { ofGroups, timeoutMs: COMPACTION_TIMEOUT_MS })
      if (this.#random.chance(0.5)) await pause(this.#random.int(1, COMPACTION_STEP_MS))
    }
    await process.kill()
    this.#link.down()
    this.#measures.killsUnderLoad++
    this.#countCompactions()
    if (fault === 'kill-while-starting') await this.#killWhileStarting()
  }

  #countCompactions(): void {
    const { ofGroups, ofTopics } = unfinishedCompactions(this.#dataFolder)
    if (ofGroups) this.#measures.killsInGroupCompaction++
    if (ofTopics) this.#measures.killsInCompaction++
  }

  async #killWhileStarting(): Promise<void> {
    const starting = this.#spawn()
    this.#process = starting
    this.#measures.starts++
    // The first half of a start is the runtime reading our sources: nothing happens to the data.
    await pause(this.#startMs * (0.4 + (0.7 * this.#random.u32()) / 2 ** 32))
    await starting.check()
    await starting.end()
    this.#measures.killsWhileStarting++
  }

  async #stopCleanly(): Promise<void> {
    await this.#process?.stop()
    this.#link.down()
    this.#measures.cleanStops++
  }

  async #compare(load: Load): Promise<void> {
    await load.pause()
    // On a busy machine a deletion may take longer than the load it was meant for; it would move the start while we read.
    await this.#aside
    const connection = await this.#connect()
    try {
      for (const what of await missingTopics(connection, load.topics)) this.history.unexpected('-', what)
      await Promise.all([readBack(connection, load), load.groupsAtRest()])
    } finally {
      connection.close()
    }
    this.#refuseFailures(load)
  }

  /** What there is now, is there after a clean stop as well. */
  async #end(load: Load): Promise<void> {
    await this.#underLoad(load)
    if (this.history.violations.total > 0) return
    await this.#compare(load)
    if (this.history.violations.total > 0) return
    await this.#stopCleanly()
    await this.#start()
    await this.#compare(load)
  }

  #refuseFailures(load: Load): void {
    if (load.failures.length > 0) throw load.failures[0]
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#link.connect('chaos')
    if (connection === null) throw new ProcessFailure('the load is over')
    return connection
  }
}

/** Mostly short, to meet the broker soon after its recovery; now and then long enough for the journal to wrap. */
function drawLoadMs(random: Prng): number {
  const share = random.u32() / 2 ** 32
  return random.chance(0.08) ? 2000 + share * 3000 : 20 + share * share * 1200
}
