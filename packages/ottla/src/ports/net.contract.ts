/** What every Net adapter must do. Each test gets a net of its own, and ports that the system chooses. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Net, type NetConnection, NetFault, type NetListener, type NetReceiver } from './net.ts'

const anywhere = { host: '127.0.0.1', port: 0 }
const soon = { timeoutMs: 5_000 }
const bytesOf = (text: string) => new TextEncoder().encode(text)

/** Keeps what comes; small memory, so that larger data comes in parts. */
class Collector implements NetReceiver {
  text = ''
  closedWith: NetFault | null | undefined
  drains = 0
  readonly #memory: Uint8Array
  readonly #waiting: { readonly until: () => boolean; readonly done: () => void }[] = []

  constructor(memoryBytes = 1000) {
    this.#memory = new Uint8Array(memoryBytes)
  }

  space(): Uint8Array {
    return this.#memory
  }

  received(count: number): void {
    assert.ok(count >= 1 && count <= this.#memory.length)
    this.text += new TextDecoder().decode(this.#memory.subarray(0, count))
    this.#look()
  }

  drained(): void {
    this.drains++
    this.#look()
  }

  closed(fault: NetFault | null): void {
    assert.equal(this.closedWith, undefined, 'closed once')
    this.closedWith = fault
    this.#look()
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise(done => this.#waiting.push({ until: condition, done }))
  }

  #look(): void {
    for (const { until, done } of this.#waiting) if (until()) done()
  }
}

interface Pair {
  readonly client: NetConnection
  readonly server: NetConnection
  readonly atClient: Collector
  readonly atServer: Collector
}

export function netContract(name: string, make: () => Net): void {
  describe(`${name} keeps the Net contract`, () => {
    const listeners: NetListener[] = []
    const connections: NetConnection[] = []
    after(async () => {
      for (const connection of connections) connection.destroy()
      for (const listener of listeners) await listener.close()
    })
    const connected = async (net: Net = make()): Promise<Pair> => {
      const atServer = new Collector()
      const atClient = new Collector()
      const accepted = Promise.withResolvers<NetConnection>()
      const listener = await net.listen(anywhere, connection => {
        accepted.resolve(connection)
        return atServer
      })
      const client = await net.connect({ ...anywhere, port: listener.address.port }, soon, () => atClient)
      const server = await accepted.promise
      listeners.push(listener)
      connections.push(client, server)
      return { client, server, atClient, atServer }
    }
    bytesTests(connected)
    endTests(connected)
    listenTests(make, listeners)
  })
}

function bytesTests(connected: () => Promise<Pair>): void {
  test('bytes arrive in order, both ways', async () => {
    const { client, server, atClient, atServer } = await connected()
    client.write([bytesOf('one '), bytesOf('two '), bytesOf('three')])
    server.write([bytesOf('answer')])
    await Promise.all([
      atServer.until(() => atServer.text === 'one two three'),
      atClient.until(() => atClient.text === 'answer'),
    ])
  })

  test('a megabyte arrives whole, `sent` is called, and a write that returned false is drained', async () => {
    const { client, atClient, atServer } = await connected()
    const text = 'abcdefghij'.repeat(100_000)
    let sent = 0
    const tookAll = client.write([bytesOf(text.slice(0, 500_000)), bytesOf(text.slice(500_000))], () => sent++)
    await atServer.until(() => atServer.text.length === text.length)
    assert.equal(atServer.text, text)
    if (!tookAll) await atClient.until(() => atClient.drains === 1)
    assert.deepEqual([sent, client.bufferedBytes], [1, 0])
  })

  test('a paused connection is not read from until it is resumed', async () => {
    const { client, server, atServer, atClient } = await connected()
    server.pause()
    client.write([bytesOf('early')])
    server.write([bytesOf('x')])
    await atClient.until(() => atClient.text === 'x')
    assert.equal(atServer.text, '')
    server.resume()
    await atServer.until(() => atServer.text === 'early')
  })

  test('an answer may be written while bytes are being received', async () => {
    const { client, server, atClient, atServer } = await connected()
    const received = atServer.received.bind(atServer)
    atServer.received = count => {
      received(count)
      server.write([bytesOf('seen')])
    }
    client.write([bytesOf('hello')])
    await atClient.until(() => atClient.text === 'seen')
  })
}

function endTests(connected: () => Promise<Pair>): void {
  test('end sends what was written, then both sides are closed without a fault', async () => {
    const { client, atClient, atServer } = await connected()
    client.write([bytesOf('last words')])
    client.end()
    await Promise.all([
      atServer.until(() => atServer.closedWith !== undefined),
      atClient.until(() => atClient.closedWith !== undefined),
    ])
    assert.deepEqual([atServer.text, atServer.closedWith, atClient.closedWith], ['last words', null, null])
  })

  test('what is written after the end is dropped, and takes nothing with it', async () => {
    const { client, atClient, atServer } = await connected()
    const text = 'last words'.repeat(20_000)
    let sent = 0
    client.write([bytesOf(text)])
    client.end()
    client.write([bytesOf('too late')], () => sent++)
    client.write([bytesOf('too '), bytesOf('late')], () => sent++)
    await Promise.all([
      atServer.until(() => atServer.closedWith !== undefined),
      atClient.until(() => atClient.closedWith !== undefined),
    ])
    assert.ok(atServer.text === text, `${atServer.text.length} of ${text.length} bytes arrived`)
    assert.deepEqual([sent, atServer.closedWith, atClient.closedWith], [2, null, null])
  })

  test('the last words arrive though input was left unread', async () => {
    const { client, server, atClient, atServer } = await connected()
    server.pause()
    for (let i = 0; i < 20; i++) client.write([new Uint8Array(50_000)])
    const text = 'last words'.repeat(20_000)
    server.write([bytesOf(text)])
    server.end()
    client.write([new Uint8Array(50_000)])
    await Promise.all([
      atServer.until(() => atServer.closedWith !== undefined),
      atClient.until(() => atClient.closedWith !== undefined),
    ])
    assert.ok(atClient.text === text, `${atClient.text.length} of ${text.length} bytes arrived`)
    assert.deepEqual([atServer.text, atServer.closedWith, atClient.closedWith], ['', null, null])
  })

  test('destroy closes both sides, `sent` is called for what was held, and later writes do no harm', async () => {
    const { client, server, atClient, atServer } = await connected()
    let sent = 0
    server.pause()
    client.write([new Uint8Array(20_000_000)], () => sent++)
    client.destroy()
    server.resume()
    await Promise.all([
      atServer.until(() => atServer.closedWith !== undefined),
      atClient.until(() => atClient.closedWith !== undefined),
    ])
    assert.equal(sent, 1)
    client.write([bytesOf('too late')])
    client.end()
    client.destroy()
  })
}

function listenTests(make: () => Net, listeners: NetListener[]): void {
  test('a port in use is a fault that says so', async () => {
    const net = make()
    const listener = await net.listen(anywhere, () => null)
    listeners.push(listener)
    await assert.rejects(
      net.listen({ ...anywhere, port: listener.address.port }, () => null),
      (error: unknown) => error instanceof NetFault && error.layer === 'in-use',
    )
  })

  test('nobody listening is a refused connection, also after a listener closed', async () => {
    const net = make()
    const listener = await net.listen(anywhere, () => null)
    await listener.close()
    await assert.rejects(
      net.connect({ ...anywhere, port: listener.address.port }, soon, () => new Collector()),
      (error: unknown) => error instanceof NetFault && error.layer === 'refused',
    )
  })

  test('a refused connection is closed for who dialled', async () => {
    const net = make()
    const listener = await net.listen(anywhere, () => null)
    listeners.push(listener)
    const receiver = new Collector()
    await net.connect({ ...anywhere, port: listener.address.port }, soon, () => receiver)
    await receiver.until(() => receiver.closedWith !== undefined)
  })
}
