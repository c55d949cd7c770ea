/** Administration of groups and their offsets. */
import type { GroupAdmin, GroupDescription } from '../clients/member.ts'
import { expectCommitted, expectEqual, groupOf, groupTopic, joinGroup, numbers, until } from './groups.ts'
import type { Bench, Scenario } from './scenario.ts'

export const groupAdministrationScenarios: readonly Scenario[] = [
  { name: 'list and describe groups', needs: ['describe groups', 'assign roundrobin'], run: describeGroups },
  { name: 'read committed offsets', needs: ['read committed offsets'], run: readCommitted },
  { name: 'reset offsets', needs: ['reset offsets', 'assign roundrobin'], run: resetOffsets },
  { name: 'delete offsets', needs: ['delete offsets'], run: deleteOffsets },
  { name: 'delete group', needs: ['delete group', 'assign roundrobin'], run: deleteGroup },
]

function adminOf(bench: Bench): GroupAdmin {
  if (bench.session.groups === null) throw new Error('the client has no administration, and its limits do not say so')
  return bench.session.groups
}

async function expectRefused(what: string, work: Promise<unknown>): Promise<string> {
  const message = await work.then(
    () => null,
    (error: Error) => error.message,
  )
  if (message === null) throw new Error(`${what} was not refused`)
  return message
}

/** Clients write states in their own ways. */
const shown = ({ state, members, partitions }: GroupDescription): GroupDescription => ({
  state: state.toLowerCase().replaceAll(/[^a-z]/g, ''),
  members,
  partitions,
})

async function describeGroups(bench: Bench): Promise<void> {
  const topic = await groupTopic(bench, 'described', 3, 1)
  const group = groupOf(topic)
  const member = await joinGroup(bench, { topic })
  await until('it owns all', [member], () => member.view.assigned.length === 3)
  if (!(await adminOf(bench).listGroups()).includes(group)) throw new Error(`${group} is not listed`)
  const found = await adminOf(bench).describeGroup(group, topic)
  expectEqual('described', shown(found), { state: 'stable', members: 1, partitions: [0, 1, 2] })
  await member.member.leave()
  const left = await adminOf(bench).describeGroup(group, topic)
  expectEqual('described when empty', shown(left), { state: 'empty', members: 0, partitions: [] })
}

/** An empty group with offsets, made by the judge. */
async function emptyGroup(bench: Bench, purpose: string): Promise<string> {
  const topic = await groupTopic(bench, purpose, 3, 20)
  await bench.judge.commit(groupOf(topic), topic, [
    [0, 5],
    [1, 10],
  ])
  return topic
}

async function readCommitted(bench: Bench): Promise<void> {
  const topic = await emptyGroup(bench, 'committed')
  const found = await adminOf(bench).committed(groupOf(topic), topic, numbers(3))
  expectEqual(
    'committed',
    [...found].sort(([left], [right]) => left - right),
    [
      [0, 5],
      [1, 10],
    ],
  )
}

async function resetOffsets(bench: Bench): Promise<void> {
  const topic = await emptyGroup(bench, 'reset')
  await adminOf(bench).resetOffsets(groupOf(topic), topic, [
    [0, 17],
    [1, 2],
    [2, 20],
  ])
  await expectCommitted(bench, topic, [
    [0, 17],
    [1, 2],
    [2, 20],
  ])
  const member = await joinGroup(bench, { topic })
  await until('it reads from there', [member], () => member.count >= 21)
  expectEqual(
    'read',
    numbers(3).map(each => member.offsetsOf(each)),
    [numbers(3, 17), numbers(18, 2), []],
  )
  await member.member.leave()
}

async function deleteOffsets(bench: Bench): Promise<void> {
  const topic = await emptyGroup(bench, 'deleted-offsets')
  await adminOf(bench).deleteOffsets(groupOf(topic), topic, [0])
  expectEqual('left', [...(await bench.judge.committed(groupOf(topic), topic, numbers(3)))], [[1, 10]])
}

async function deleteGroup(bench: Bench): Promise<void> {
  const topic = await groupTopic(bench, 'deleted', 3, 1)
  const group = groupOf(topic)
  const member = await joinGroup(bench, { topic, autoCommitMs: 100 })
  await until('it has read', [member], () => member.count === 3)
  await expectRefused('deleting a group with a member', adminOf(bench).deleteGroup(group))
  await member.member.leave()
  await adminOf(bench).deleteGroup(group)
  expectEqual('after deleting', (await bench.judge.groupState(group)).state, 'Dead')
  expectEqual('offsets after deleting', [...(await bench.judge.committed(group, topic, numbers(3)))], [])
}
