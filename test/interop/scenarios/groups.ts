/** Consumer groups: sharing, rebalances, static members, committed offsets, seeking and pausing. */
import type { Assignor, GroupMember, JoinRequest, MemberView, PartitionOffset, SeenRecord } from '../clients/member.ts'
import { numberedRecords } from '../records.ts'
import { type Bench, type Scenario, topicFor } from './scenario.ts'

/** How long a group may take for what it is waited for. Milliseconds. */
const patienceMs = 20_000
const pollMs = 30
/** How long "nothing comes" is watched. Longer than a fetch may wait at the broker. Milliseconds. */
const silenceMs = 700
/** Longer than any scenario waits, so that a session ends only by being ended. Milliseconds. */
const sessionTimeoutMs = 30_000

export const groupScenarios: readonly Scenario[] = [
  { name: 'group: auto-commit and resume', needs: ['assign roundrobin'], run: autoCommitAndResume },
  { name: 'group: commit and resume', needs: ['commit offsets', 'assign roundrobin'], run: commitAndResume },
  ...(['range', 'roundrobin', 'cooperative'] as const).map(assignor => ({
    name: `group: two members, ${assignor}`,
    needs: [`assign ${assignor}` as const],
    run: (bench: Bench) => twoMembers(bench, assignor),
  })),
  { name: 'group: static member comes back', needs: ['static membership', 'assign roundrobin'], run: staticMember },
  { name: 'group: seek', needs: ['seek', 'assign roundrobin'], run: seekBack },
  { name: 'group: pause, resume', needs: ['pause', 'assign roundrobin'], run: pauseAndResume },
]

/** A member with everything it has read so far. */
export class Watched {
  readonly member: GroupMember
  readonly #records: SeenRecord[] = []
  view: MemberView = { assigned: [], assignments: 0, revoked: [], records: [], failure: null }

  constructor(member: GroupMember) {
    this.member = member
  }

  async refresh(): Promise<void> {
    this.view = await this.member.view()
    if (this.view.failure !== null) throw new Error(`the member failed: ${this.view.failure}`)
    this.#records.push(...this.view.records)
  }

  /** Offsets read from a partition, in the order in which they came. */
  offsetsOf(partition: number): number[] {
    return this.#records.filter(([from]) => from === partition).map(([, offset]) => offset)
  }

  get count(): number {
    return this.#records.length
  }

  get values(): readonly SeenRecord[] {
    return this.#records
  }
}

/** Looks at members again and again until the condition holds. */
export async function until(what: string, members: readonly Watched[], holds: () => boolean): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    for (const each of members) await each.refresh()
    if (holds()) return
    if (Date.now() > deadline) {
      const seen = members.map(each => `owns [${each.view.assigned}], read ${each.count}`).join('; ')
      throw new Error(`after ${patienceMs / 1_000} s not yet ${what}: ${seen}`)
    }
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
}

export async function joinGroup(bench: Bench, request: Partial<JoinRequest> & { topic: string }): Promise<Watched> {
  const usual = { assignor: 'roundrobin', instanceId: null, sessionTimeoutMs, autoCommitMs: null } as const
  return new Watched(await bench.session.join({ ...usual, group: groupOf(request.topic), ...request }))
}

export const groupOf = (topic: string): string => `group-${topic}`
export const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index)

export async function groupTopic(bench: Bench, purpose: string, partitions: number, each: number): Promise<string> {
  const topic = topicFor(bench, `group-${purpose}`)
  await bench.judge.createTopic(topic, partitions)
  await fill(bench, topic, partitions, each)
  return topic
}

async function fill(bench: Bench, topic: string, partitions: number, each: number): Promise<void> {
  for (const partition of numbers(partitions))
    await bench.judge.produce(topic, partition, numberedRecords(each, Date.now() - 100_000))
}

export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (left !== right) throw new Error(`${what}: ${left}, expected ${right}`)
}

/** Waits until the broker has these committed offsets: commits of some clients are sent when they are not waited for. */
export async function expectCommitted(
  bench: Bench,
  topic: string,
  expected: readonly PartitionOffset[],
): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const found = await bench.judge.committed(
      groupOf(topic),
      topic,
      expected.map(([partition]) => partition),
    )
    const same = expected.every(([partition, offset]) => found.get(partition) === offset)
    if (same) return
    if (Date.now() > deadline)
      throw new Error(`committed: ${JSON.stringify([...found])}, expected ${JSON.stringify(expected)}`)
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
}

async function autoCommitAndResume(bench: Bench): Promise<void> {
  const topic = await groupTopic(bench, 'auto-commit', 3, 20)
  const first = await joinGroup(bench, { topic, autoCommitMs: 100 })
  await until('all read', [first], () => first.count === 60)
  await expectCommitted(bench, topic, [
    [0, 20],
    [1, 20],
    [2, 20],
  ])
  await first.member.leave()
  await fill(bench, topic, 3, 5)
  const second = await joinGroup(bench, { topic, autoCommitMs: 100 })
  await until('the rest read', [second], () => second.count >= 15)
  for (const partition of numbers(3)) expectEqual('resumed', second.offsetsOf(partition), numbers(5, 20))
  await second.member.leave()
  expectEqual('after leaving', await bench.judge.groupState(groupOf(topic)), { state: 'Empty', members: 0 })
}

async function commitAndResume(bench: Bench): Promise<void> {
  const topic = await groupTopic(bench, 'commit', 3, 20)
  const first = await joinGroup(bench, { topic })
  await until('all read', [first], () => first.count === 60)
  for (const partition of numbers(3)) {
    expectEqual('read', first.offsetsOf(partition), numbers(20))
    const values = first.values.filter(([from]) => from === partition).map(([, , value]) => value)
    const written = numbers(20).map(index => Buffer.from(`number ${index}`).toString('base64'))
    expectEqual('values', values, written)
  }
  await first.member.commit([
    [0, 20],
    [1, 7],
  ])
  await expectCommitted(bench, topic, [
    [0, 20],
    [1, 7],
  ])
  await first.member.leave()
  const second = await joinGroup(bench, { topic })
  await until('the rest read', [second], () => second.count >= 33)
  expectEqual(
    'resumed',
    numbers(3).map(each => second.offsetsOf(each)),
    [[], numbers(13, 7), numbers(20)],
  )
  await second.member.leave()
  // What was not committed by the member must not have been committed by leaving.
  await expectCommitted(bench, topic, [
    [0, 20],
    [1, 7],
  ])
}

/** One member, then two, then one again, with records written at each step; nothing is lost. */
async function twoMembers(bench: Bench, assignor: Assignor): Promise<void> {
  const topic = await groupTopic(bench, `two-${assignor}`, 4, 5)
  const first = await joinGroup(bench, { topic, assignor, autoCommitMs: 100 })
  await until('the first member owns all', [first], () => first.view.assigned.length === 4 && first.count === 20)
  const second = await joinGroup(bench, { topic, assignor, autoCommitMs: 100 })
  const both = [first, second]
  await until('both own two partitions', both, () => both.every(each => each.view.assigned.length === 2))
  const owned = both.flatMap(each => each.view.assigned).sort()
  expectEqual('owned by both together', owned, numbers(4))
  if (assignor === 'cooperative') expectEqual('taken from the first member', first.view.revoked.length, 2)
  else expectEqual('taken from the first member', [...first.view.revoked].sort(), numbers(4))
  await fill(bench, topic, 4, 5)
  const arrived = () => numbers(4).every(each => both.some(member => member.offsetsOf(each).includes(9)))
  await until('the new records arrive', both, arrived)
  const owner = new Map(both.flatMap(member => member.view.assigned.map(each => [each, member] as const)))
  for (const [partition, member] of owner)
    expectEqual('new at its owner', member.offsetsOf(partition).slice(-5), numbers(5, 5))
  expectEqual('with two members', await bench.judge.groupState(groupOf(topic)), { state: 'Stable', members: 2 })
  await second.member.leave()
  await until('the first member owns all again', [first], () => first.view.assigned.length === 4)
  await fill(bench, topic, 4, 5)
  const allArrived = () => numbers(4).every(each => first.offsetsOf(each).includes(14))
  await until('the last records arrive', [first], allArrived)
  await first.member.leave()
}

/** A static member that goes and comes back within its session keeps its partitions, and nobody is disturbed. */
async function staticMember(bench: Bench): Promise<void> {
  const topic = await groupTopic(bench, 'static', 4, 5)
  const staying = await joinGroup(bench, { topic, instanceId: 'one' })
  const going = await joinGroup(bench, { topic, instanceId: 'two' })
  const both = [staying, going]
  await until('both own two partitions', both, () => both.every(each => each.view.assigned.length === 2))
  const before = { assigned: going.view.assigned, disturbed: staying.view.assignments }
  await going.member.leave()
  expectEqual('while it is away', (await bench.judge.groupState(groupOf(topic))).members, 2)
  const back = await joinGroup(bench, { topic, instanceId: 'two' })
  await until('it has its partitions again', [staying, back], () => back.view.assigned.length === 2)
  expectEqual('after coming back', back.view.assigned, before.assigned)
  await until('it reads them', [staying, back], () => back.count >= 10)
  expectEqual('assignments of the other member', staying.view.assignments, before.disturbed)
  await back.member.leave()
  await staying.member.leave()
}

async function seekBack(bench: Bench): Promise<void> {
  const topic = await groupTopic(bench, 'seek', 2, 20)
  const member = await joinGroup(bench, { topic })
  await until('all read', [member], () => member.count === 40)
  await member.member.seek(1, 12)
  // A member that joins again to seek reads from where nothing was committed; what counts is what comes last.
  await until(
    'read again from 12',
    [member],
    () => JSON.stringify(member.offsetsOf(1).slice(20)) === JSON.stringify(numbers(8, 12)),
  )
  await member.member.leave()
}

async function pauseAndResume(bench: Bench): Promise<void> {
  const topic = await groupTopic(bench, 'pause', 2, 5)
  const member = await joinGroup(bench, { topic })
  await until('all read', [member], () => member.count === 10)
  await member.member.pause([0])
  // A fetch that is under way may still bring what it was sent for.
  await new Promise(resolve => setTimeout(resolve, silenceMs))
  await fill(bench, topic, 2, 5)
  await until('the other partition arrives', [member], () => member.offsetsOf(1).length === 10)
  await new Promise(resolve => setTimeout(resolve, silenceMs))
  await member.refresh()
  expectEqual('of the paused partition', member.offsetsOf(0), numbers(5))
  await member.member.resume([0])
  await until('it arrives after resume', [member], () => member.offsetsOf(0).length === 10)
  expectEqual('after resume', member.offsetsOf(0), numbers(10))
  await member.member.leave()
}
