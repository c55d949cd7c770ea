/** `ottla produce` where not all goes well. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ProduceBroker } from '../../client/testing/produce-broker.ts'
import { lineShape, ProduceRun } from './produce.ts'
import { runWith, startTestBroker, TestTerminal } from './testing.ts'

const FLAGS = { acks: 'all', codec: 'none' } as const
const shape = lineShape('orders', {})
const never = new Promise<string>(() => {})

let broker: Awaited<ReturnType<typeof startTestBroker>>
before(async () => {
  broker = await startTestBroker()
})
const children = new Set<ChildProcess>()
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await broker.close()
})

test('what fails after others were written says which line, and how many were', async () => {
  const large = 'x'.repeat(2_000_000)
  const produced = await broker.run(['produce', 'large', '-p', '0', '-v'], ['one\n', `${large}\n`])
  assert.equal(produced.exitCode, 3)
  assert.equal(produced.output, 'large-0 0\n')
  assert.match(
    produced.notes,
    /^ottla: cannot write to large-0: .*\(MESSAGE_TOO_LARGE\)\n1 record acknowledged, line 2 was not$/,
  )
})

test('records are written though nobody reads where they are', async () => {
  const terminal = new TestTerminal(['a\nb\nc\n'])
  terminal.writesMax = 1
  const produced = await runWith(terminal, ['produce', 'unread', '-v', '-b', broker.address])
  assert.deepEqual(produced, { exitCode: 0, output: 'unread-0 0\n', notes: '3 records acknowledged' })
})

test('half a line is no record when a signal comes', async () => {
  const terminal = new TestTerminal(['whole\nhal', never])
  const fake = await ProduceBroker.start()
  const running = new ProduceRun(fake.cluster, FLAGS, terminal).run(shape)
  await fake.world.until(() => fake.seen.length === 1)
  terminal.interrupt()
  assert.equal(await fake.world.settled(running), 130)
  assert.deepEqual(fake.values, ['whole'])
})

test('a broker that is silent is told once, and a second signal waits no longer', async () => {
  const terminal = new TestTerminal(['a\n', never])
  const fake = await ProduceBroker.start()
  fake.judge = () => 'silence'
  const running = new ProduceRun(fake.cluster, FLAGS, terminal).run(shape)
  await fake.world.until(() => fake.seen.length === 1)
  for (let i = 0; i < 4; i++) fake.world.clock.advance(5_000)
  terminal.interrupt()
  terminal.interrupt()
  assert.equal(await fake.world.settled(running), 130)
  assert.deepEqual(terminal.notes, [
    'nothing was acknowledged for 5 s; it is tried for up to 120 s (Ctrl-C ends it)',
    'stopping: waits until what was read is acknowledged (again to give up)',
    '0 records acknowledged; others that were read may be in the topic all the same',
  ])
})

test('large lines are paced by their bytes', async () => {
  let read = 0
  const terminal = new TestTerminal()
  const line = new Uint8Array(8 * 1024 * 1024).fill(10, -1)
  terminal.input = async function* () {
    for (; read < 100; read++) yield line
  }
  const fake = await ProduceBroker.start()
  fake.judge = () => 'silence'
  const running = new ProduceRun(fake.cluster, FLAGS, terminal).run(shape)
  await fake.world.until(() => fake.seen.length > 0)
  assert.ok(read < 20, `${read} lines of 8 MB were read`)
  terminal.interrupt()
  terminal.interrupt()
  await fake.world.settled(running)
})

for (const why of ['a signal', 'a failure'] as const) {
  test(`the process ends by ${why} though its input stays open`, async () => {
    const main = join(import.meta.dirname, 'main.ts')
    const child = spawn(process.execPath, [main, 'produce', `open-${why.length}`, '-v', '-b', broker.address])
    children.add(child)
    child.stdin.write('kept\n')
    await once(child.stdout, 'data')
    if (why === 'a signal') child.kill('SIGINT')
    else child.stdin.write(`${'x'.repeat(2_000_000)}\n`)
    const [code] = await once(child, 'exit')
    assert.equal(code, why === 'a signal' ? 130 : 3)
  })
}
