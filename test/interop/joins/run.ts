/** One run of joins and leaves under load, and what was seen to go wrong. */
import type { Broker } from '../brokers/broker.ts'
import type { ClientSession, InteropClient } from '../clients/client.ts'
import { confluent, franz, kafkajs } from '../clients/libraries.ts'
import type { GroupMember, MemberView } from '../clients/member.ts'
import { type Address, Judge } from '../raw/judge.ts'
import { numberedRecords } from '../records.ts'
import type { Ownership } from './ownership.ts'

const topic = 'joins'
const group = 'joins'
const partitions = [0, 1, 2, 3, 4, 5]
/** At once; with fewer than two there is nothing to share. */
const [membersMin, membersMax] = [2, 5]
const loadPauseMs = 20
const recordsPerBatch = 5
/** How long a group may take to settle, and records to arrive, before that is a violation. Milliseconds. */
const patienceMs = 40_000
/** After this many changes the group is given time to settle; in between, changes overlap. */
const changesBetweenRests = 6

export interface JoinsRun {
  readonly broker: Broker
  /** Where clients connect: a proxy that tells `ownership` what passes. */
  readonly clientAddress: Address
  readonly ownership: Ownership
  readonly joins: number
  readonly seed: number
  readonly assignor: 'range' | 'roundrobin'
  readonly logFolder: string
}

interface Joined {
  readonly library: string
  readonly member: GroupMember
}

export async function runJoins(run: JoinsRun): Promise<readonly string[]> {
  const { ownership } = run
  const judges = await Promise.all([1, 2].map(() => Judge.connect(run.broker.address)))
  const [loadJudge, watchJudge] = judges as [Judge, Judge]
  await loadJudge.createTopic(topic, partitions.length)
  const sessions = await openAll([kafkajs, franz, confluent], run)
  const load = repeat(loadPauseMs, async turn => {
    await loadJudge.produce(topic, turn % partitions.length, numberedRecords(recordsPerBatch, Date.now(), 1))
  })
  const watch = repeat(50, async () => {
    ownership.noteCommitted(await watchJudge.committed(group, topic, partitions))
  })
  try {
    const changes = new Changes(run, sessions, watchJudge)
    await changes.all(load)
    await watch.stop()
    return ownership.violations
  } finally {
    await Promise.allSettled([load.stop(), watch.stop()])
    for (const judge of judges) judge.close()
    await Promise.all([...sessions.values()].map(session => session.close()))
  }
}

async function openAll(clients: readonly InteropClient[], run: JoinsRun): Promise<ReadonlyMap<string, ClientSession>> {
  const sessions = new Map<string, ClientSession>()
  for (const client of clients) {
    await client.install()
    sessions.set(client.name, await client.open(run.clientAddress, run.logFolder))
  }
  return sessions
}

interface Repeating {
  /** Ends the repetition; throws what it failed with. */
  stop(): Promise<void>
}

/** Does the work again and again, with a pause in between, until it is stopped or fails. */
function repeat(pauseMs: number, work: (turn: number) => Promise<void>): Repeating {
  let stopped = false
  const done = (async () => {
    for (let turn = 0; !stopped; turn++) {
      await work(turn)
      await pause(pauseMs)
    }
  })()
  // Whoever stops it hears of the failure.
  done.catch(() => {})
  return {
    stop() {
      stopped = true
      return done
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** The members that come and go. */
class Changes {
  readonly #run: JoinsRun
  readonly #sessions: ReadonlyMap<string, ClientSession>
  readonly #ownership: Ownership
  readonly #judge: Judge
  readonly #members: Joined[] = []
  #state: number
  #joins = 0
  #leaves = 0
  #read = 0

  constructor(run: JoinsRun, sessions: ReadonlyMap<string, ClientSession>, judge: Judge) {
    this.#run = run
    this.#sessions = sessions
    this.#ownership = run.ownership
    this.#judge = judge
    this.#state = run.seed * 2 + 1
  }

  /** All joins and as many leaves; then the load ends, and everything must arrive. */
  async all(load: Repeating): Promise<void> {
    for (let change = 1; this.#joins < this.#run.joins; change++) {
      if (this.#members.length < membersMin || (this.#members.length < membersMax && this.#draw(5) < 3))
        await this.#join()
      else await this.#leave()
      await pause(this.#draw(300))
      await this.#collect()
      if (change % changesBetweenRests === 0) await this.#untilSettled()
    }
    await this.#untilSettled()
    await load.stop()
    const ends = new Map<number, number>()
    for (const partition of partitions) ends.set(partition, await this.#judge.offset(topic, partition, -1))
    await this.#untilAllRead(ends)
    while (this.#members.length > 0) await this.#leave()
    const produced = [...ends.values()].reduce((sum, end) => sum + end, 0)
    console.log(
      `${this.#joins} joins, ${this.#leaves} leaves, ${this.#ownership.generations} generations; ` +
        `${produced} records, read ${this.#read} times, ${this.#ownership.readAgain} of them again`,
    )
  }

  async #join(): Promise<void> {
    const names = [...this.#sessions.keys()]
    const library = names[this.#joins % names.length]!
    this.#joins++
    const { assignor } = this.#run
    const request = { group, topic, assignor, instanceId: null, sessionTimeoutMs: 10_000, autoCommitMs: 100 }
    this.#members.push({ library, member: await this.#sessions.get(library)!.join(request) })
  }

  async #leave(): Promise<void> {
    const [leaving] = this.#members.splice(this.#draw(this.#members.length), 1)
    this.#take(leaving!.library, await leaving!.member.leave())
    this.#leaves++
  }

  async #collect(): Promise<void> {
    for (const { library, member } of this.#members) this.#take(library, await member.view())
  }

  #take(library: string, view: MemberView): void {
    if (view.failure !== null) this.#ownership.violations.push(`a member of ${library} failed: ${view.failure}`)
    this.#read += view.records.length
    for (const [partition, offset] of view.records) this.#ownership.noteRead(partition, offset)
  }

  async #untilSettled(): Promise<void> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      await this.#collect()
      const found = await this.#judge.groupState(group)
      if (found.state === 'Stable' && found.members === this.#members.length) return
      if (Date.now() > deadline) {
        const shown = `${found.state} with ${found.members} members, not Stable with ${this.#members.length}`
        throw new Error(`the group is stuck for ${patienceMs / 1_000} s: ${shown}`)
      }
      await pause(50)
    }
  }

  async #untilAllRead(ends: ReadonlyMap<number, number>): Promise<void> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      await this.#collect()
      const missing = this.#ownership.missing(ends)
      if (missing.length === 0) return
      if (Date.now() > deadline) {
        this.#ownership.violations.push(`${missing.length} records were never read: ${missing.slice(0, 10).join(', ')}`)
        return
      }
      await pause(100)
    }
  }

  /** A number below `bound`, the same for the same seed. */
  #draw(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * bound)
  }
}
