/** `ottla start` as a process: what a person sees, and how it ends. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { type EventEmitter, once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Writer } from '../../base/cursor.ts'
import { fetchApi } from '../../wire/gen/fetch.ts'
import { encodeRequestHeader } from '../../wire/header.ts'
import { runWith, TestTerminal } from './testing.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
const root = mkdtempSync(join(tmpdir(), 'ottla-start-'))
const children = new Set<ChildProcess>()
let folders = 0

after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = join(root, `data-${folders++}`)
  mkdirSync(folder)
  return folder
}

/** A process of `ottla start`, its output as far as it has come. */
class Started {
  readonly child: ChildProcess
  readonly #exited: Promise<unknown[]>
  output = ''
  errors = ''

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [MAIN, 'start', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, npm_lifecycle_event: '', ...env },
    })
    children.add(this.child)
    this.child.stdout?.on('data', text => {
      this.output += text
    })
    this.child.stderr?.on('data', text => {
      this.errors += text
    })
    this.#exited = once(this.child, 'close')
  }

  /** Waits until it serves; gives its address. */
  async serving(): Promise<string> {
    await this.says(/Ctrl-C/)
    const address = /^Ottla \d+\.\d+\.\d+ listening on (127\.0\.0\.1:\d+)\n/.exec(this.output)?.[1]
    assert.ok(address !== undefined, this.output)
    return address
  }

  says(what: RegExp): Promise<void> {
    return this.#waitFor(what, this.child.stdout!, () => this.output)
  }

  logs(what: RegExp): Promise<void> {
    return this.#waitFor(what, this.child.stderr!, () => this.errors)
  }

  async #waitFor(what: RegExp, stream: EventEmitter, text: () => string): Promise<void> {
    while (!what.test(text())) {
      const ended = await Promise.race([once(stream, 'data').then(() => false), this.#exited.then(() => true)])
      assert.ok(!ended || what.test(text()), `it ended before it said ${what}: ${this.errors}`)
    }
  }

  /** Waits for its end; gives the exit code, or the signal that ended it. */
  async ended(): Promise<number | string> {
    const [code, signal] = await this.#exited
    children.delete(this.child)
    return (code ?? signal) as number | string
  }
}

const start = (data: string, ...args: string[]) => new Started(['--port', '0', '--data', data, ...args])
const run = (address: string, args: readonly string[], input: readonly string[] = []) =>
  runWith(new TestTerminal(input), [...args, '-b', address])

/** A start that must not succeed. */
async function refused(started: Started): Promise<{ code: number | string; line: string }> {
  const code = await started.ended()
  assert.equal(started.output, '')
  const lines = started.errors.split('\n').filter(line => line.startsWith('ottla:'))
  assert.equal(lines.length, 1, started.errors)
  assert.doesNotMatch(started.errors, /\n {4}at /, 'no stack')
  return { code, line: lines[0]! }
}

test('serves, keeps what it acknowledged through kill -9, and stops cleanly', async () => {
  const data = newFolder()
  const first = start(data)
  const address = await first.serving()
  assert.match(first.output, new RegExp(`data +${data}\n`))
  assert.match(first.output, /cluster id +[\w-]{22}\n/)
  assert.match(first.output, /durability +disk/)
  assert.match(first.output, new RegExp(`ottla produce greetings -b ${address}\n`))
  assert.match(first.output, new RegExp(`kcat -b ${address} `))
  assert.equal((await run(address, ['produce', 'orders'], ['kept\n'])).exitCode, 0)
  first.child.kill('SIGKILL')
  assert.equal(await first.ended(), 'SIGKILL')

  const second = new Started(['--port', '0', '--data', data], { npm_lifecycle_event: 'start' })
  const again = await second.serving()
  assert.match(second.output, new RegExp(`\\| npm run --silent ottla -- produce greetings -b ${again}\n`))
  assert.equal((await run(again, ['consume', 'orders', '-e'])).output, 'kept\n')
  second.child.kill('SIGTERM')
  assert.equal(await second.ended(), 0)
  assert.match(second.output, /\nstopping: .*\nstopped\n$/)
})

test('a second signal ends it at once', async () => {
  const started = start(newFolder())
  const address = await started.serving()
  const records = `${'x'.repeat(900_000)}\n`.repeat(12)
  assert.equal((await run(address, ['produce', 'large'], [records])).exitCode, 0)
  // A reply that nobody reads, which a clean stop waits for.
  const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) }).pause()
  await once(socket, 'connect')
  socket.on('error', () => {})
  socket.write(fetchEverything('large'))
  await run(address, ['topic', 'list'])
  started.child.kill('SIGINT')
  await started.says(/stopping/)
  started.child.kill('SIGINT')
  assert.equal(await started.ended(), 'SIGINT')
  assert.doesNotMatch(started.output, /stopped/)
  socket.destroy()
})

function fetchEverything(topic: string): Uint8Array {
  const version = 12
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 2 ** 30 }]
  const body = { maxWaitMs: 0, minBytes: 1, topics: [{ topic, partitions }] }
  const writer = new Writer().begin()
  encodeRequestHeader(writer, fetchApi, { apiKey: fetchApi.key, apiVersion: version, correlationId: 1, clientId: null })
  fetchApi.encodeRequest(writer, version, body)
  return writer.finishBytes()
}

test('what stands in its way is one clear line', async () => {
  const data = newFolder()
  const running = start(data)
  const port = (await running.serving()).split(':')[1]!

  const [samePort, sameData] = await Promise.all([
    refused(new Started(['--port', port, '--data', newFolder()])),
    refused(start(data)),
  ])
  assert.equal(samePort.code, 1)
  assert.match(samePort.line, new RegExp(`port 127.0.0.1:${port} is in use .*--port`))
  assert.equal(sameData.code, 1)
  assert.match(sameData.line, /is in use by another process/)

  running.child.kill('SIGTERM')
  assert.equal(await running.ended(), 0)
  const otherBroker = await refused(start(data, '--set', 'node.id=7'))
  assert.equal(otherBroker.code, 1)
  assert.match(otherBroker.line, /belongs to broker 1, this is broker 7/)

  const properties = join(data, 'meta.properties')
  writeFileSync(properties, readFileSync(properties, 'utf8').replace(/^version=1$/m, 'version=99'))
  for (const text of [readFileSync(properties), 'version=99\nwhat.it.holds=unknown\n']) {
    writeFileSync(properties, text)
    const newer = await refused(start(data))
    assert.equal(newer.code, 1)
    assert.match(newer.line, /was written by a newer release \(meta\.properties version 99\)/)
  }
})

test('a folder that cannot be used is one line that says what was given and what to do', async () => {
  const file = join(root, 'a-file')
  writeFileSync(file, '')
  const started = start(join(file, 'data'))
  assert.equal(await started.ended(), 1)
  assert.equal(
    started.errors,
    `ottla: cannot start: log directory ${file}/data cannot be used: ENOTDIR: not a directory, stat '${file}/data'; choose another folder with --data\n`,
  )

  const data = newFolder()
  const first = start(data)
  await first.serving()
  first.child.kill('SIGTERM')
  assert.equal(await first.ended(), 0)
  writeFileSync(join(data, '.ottla-controller-epoch'), 'x\n')
  const { code, line } = await refused(start(data))
  assert.equal(code, 1)
  assert.match(line, /\.ottla-controller-epoch does not hold a number; restore it from a copy/)
})

test('a stop that is asked for while it recovers is announced and clean, unless it is forced', async () => {
  const data = newFolder()
  const first = start(data)
  await first.serving()
  first.child.kill('SIGTERM')
  assert.equal(await first.ended(), 0)
  // A pipe that nobody writes to keeps the one who reads it waiting, as a disk that hangs does.
  const path = join(data, '.ottla-metadata.log')
  rmSync(path)
  execFileSync('mkfifo', [path])
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const forced = start(data)
    await forced.logs(/storage\.opened/)
    forced.child.kill(signal)
    await forced.says(/^stopping: .* recovered .*\(again to force\)\n$/)
    forced.child.kill(signal)
    assert.equal(await forced.ended(), signal)
  }
  const clean = start(data)
  await clean.logs(/storage\.opened/)
  clean.child.kill('SIGTERM')
  await clean.says(/^stopping: /)
  writeFileSync(path, '')
  assert.equal(await clean.ended(), 0)
  assert.match(clean.output, /^stopping: .*\nstopped\n$/)
})

test('config comes from the file, the environment and options, and is refused as a whole', async () => {
  const config = join(root, 'server.properties')
  writeFileSync(config, 'num.partitions=5\nlog.retention.hours=x\nzookeeper.connect=localhost\n')
  const started = new Started(['--config', config, '--data', newFolder(), '--port', '0'])
  assert.equal(await started.ended(), 2)
  assert.match(started.errors, /^ottla: config: log\.retention\.hours=x \(.*server\.properties line 2\): /m)
  assert.match(started.errors, /^ottla: config: zookeeper\.connect=localhost \(.*line 3\): /m)

  writeFileSync(config, 'num.partitions=5\n')
  const good = start(newFolder(), '--config', config, '--set', 'durability=page-cache')
  const address = await good.serving()
  assert.match(good.output, /durability +page-cache\n/)
  assert.match((await run(address, ['topic', 'create', 'x'])).output, /5 partitions/)
  good.child.kill('SIGINT')
  assert.equal(await good.ended(), 0)
})
