import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { NodeClock } from '../../adapters/node/clock.ts'
import { NodeNet } from '../../adapters/node/net.ts'
import { Writer } from '../../base/cursor.ts'
import { type Connection, connectTo } from '../../client/connection.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import { joinGroupApi } from '../../wire/gen/join-group.ts'
import { leaveGroupApi } from '../../wire/gen/leave-group.ts'
import {
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '../../wire/gen/records/consumer-protocol.ts'
import { syncGroupApi } from '../../wire/gen/sync-group.ts'
import { CommandError } from './failure.ts'
import { parsePlace, parseTarget } from './group-target.ts'
import { startTestBroker } from './testing.ts'

let broker: Awaited<ReturnType<typeof startTestBroker>>
before(async () => {
  broker = await startTestBroker({ 'group.initial.rebalance.delay.ms': '0', 'offsets.topic.num.partitions': '2' })
})
after(() => broker.close())

test('offsets of a group are set, shown with what is left to read, and deleted', async () => {
  await broker.run(['topic', 'create', 'orders', '-p', '2'])
  await broker.run(['produce', 'orders', '-p', '1'], ['1\n2\n3\n4\n5\n'])
  const set = await broker.run(['group', 'reset', 'billing', '--to', 'start', '--topic', 'orders'])
  assert.deepEqual(set, {
    exitCode: 0,
    output: [
      'offsets of group billing set',
      'TOPIC   PARTITION  FROM  TO',
      'orders  0          -     0',
      'orders  1          -     0',
      '',
    ].join('\n'),
    notes: '',
  })
  const shifted = await broker.run(['group', 'reset', 'billing', '--to', '+3', '--all-topics', '-o', 'json'])
  assert.deepEqual(JSON.parse(shifted.output), [
    { topic: 'orders', partition: 0, from: 0, to: 0 },
    { topic: 'orders', partition: 1, from: 0, to: 3 },
  ])
  assert.match(
    (await broker.run(['group', 'reset', 'billing', '--to', '9', '-t', 'orders:1', '--validate-only'])).output,
    /^offsets of group billing could be set\n.*\norders +1 +3 +5\n$/,
  )
  assert.equal(
    (await broker.run(['group', 'describe', 'billing'])).output,
    [
      'group billing is Empty, nobody is in it',
      'TOPIC   PARTITION  COMMITTED  END  LAG  MEMBER  HOST',
      'orders  0          0          0    0    -       -',
      'orders  1          3          5    2    -       -',
      'lag in all: 2',
      '',
    ].join('\n'),
  )
  assert.match((await broker.run(['group', 'list'])).output, /^billing +Empty +-$/m)
  assert.equal(
    (await broker.run(['group', 'delete', 'billing', '-t', 'orders:0'])).output,
    'offsets of orders:0 in group billing deleted\n',
  )
  const left = JSON.parse((await broker.run(['group', 'describe', 'billing', '-o', 'json'])).output)
  assert.deepEqual(left.offsets, [{ topic: 'orders', partition: 1, committed: 3, end: 5, lag: 2, memberId: null }])
  assert.equal((await broker.run(['group', 'delete', 'billing'])).output, 'group billing deleted\n')
  const gone = await broker.run(['group', 'describe', 'billing'])
  assert.deepEqual([gone.exitCode, gone.notes], [1, 'ottla: there is no group billing\nnext: ottla group list'])
})

test('who is in a group is shown, who has nothing to do by name, and nobody else touches its offsets', async () => {
  await broker.run(['topic', 'create', 'single'])
  // The first who asks for a group has the coordinator made.
  await broker.run(['group', 'describe', 'busy'])
  const connection = await connect()
  const members = await join(connection, 'busy', 'single')
  const described = await broker.run(['group', 'describe', 'busy'])
  assert.match(described.output, /^group busy is Stable, 2 members, assignor range\n/)
  assert.match(described.output, /^single +0 +- +0 +- +one-\S+ +\S*127\.0\.0\.1$/m)
  assert.match(described.output, /^1 member has nothing to do \(1 partition, 2 members\): two-\S+$/m)
  const refused = await broker.run(['group', 'reset', 'busy', '--to', 'end', '-t', 'single'])
  assert.equal(refused.exitCode, 1)
  assert.match(refused.notes, /^ottla: group busy has 2 members \(one at \S+, two at \S+\): its offsets are theirs/)
  assert.match((await broker.run(['group', 'delete', 'busy'])).notes, /^ottla: group busy has 2 members/)
  for (const memberId of members) {
    await connection.request(leaveGroupApi, { groupId: 'busy', members: [{ memberId, groupInstanceId: null }] })
  }
  connection.close()
  assert.equal((await broker.run(['group', 'delete', 'busy'])).output, 'group busy deleted\n')
})

test('what cannot be is refused before anything is asked', async () => {
  const where = await broker.run(['group', 'reset', 'g', '--to', 'start'])
  assert.deepEqual([where.exitCode, /--topic NAME .* or --all-topics/.test(where.notes)], [2, true])
  assert.equal((await broker.run(['group', 'reset', 'g', '-t', 'orders'])).exitCode, 2)
  assert.match(
    (await broker.run(['group', 'reset', 'g', '--to', '0', '-t', 'orders:7'])).notes,
    /there is no partition 7 in topic orders\nnext: it has partitions 0 to 1/,
  )
  assert.match((await broker.run(['group', 'reset', 'g', '--to', '0', '--all-topics'])).notes, /has committed nothing/)
  assert.match((await broker.run(['group', 'reset', 'g', '--to', '+1', '-t', 'orders'])).notes, /nothing is committed/)
  assert.match((await broker.run(['group', 'delete', 'g'])).notes, /there is no group g/)
})

test('where to, as it is typed', () => {
  const hour = 3_600_000
  assert.deepEqual(parseTarget('17', 0), { kind: 'offset', offset: 17 })
  assert.deepEqual(parseTarget('-2', 0), { kind: 'shift', by: -2 })
  assert.deepEqual(parseTarget('2h', 5 * hour), { kind: 'time', timestampMs: 3 * hour })
  assert.deepEqual(parseTarget('2030-01-31T12:00:00Z', 0), { kind: 'time', timestampMs: Date.UTC(2030, 0, 31, 12) })
  for (const text of ['', 'tomorrow', '1w', '1e3', '2030-13-01', '99999999999999999999']) {
    assert.throws(() => parseTarget(text, 0), CommandError, text)
  }
  assert.deepEqual(parsePlace('a.b:1,0,1'), { topic: 'a.b', partitions: [1, 0] })
  assert.throws(() => parsePlace('a:'), CommandError)
})

function connect(): Promise<Connection> {
  const [host = '', port] = broker.address.split(':')
  const env = { net: new NodeNet(), clock: new NodeClock() }
  return connectTo(env, { host, port: Number(port) }, { clientId: 'two' })
}

/** Two consumers, `one` with every partition of the topic; returns their member ids. */
async function join(second: Connection, groupId: string, topic: string): Promise<readonly string[]> {
  const [host = '', port] = broker.address.split(':')
  const env = { net: new NodeNet(), clock: new NodeClock() }
  const first = await connectTo(env, { host, port: Number(port) }, { clientId: 'one' })
  const metadata = bytesOf(writer => encodeConsumerProtocolSubscription(writer, 0, { topics: [topic], userData: null }))
  const ask = async (connection: Connection, memberId: string) => {
    const reply = await connection.request(joinGroupApi, {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata }],
    })
    assert.equal(reply.errorCode, errorCodeOf(memberId === '' ? 'MEMBER_ID_REQUIRED' : 'NONE'))
    return reply
  }
  const one = (await ask(first, '')).memberId
  let joined = await ask(first, one)
  const two = (await ask(second, '')).memberId
  const other = ask(second, two)
  // It was alone in its first generation, and leads the next one too.
  while (joined.members.length < 2) joined = await ask(first, one)
  const ids = [one, two]
  const { generationId, leader } = joined
  await other
  const all = bytesOf(writer =>
    encodeConsumerProtocolAssignment(writer, 0, { assignedPartitions: [{ topic, partitions: [0] }], userData: null }),
  )
  const none = bytesOf(writer =>
    encodeConsumerProtocolAssignment(writer, 0, { assignedPartitions: [], userData: null }),
  )
  await Promise.all(
    [first, second].map((connection, i) =>
      connection.request(syncGroupApi, {
        groupId,
        generationId,
        memberId: ids[i] ?? '',
        protocolType: 'consumer',
        protocolName: 'range',
        assignments:
          ids[i] === leader
            ? [
                { memberId: one, assignment: all },
                { memberId: two, assignment: none },
              ]
            : [],
      }),
    ),
  )
  first.close()
  return ids
}

function bytesOf(encode: (writer: Writer) => void): Uint8Array {
  const writer = new Writer().beginBare()
  encode(writer)
  return writer.finishBytes().slice()
}
