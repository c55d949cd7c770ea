import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestBroker } from './testing.ts'

let broker: Awaited<ReturnType<typeof startTestBroker>>
before(async () => {
  broker = await startTestBroker()
})
after(() => broker.close())

test('a topic grows and gets other configs', async () => {
  await broker.run(['topic', 'create', 'orders'])
  const altered = await broker.run([
    ...['topic', 'alter', 'orders', '-p', '3'],
    ...['-c', 'retention.ms=1000', '-c', 'cleanup.policy+=compact', '--config', 'segment.ms=7'],
  ])
  assert.deepEqual(altered, { exitCode: 0, output: 'topic orders changed, 3 partitions\n', notes: '' })
  const described = await broker.run(['topic', 'describe', 'orders'])
  assert.match(described.output, /config cleanup\.policy=delete,compact, retention\.ms=1000, segment\.ms=7\n/)
  assert.match(described.output, /^2 +1 +1 +1 +0 +0$/m)
  const deleted = await broker.run(['topic', 'alter', 'orders', '-d', 'retention.ms', '--delete-config', 'segment.ms'])
  assert.equal(deleted.output, 'topic orders changed\n')
  assert.match((await broker.run(['topic', 'describe', 'orders'])).output, /config cleanup\.policy=delete,compact\n/)
})

test('a change of a topic that cannot be made as a whole is not made at all, and says why', async () => {
  await broker.run(['topic', 'create', 'fixed', '-p', '2'])
  const fewer = await broker.run(['topic', 'alter', 'fixed', '-p', '1', '-c', 'retention.ms=1000'])
  assert.equal(fewer.exitCode, 1)
  assert.match(
    fewer.notes,
    /^ottla: cannot add partitions to topic fixed: .*1 would not be an increase\. \(INVALID_PARTITIONS\)/,
  )
  const wrong = await broker.run(['topic', 'alter', 'fixed', '-p', '5', '-c', 'retention.ms=soon'])
  assert.match(wrong.notes, /cannot change the configs of topic fixed: Invalid value soon .*\(INVALID_CONFIG\)/)
  const checked = await broker.run(['topic', 'alter', 'fixed', '-p', '5', '--validate-only'])
  assert.equal(checked.output, 'topic fixed could be changed, 5 partitions\n')
  const described = await broker.run(['topic', 'describe', 'fixed', '-o', 'json'])
  assert.equal(JSON.parse(described.output).partitions.length, 2)
  assert.equal(JSON.parse(described.output).config['retention.ms'], '604800000')
  const nothing = await broker.run(['topic', 'alter', 'fixed'])
  assert.equal(nothing.exitCode, 2)
  assert.match(nothing.notes, /say what to change/)
  assert.match((await broker.run(['topic', 'alter', 'fixde', '-p', '3'])).notes, /next: did you mean fixed\?/)
})

test('configs are set, shown with where they come from, and deleted', async () => {
  await broker.run(['topic', 'create', 'shown'])
  const ofTopic = ['--topic', 'shown']
  assert.match((await broker.run(['config', 'get', ...ofTopic])).output, /^nothing is set for topic shown; --all/)
  const set = await broker.run(['config', 'set', 'retention.ms=1000', 'cleanup.policy-=delete', ...ofTopic])
  assert.deepEqual(set, { exitCode: 0, output: 'configs of topic shown changed\n', notes: '' })
  await broker.run(['config', 'set', 'log.segment.bytes=5000', '--all-brokers'])
  await broker.run(['config', 'set', 'log.roll.ms=9', 'max.connections=77', '--broker', '1'])
  assert.equal(
    (await broker.run(['config', 'get', ...ofTopic])).output,
    [
      'KEY             VALUE  FROM',
      'cleanup.policy         topic',
      'retention.ms    1000   topic',
      'segment.bytes   5000   all-brokers',
      'segment.ms      9      broker',
      '',
    ].join('\n'),
  )
  const named = await broker.run(['config', 'get', 'segment.bytes', '-o', 'json', ...ofTopic])
  assert.deepEqual(JSON.parse(named.output), [
    {
      key: 'segment.bytes',
      value: '5000',
      origin: 'all-brokers',
      readOnly: false,
      synonyms: [
        { key: 'log.segment.bytes', value: '5000', origin: 'all-brokers' },
        { key: 'log.segment.bytes', value: '1073741824', origin: 'default' },
      ],
    },
  ])
  assert.match((await broker.run(['config', 'get', '--broker', '1'])).output, /^max\.connections +77 +broker$/m)
  assert.match((await broker.run(['config', 'get', '--broker', '1', '--all'])).output, /^num\.partitions +1 +default$/m)
  assert.match(
    (await broker.run(['config', 'get', '--all-brokers'])).output,
    /^log\.segment\.bytes +5000 +all-brokers$/m,
  )
  const deleted = await broker.run(['config', 'rm', 'log.segment.bytes', '--all-brokers'])
  assert.equal(deleted.output, 'configs of all brokers changed\n')
  assert.equal((await broker.run(['config', 'get', '--all-brokers'])).output, 'nothing is set for all brokers\n')
  await broker.run(['config', 'delete', 'log.roll.ms', 'max.connections', '--broker', '1'])
})

test('what cannot be set says why; whose configs must be said once', async () => {
  await broker.run(['topic', 'create', 'firm'])
  const notes = async (...args: readonly string[]) => (await broker.run(['config', ...args])).notes
  assert.match(await notes('set', 'num.partitions=3', '--broker', '1'), /Cannot update these configs dynamically/)
  assert.match(await notes('set', 'no.such=3', '--all-brokers'), /Unknown config name: no\.such \(INVALID_CONFIG\)/)
  assert.match(await notes('set', 'retention.ms', '--topic', 'firm'), /it has the form KEY=VALUE/)
  assert.match(await notes('set', 'a=1'), /one of --topic NAME, --broker ID and --all-brokers/)
  assert.match(await notes('set', 'a=1', '--topic', 'firm', '--all-brokers'), /one of --topic NAME/)
  assert.match(await notes('get', '--broker', '7'), /there is no broker 7: the brokers are 1/)
  assert.match(await notes('get', 'retention.mss', '--topic', 'firm'), /next: did you mean retention\.ms\?/)
  assert.match(await notes('get', '--topic', 'frim'), /next: did you mean firm\?/)
  const checked = await broker.run(['config', 'set', 'retention.ms=1', '--topic', 'firm', '--validate-only'])
  assert.equal(checked.output, 'configs of topic firm could be changed\n')
  assert.match((await broker.run(['config', 'get', '--topic', 'firm'])).output, /^nothing is set/)
})
