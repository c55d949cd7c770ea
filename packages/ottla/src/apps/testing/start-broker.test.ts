import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from '../server/server.ts'
import { kitAdapters } from './kit-adapters.ts'
import { brokerConfigFor } from './options.ts'
import { RequestPlan } from './request-plan.ts'
import { startBroker } from './start-broker.ts'
import { TestBroker } from './test-broker.ts'
import { TestBrokerError } from './test-broker-error.ts'
import { withApplication } from './testing.ts'

const refuses = (work: Promise<unknown>, code: string, expected: RegExp) =>
  assert.rejects(work, (error: Error) => {
    assert.ok(error instanceof TestBrokerError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, expected)
    return true
  })

test('topics are served when startBroker resolves, and records come back as they were given', async () => {
  await using broker = await startBroker({
    topics: { orders: 3, audit: { partitions: 1, configs: { 'cleanup.policy': 'compact' } }, plain: {} },
  })
  assert.equal(broker.bootstrapServers, `127.0.0.1:${broker.port}`)
  assert.deepEqual(await broker.topics(), ['audit', 'orders', 'plain'])
  const at = new Date(1_700_000_000_000)
  const bytes = Uint8Array.of(0, 255)
  const places = await broker.produce('orders', [
    { key: 'k', value: 'v', headers: { trace: 'x', raw: bytes, none: null }, partition: 2, timestamp: at },
    { key: bytes, value: null, partition: 2 },
  ])
  assert.deepEqual(places, [
    { partition: 2, offset: 0 },
    { partition: 2, offset: 1 },
  ])
  const [first, second] = await broker.consumeAll('orders')
  assert.equal(first?.key, 'k')
  assert.equal(first?.value, 'v')
  assert.equal(first?.timestamp, at.getTime())
  assert.equal(first?.headers.trace, 'x')
  assert.equal(first?.headers.none, null)
  assert.deepEqual(first?.headerBytes[1], { key: 'raw', value: bytes })
  assert.deepEqual([second?.keyBytes, second?.value, second?.valueBytes], [bytes, null, null])
})

test('records without a key go to one partition after the other; keys to one each; all codecs', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  const places = await broker.produce('orders', ['a', 'b', 'c', 'd'])
  assert.deepEqual(
    places.map(each => each.partition),
    [0, 1, 2, 0],
  )
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const)
    await broker.produce('orders', [{ key: 'same', value: codec }], { codec })
  const keyed = (await broker.consumeAll('orders')).filter(each => each.key === 'same')
  assert.equal(new Set(keyed.map(each => each.partition)).size, 1)
  assert.deepEqual(
    keyed.map(each => each.value),
    ['gzip', 'snappy', 'lz4', 'zstd'],
  )
})

test('consumeAll reads what is there at the call, or waits for a count', async () => {
  await using broker = await startBroker({ topics: { orders: 2 } })
  assert.deepEqual(await broker.consumeAll('orders'), [])
  const waiting = broker.consumeAll('orders', { count: 3 })
  await broker.produce('orders', ['a'])
  await broker.produce('orders', ['b', 'c'])
  assert.deepEqual((await waiting).map(each => each.value).sort(), ['a', 'b', 'c'])
  await refuses(
    broker.consumeAll('orders', { count: 4, timeoutMs: 50 }),
    'TIMED_OUT',
    /3 records of orders were read in 50 ms, not 4/,
  )
})

test('reset leaves the named topics, empty, and nothing that was planned', async () => {
  await using broker = await startBroker({ topics: { orders: 3, audit: { configs: { 'retention.ms': '1000' } } } })
  await broker.produce('orders', ['a', 'b'])
  await broker.createTopic('extra', 2)
  broker.failNext('Metadata', 'UNKNOWN_SERVER_ERROR')
  await broker.reset()
  assert.deepEqual(await broker.topics(), ['audit', 'orders'])
  assert.deepEqual(await broker.consumeAll('orders'), [])
  const [place] = await broker.produce('orders', ['again'])
  assert.equal(place?.offset, 0)
  await withApplication(broker, async cluster => {
    assert.equal((await cluster.topic('orders')).partitions.length, 3)
  })
})

test('topics are made and deleted by name', async () => {
  await using broker = await startBroker()
  await broker.createTopic('orders', 2)
  await refuses(broker.createTopic('orders'), 'REFUSED', /TOPIC_ALREADY_EXISTS/)
  await broker.deleteTopic('orders')
  assert.deepEqual(await broker.topics(), [])
  await refuses(broker.deleteTopic('orders'), 'UNKNOWN_TOPIC', /there is no topic orders: there are none/)
})

test('mistakes are told with what is allowed and what to do', async () => {
  await refuses(
    startBroker({ topics: { 'not a topic': 1 } }),
    'REFUSED',
    /'not a topic'.*ASCII.*INVALID_TOPIC_EXCEPTION/,
  )
  await refuses(startBroker({ topics: { orders: 0 } }), 'BAD_OPTION', /partitions=0: allowed is a whole number/)
  await refuses(
    startBroker({ topics: { orders: { configs: { 'retention.m': '1' } } } }),
    'REFUSED',
    /retention\.m.*INVALID_CONFIG/s,
  )
  await refuses(
    startBroker({ configs: { 'num.partition': '3' } }),
    'BAD_OPTION',
    /num\.partition \(configs of startBroker\): there is no such key; did you mean num\.partitions\?/,
  )
  await refuses(startBroker({ configs: { 'num.partitions': 'many' } }), 'BAD_OPTION', /allowed is a whole number/)
  await refuses(startBroker({ configs: { listeners: 'PLAINTEXT://:9092' } }), 'BAD_OPTION', /use port instead/)
  await refuses(startBroker({ storage: 'tape' as 'disk' }), 'BAD_OPTION', /allowed are 'memory' and 'disk'/)
  await refuses(startBroker({ directory: '/tmp/x' }), 'BAD_OPTION', /it needs storage=disk/)
  await refuses(startBroker({ port: 70_000 }), 'BAD_OPTION', /from 0 to 65535/)
  await refuses(startBroker({ topic: 3 } as object), 'BAD_OPTION', /the options are topics/)
  await refuses(startBroker({ log: 'loud' as 'warn' }), 'BAD_OPTION', /log=loud/)
  await using broker = await startBroker({ topics: { orders: 2 } })
  await refuses(startBroker({ port: broker.port }), 'PORT_IN_USE', /port \d+ of 127\.0\.0\.1 is in use/)
  await refuses(broker.produce('order', ['x']), 'UNKNOWN_TOPIC', /there is no topic order.*did you mean orders\?/)
  await refuses(broker.consumeAll('nothing'), 'UNKNOWN_TOPIC', /name it in startBroker/)
  await refuses(
    broker.produce('orders', [{ value: 'x', partition: 2 }]),
    'UNKNOWN_PARTITION',
    /it has partitions 0 to 1/,
  )
  await refuses(broker.produce('orders', [{ value: {} as string }]), 'BAD_OPTION', /JSON\.stringify objects/)
  await refuses(broker.produce('orders', 'x' as unknown as string[]), 'BAD_OPTION', /allowed is a list/)
  await refuses(broker.produce('orders', [], { codec: 'zip' as 'gzip' }), 'BAD_OPTION', /allowed are none, gzip/)
  await refuses(broker.waitForGroup('g', { state: 'stable' as 'Stable' }), 'BAD_OPTION', /./)
})

test('nothing works after close; closing twice is one close; calls under way end', async () => {
  const broker = await startBroker({ topics: { orders: 1 } })
  const waiting = refuses(broker.consumeAll('orders', { count: 1 }), 'CLOSED', /start another one/)
  await broker.topics()
  await Promise.all([broker.close(), broker.close()])
  await waiting
  await refuses(broker.topics(), 'CLOSED', /./)
  await refuses(broker.reset(), 'CLOSED', /./)
  assert.throws(() => broker.failNext('Produce', 6), { code: 'CLOSED' })
  assert.throws(() => broker.dropConnections(), { code: 'CLOSED' })
  await using next = await startBroker({ port: broker.port })
  assert.equal(next.port, broker.port)
})

test('a close with clients that do not go takes less than a second', async () => {
  const broker = await startBroker({ topics: { orders: 1 } })
  const socket = connect(broker.port, '127.0.0.1').on('error', () => {})
  const gone = new Promise(resolve => socket.on('close', resolve))
  await new Promise(resolve => socket.on('connect', resolve))
  await broker.topics()
  const begun = performance.now()
  await broker.close()
  assert.ok(performance.now() - begun < 1000, `${performance.now() - begun} ms`)
  await gone
})

test('on a disk: a temporary folder goes at close, a folder that is named stays with what was written', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'ottla-kit-'))
  const { TMPDIR } = process.env
  try {
    process.env.TMPDIR = parent
    {
      await using broker = await startBroker({ storage: 'disk', topics: { orders: 1 } })
      await broker.produce('orders', ['a'])
      assert.equal(readdirSync(parent).length, 1)
    }
    assert.deepEqual(readdirSync(parent), [])
    const directory = join(parent, 'kept')
    {
      await using broker = await startBroker({ storage: 'disk', directory, topics: { orders: 2 } })
      await broker.produce('orders', ['a', 'b'])
      await refuses(startBroker({ storage: 'disk', directory }), 'BAD_OPTION', /in use/)
    }
    assert.ok(existsSync(join(directory, 'orders-1')))
    await refuses(startBroker({ storage: 'disk', directory, topics: { orders: 3 } }), 'BAD_OPTION', /holds it with 2/)
    await using again = await startBroker({ storage: 'disk', directory, topics: { orders: 2 } })
    assert.equal((await again.consumeAll('orders')).length, 2)
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    rmSync(parent, { recursive: true, force: true })
  }
})

test('a broker that lost track of itself says so at every call, and at close', async () => {
  const failure = Promise.withResolvers<unknown>()
  const adapters = kitAdapters({}, failure.resolve)
  const plan = new RequestPlan(adapters.clock)
  const server = await startServer(brokerConfigFor({}, '/data').config, adapters, { around: plan.around })
  const removeFolder = async () => {}
  const topics = [{ name: 'orders', partitions: 1, configs: {} }]
  const broker = await TestBroker.open({ server, adapters, plan, topics, removeFolder, failure: failure.promise })
  const waiting = refuses(broker.consumeAll('orders', { count: 1 }), 'BROKER_FAILED', /a bug of Ottla: planted/)
  adapters.fatal(new Error('planted'))
  await waiting
  await refuses(broker.topics(), 'BROKER_FAILED', /planted/)
  await refuses(broker.close(), 'BROKER_FAILED', /planted/)
})

test('says nothing unless asked', async () => {
  const lines: string[] = []
  {
    await using broker = await startBroker({ log: line => lines.push(line), configs: { 'num.io.threads': '8' } })
    await broker.topics()
  }
  assert.ok(
    lines.some(line => /num\.io\.threads.*has no effect/.test(line)),
    lines.join('\n'),
  )
  assert.ok(!lines.some(line => /group\.initial|offsets\.topic/.test(line)), 'not about what the kit itself set')
})

/** Runs a script with the package as users import it. */
function run(script: string): Promise<{ code: number | null; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; output: string }>()
  const args = ['--conditions=ottla-source', '--input-type=module', '-e', script]
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, timeout: 20_000, killSignal: 'SIGKILL' })
  let output = ''
  child.stdout.on('data', piece => {
    output += piece
  })
  child.stderr.on('data', piece => {
    output += piece
  })
  child.on('close', code => resolve({ code, output }))
  return promise
}

for (const storage of ['memory', 'disk']) {
  test(`a process that closed its broker ends by itself, and printed nothing of its own (${storage})`, async () => {
    const { code, output } = await run(`
      import { startBroker } from 'ottla/testing'
      import { connect } from 'node:net'
      const broker = await startBroker({ storage: '${storage}', topics: { orders: 1 } })
      const socket = connect(broker.port, '127.0.0.1').on('error', () => {})
      await broker.produce('orders', ['a'])
      await broker.close()
      console.log('closed')
    `)
    assert.equal(output, 'closed\n')
    assert.equal(code, 0)
  })
}
