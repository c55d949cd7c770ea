import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runWith, startTestBroker, TestTerminal } from './testing.ts'

let broker: Awaited<ReturnType<typeof startTestBroker>>
before(async () => {
  broker = await startTestBroker()
})
after(() => broker.close())

test('a topic is made, listed, described and removed', async () => {
  const made = await broker.run(['topic', 'create', 'orders', '-p', '3', '-c', 'retention.ms=1000'])
  assert.deepEqual(made, { exitCode: 0, output: 'topic orders created, 3 partitions\n', notes: '' })
  const list = await broker.run(['topic', 'list'])
  assert.match(list.output, /^TOPIC +PARTITIONS +REPLICAS\norders +3 +1$/m)
  const [listed] = JSON.parse((await broker.run(['topic', 'ls', '-o', 'json'])).output)
  assert.equal(listed.name, 'orders')
  assert.equal(listed.partitions, 3)
  const described = await broker.run(['topic', 'describe', 'orders'])
  assert.match(described.output, /config retention\.ms=1000\n/)
  assert.match(described.output, /^2 +1 +1 +1 +0 +0$/m)
  const json = JSON.parse((await broker.run(['topic', 'describe', 'orders', '-o', 'json'])).output)
  assert.equal(json.partitions.length, 3)
  assert.equal(json.config['retention.ms'], '1000')
  const removed = await broker.run(['topic', 'delete', 'orders'])
  assert.deepEqual(removed, { exitCode: 0, output: 'topic orders deleted\n', notes: '' })
  assert.doesNotMatch((await broker.run(['topic', 'list'])).output, /orders/)
})

test('what cannot be made says why, and what to do next', async () => {
  await broker.run(['topic', 'create', 'there'])
  const twice = await broker.run(['topic', 'create', 'there'])
  assert.equal(twice.exitCode, 1)
  assert.match(twice.notes, /^ottla: cannot create topic there: .*TOPIC_ALREADY_EXISTS\)\nnext: /)
  assert.equal(
    (await broker.run(['topic', 'create', 'there', '--if-not-exists'])).output,
    'topic there is there already\n',
  )
  const bad = await broker.run(['topic', 'create', 'other', '-c', 'retention.ms=soon'])
  assert.equal(bad.exitCode, 1)
  assert.match(bad.notes, /retention\.ms/)
  const checked = await broker.run(['topic', 'create', 'other', '--validate-only'])
  assert.match(checked.output, /topic other could be created/)
  assert.match((await broker.run(['topic', 'describe', 'other'])).notes, /there is no topic other\nnext: /)
  assert.match((await broker.run(['topic', 'describe', 'theer'])).notes, /next: did you mean there\?/)
  assert.match(
    (await broker.run(['topic', 'delete', 'other'])).notes,
    /cannot delete topic other: .*\nnext: ottla topic list/,
  )
})

test('lines become records and records lines, in order, whatever the codec', async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}\n`).join('')
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const topic = `lines-${codec}`
    // Cut anywhere, also in the middle of a line.
    const produced = await broker.run(['produce', topic, '-z', codec], [lines.slice(0, 5003), lines.slice(5003)])
    assert.deepEqual(produced, { exitCode: 0, output: '', notes: '2000 records acknowledged' })
    const consumed = await broker.run(['consume', topic, '-e'])
    assert.equal(consumed.exitCode, 0, consumed.notes)
    assert.equal(consumed.output, lines)
  }
})

test('keys, headers, tombstones and partitions survive the round trip', async () => {
  await broker.run(['topic', 'create', 'keyed', '-p', '4'])
  const shape = ['-k', '\\t', '-H', 'from=test', '-H', 'n=', '-Z', '-p', '2']
  const produced = await broker.run(['produce', 'keyed', '-v', ...shape], ['a\t1\n', 'b\t\n', 'no key'])
  assert.equal(produced.output, 'keyed-2 0\nkeyed-2 1\nkeyed-2 2\n')
  const consumed = await broker.run(['consume', 'keyed', '-e', '-p', '2', '-f', 'json'])
  const records = consumed.output
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    records.map(record => [record.partition, record.offset, record.key, record.value]),
    [
      [2, 0, 'a', '1'],
      [2, 1, 'b', null],
      [2, 2, null, 'no key'],
    ],
  )
  assert.deepEqual(records[0].headers, [
    ['from', 'test'],
    ['n', ''],
  ])
  assert.ok(Math.abs(records[0].timestamp - Date.now()) < 60_000)
  assert.equal((await broker.run(['consume', 'keyed', '-e', '-p', '0,1,3'])).output, '')
})

test('where to begin, how many, and in which form', async () => {
  await broker.run(['produce', 'digits'], ['0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n'])
  const read = async (...args: string[]) => (await broker.run(['consume', 'digits', '-e', '-f', '%v', ...args])).output
  assert.equal(await read(), '0123456789')
  assert.equal(await read('-o', '7'), '789')
  assert.equal(await read('-o', '-3'), '789')
  assert.equal(await read('-o', '-99'), '0123456789')
  assert.equal(await read('-o', 'end'), '')
  assert.equal(await read('-n', '4'), '0123')
  assert.equal(await read('-n', '1', '-f', '%t|%p|%o|%k|%h|%%|\\n'), 'digits|0|0|||%|\n')
  const beyond = await broker.run(['consume', 'digits', '-o', '11', '-n', '1'])
  assert.equal(beyond.exitCode, 1)
  assert.match(beyond.notes, /offset 11 of digits-0 cannot be read/)
  const missing = await broker.run(['consume', 'digits', '-p', '5'])
  assert.match(missing.notes, /there is no partition 5 in topic digits\nnext: it has partitions 0 to 0/)
})

test('consume follows until it is interrupted, and ends well', async () => {
  await broker.run(['topic', 'create', 'live'])
  const terminal = new TestTerminal()
  const following = runWith(terminal, ['consume', 'live', '-b', broker.address])
  await broker.run(['produce', 'live'], ['first\n'])
  await terminal.shows('first\n')
  await broker.run(['produce', 'live'], ['second\n'])
  await terminal.shows('second\n')
  terminal.interrupt()
  assert.deepEqual(await following, { exitCode: 0, output: 'first\nsecond\n', notes: '' })
})

test('consume ends well when nobody reads its output any more', async () => {
  await broker.run(['produce', 'closed'], ['a\nb\n'])
  const terminal = new TestTerminal()
  terminal.writesMax = 0
  assert.deepEqual(await runWith(terminal, ['consume', 'closed', '-b', broker.address]), {
    exitCode: 0,
    output: '',
    notes: '',
  })
})

test('an interrupted produce keeps what was read', async () => {
  const never = new Promise<string>(() => {})
  const terminal = new TestTerminal(['kept\n', never])
  const producing = runWith(terminal, ['produce', 'interrupted', '-v', '-b', broker.address])
  await terminal.shows('interrupted-0 0\n')
  terminal.interrupt()
  const { exitCode, notes } = await producing
  assert.equal(exitCode, 130)
  assert.equal(notes, '1 record acknowledged')
})

test('a record that is too large fails with its reason', async () => {
  await broker.run(['topic', 'create', 'small', '-c', 'max.message.bytes=100'])
  const failed = await broker.run(['produce', 'small'], [`${'x'.repeat(200)}\n`])
  assert.equal(failed.exitCode, 1)
  assert.match(failed.notes, /^ottla: cannot write to small-0: .*\(MESSAGE_TOO_LARGE\)/)
})

test('nobody there is told at once', async () => {
  const alone = await runWith(new TestTerminal(), ['topic', 'list', '-b', '127.0.0.1:1'])
  assert.equal(alone.exitCode, 1)
  assert.match(alone.notes, /^ottla: 127\.0\.0\.1:1: cannot connect: .*\nnext: ottla start; or name another broker/)
})
