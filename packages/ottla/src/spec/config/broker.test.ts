import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerConfigSources } from './broker.ts'
import { allRows, brokerConfigOf, parseBrokerConfig } from './broker.ts'
import { describeProblem } from './usage.ts'

const file = (text: string) => ({ path: 'server.properties', text })

function accepted(sources: BrokerConfigSources) {
  const result = parseBrokerConfig(sources)
  assert.ok(result.ok, result.ok ? '' : result.errors.message)
  return result
}

function refusals(sources: BrokerConfigSources): string[] {
  const result = parseBrokerConfig(sources)
  assert.equal(result.ok, false, 'it should have been refused')
  return result.ok ? [] : result.errors.problems.map(describeProblem)
}

test('without any source the defaults hold, every one allowed by its own kind', () => {
  const { config, warnings } = accepted({})
  assert.deepEqual(warnings, [])
  assert.deepEqual(config.listeners, [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092, protocol: 'PLAINTEXT' }])
  assert.deepEqual(config.advertisedListeners, config.listeners)
  assert.deepEqual(config.logDirs, ['ottla-data'])
  assert.equal(config.topicDefaults.durability, 'disk')
  assert.equal(config.topicDefaults.segmentBytes, 1_073_741_824)
  assert.equal(config.given.size, 0)
  for (const row of allRows)
    assert.deepEqual(row.kind.parse(row.kind.format(row.default)), { ok: true, value: row.default }, row.kafka)
})

test('no name belongs to two rows', () => {
  const names = allRows.flatMap(row => [row.kafka, ...(row.aliases ?? []).map(alias => alias.kafka)])
  assert.equal(new Set(names).size, names.length)
})

test('a flag counts more than the environment, that more than the file, that more than the default', () => {
  const all = {
    file: file('num.partitions=2\nlog.segment.bytes=2000\nmessage.max.bytes=200'),
    environment: { OTTLA_NUM_PARTITIONS: '3', OTTLA_LOG_SEGMENT_BYTES: '3000', PATH: '/bin' },
    flags: [['num.partitions', '4']] as const,
  }
  const { config, warnings } = accepted(all)
  assert.deepEqual(warnings, [])
  assert.equal(config.numPartitions, 4)
  assert.equal(config.topicDefaults.segmentBytes, 3000)
  assert.equal(config.topicDefaults.maxMessageBytes, 200)
  assert.deepEqual(config.given.get('log.segment.bytes'), { value: '3000', source: 'environment' })
})

test('of hours, minutes and ms in one source the finest counts, whatever their order; a later source beats all', () => {
  const retention = (sources: BrokerConfigSources) => accepted(sources).config.topicDefaults.retentionMs
  assert.equal(retention({ file: file('log.retention.hours=2') }), 7_200_000)
  assert.equal(retention({ file: file('log.retention.minutes=1\nlog.retention.hours=2') }), 60_000)
  assert.equal(retention({ file: file('log.retention.ms=5\nlog.retention.minutes=1\nlog.retention.hours=2') }), 5)
  assert.equal(retention({ file: file('log.retention.hours=-1') }), -1)
  assert.equal(retention({ file: file('log.retention.ms=5'), flags: [['log.retention.hours', '1']] }), 3_600_000)
})

test('all problems are found at once, each with key, value, place, what is allowed and a next step', () => {
  const found = refusals({
    file: file('num.partitions=many\nlog.segment.byte=1\nlisteners=PLAINTEXT//x\n=1\nlog.retention.hours=x'),
    environment: { OTTLA_MESSAGE_MAX_BYTES: '-1' },
    flags: [['durability', 'maybe']],
    port: '70000',
  })
  const expected = [
    /^line 4 \(server.properties\): there is no key before the separator; write it as key=value$/,
    /^log\.segment\.byte \(server\.properties line 2\): there is no such key; did you mean log\.segment\.bytes\?$/,
    /^num\.partitions=many \(server\.properties line 1\): allowed is a whole number from 1 to 2147483647; the default is 1$/,
    /^log\.retention\.hours=x .*allowed is a whole number from -1 to 9223372036854775807 \(of log\.retention\.ms/,
    /^message\.max\.bytes=-1 \(environment OTTLA_MESSAGE_MAX_BYTES\): allowed is .*; the default is 1048588$/,
    /^durability=maybe \(command line\): allowed is disk, page-cache, memory; the default is disk$/,
    /^--port=70000 \(command line\): allowed is a whole number from 0 to 65535/,
    /^listeners=PLAINTEXT\/\/x \(server\.properties line 3\): allowed: NAME:\/\/HOST:PORT/,
  ]
  for (const pattern of expected)
    assert.ok(
      found.some(line => pattern.test(line)),
      `${pattern} in\n${found.join('\n')}`,
    )
})

test('a value from outside cannot forge lines of the message', () => {
  const [line] = refusals({ flags: [['num.partitions', `1\n\u001b[31m${'x'.repeat(500)}`]] })
  assert.ok(line !== undefined && !line.includes('\n') && !line.includes('\u001b') && line.length < 300, line)
})

test("names from JavaScript's own objects are ordinary unknown keys", () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    assert.match(refusals({ flags: [[key, '1']] })[0] ?? '', /there is no such key/)
  }
})

test("a key of Kafka that is not honoured warns by name, so Kafka's own files work", () => {
  const { config, warnings } = accepted({
    file: file(`
      process.roles=broker,controller
      node.id=1
      controller.quorum.bootstrap.servers=localhost:9093
      listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
      advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
      inter.broker.listener.name=PLAINTEXT
      controller.listener.names=CONTROLLER
      listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT
      num.io.threads=8
      log.dirs=/var/lib/kraft
      offsets.topic.replication.factor=1
      group.consumer.session.timeout.ms=1
      ssl.keystore.location=/etc/k`),
  })
  assert.deepEqual(
    config.listeners.map(listener => listener.name),
    ['PLAINTEXT'],
  )
  assert.equal(config.offsetsTopicReplicationFactor, 1)
  for (const key of ['process.roles', 'num.io.threads', 'group.consumer.session.timeout.ms', 'ssl.keystore.location']) {
    assert.ok(
      warnings.some(line => line.startsWith(`${key} (server.properties line `)),
      key,
    )
  }
})

test('what would be dangerous to leave out is refused', () => {
  const dangerous: readonly (readonly [string, string])[] = [
    ['authorizer.class.name', 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'],
    ['zookeeper.connect', 'localhost:2181'],
    ['process.roles', 'controller'],
    ['controller.quorum.voters', '1@a:9093,2@b:9093'],
    ['security.inter.broker.protocol', 'SASL_SSL'],
    ['remote.log.storage.system.enable', 'true'],
    ['config.providers', 'file'],
    ['listeners', 'SASL_SSL://127.0.0.1:9094'],
  ]
  for (const entry of dangerous) assert.equal(refusals({ flags: [entry] }).length, 1, entry[0])
  for (const [key] of dangerous.slice(0, 4)) accepted({ flags: [[key, '']] })
})

test('an unknown OTTLA_ variable warns and names a near key; Kubernetes sets such variables', () => {
  const { warnings } = accepted({
    environment: { OTTLA_NUM_PARTITION: '3', OTTLA_PORT_9092_TCP: 'tcp://10.0.0.1:9092' },
  })
  assert.equal(warnings.length, 2)
  assert.match(
    warnings[0] ?? '',
    /OTTLA_NUM_PARTITION names no config key and is ignored; did you mean OTTLA_NUM_PARTITIONS\?/,
  )
})

test('a key that stands twice in a file: the last one counts, with a warning', () => {
  const { config, warnings } = accepted({ file: file('num.partitions=2\n\nnum.partitions=3') })
  assert.equal(config.numPartitions, 3)
  assert.match(warnings[0] ?? '', /num\.partitions stands in lines 1 and 3/)
})

test('values that only make no sense together are refused', () => {
  assert.match(refusals({ flags: [['min.insync.replicas', '0']] })[0] ?? '', /1 or more, or -1/)
  assert.match(refusals({ flags: [['default.replication.factor', '0']] })[0] ?? '', /1 or more, or -1/)
  assert.match(refusals({ flags: [['log.dirs', 'a,b,a']] })[0] ?? '', /named twice/)
  const lag = [['log.cleaner.min.compaction.lag.ms', '9'] as const, ['log.cleaner.max.compaction.lag.ms', '8'] as const]
  assert.match(refusals({ flags: lag })[0] ?? '', /above log\.cleaner\.max\.compaction\.lag\.ms/)
})

test('brokerConfigOf throws everything that is wrong', () => {
  assert.equal(brokerConfigOf({ 'node.id': '7' }).nodeId, 7)
  assert.throws(() => brokerConfigOf({ 'node.id': 'x', bogus: '1' }), /node\.id=x[\s\S]*bogus|bogus[\s\S]*node\.id=x/)
})
