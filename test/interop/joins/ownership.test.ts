import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupEventOf } from './group-frames.ts'
import { Ownership } from './ownership.ts'

test('two owners in one generation are a violation, in two generations they are not', () => {
  const ownership = new Ownership()
  ownership.note({ kind: 'assigned', member: 'a', generation: 1, partitions: [0, 1] }, 0)
  ownership.note({ kind: 'assigned', member: 'b', generation: 2, partitions: [1] }, 1)
  assert.deepEqual(ownership.violations, [])
  ownership.note({ kind: 'assigned', member: 'b', generation: 1, partitions: [1] }, 2)
  assert.deepEqual(ownership.violations, ['partition 1 has two owners in generation 1: a, b'])
})

test('an old generation may commit until somebody has learned of a newer one', () => {
  const ownership = new Ownership()
  ownership.note({ kind: 'joined', member: 'a', generation: 4 }, 10)
  ownership.note({ kind: 'joined', member: 'a', generation: 5 }, 20)
  ownership.note({ kind: 'committed', member: 'b', generation: 4, sentAtMs: 19 }, 21)
  assert.deepEqual(ownership.violations, [])
  ownership.note({ kind: 'committed', member: 'b', generation: 4, sentAtMs: 21 }, 22)
  assert.deepEqual(ownership.violations, ['b committed in generation 4 after 5 had begun'])
})

test('committed offsets that go back or vanish are violations; what nobody read is missing', () => {
  const ownership = new Ownership()
  ownership.noteCommitted(
    new Map([
      [0, 5],
      [1, 3],
    ]),
  )
  ownership.noteCommitted(new Map([[0, 4]]))
  assert.deepEqual(ownership.violations, [
    'committed offset of partition 0 went from 5 to 4',
    'committed offset of partition 1 went from 3 to none',
  ])
  for (const offset of [0, 2, 2]) ownership.noteRead(0, offset)
  assert.deepEqual(
    ownership.missing(
      new Map([
        [0, 3],
        [1, 1],
      ]),
    ),
    ['0:1', '1:0'],
  )
  assert.equal(ownership.readAgain, 1)
})

test('a SyncGroup exchange, plain and flexible, tells generation, member and partitions', () => {
  const assignment = Buffer.from(
    '0000' + '00000001' + '000174' + '00000002' + '00000003' + '00000005' + '00000000',
    'hex',
  )
  const header = (version: string) => `000e${version}00000007000163`
  const plain = {
    request: Buffer.from(`${header('0003')}000167${'00000009'}00016d${'ffff'}00000000`, 'hex'),
    response: Buffer.concat([Buffer.from('00000007' + '00000000' + '0000' + '00000019', 'hex'), assignment]),
  }
  const flexible = {
    request: Buffer.from(`${header('0004')}000267${'00000009'}026d${'00'}0100`, 'hex'),
    response: Buffer.concat([
      Buffer.from('0000000700' + '00000000' + '0000' + '1a', 'hex'),
      assignment,
      Buffer.from([0]),
    ]),
  }
  assert.equal(assignment.length, 0x19)
  const base = { clientId: 'c', apiKey: 14, correlationId: 7, sentAtMs: 0 }
  const expected = { kind: 'assigned', generation: 9, member: 'm', partitions: [3, 5] }
  assert.deepEqual(groupEventOf({ ...base, version: 3, ...plain }), expected)
  assert.deepEqual(groupEventOf({ ...base, version: 4, ...flexible }), expected)
})
