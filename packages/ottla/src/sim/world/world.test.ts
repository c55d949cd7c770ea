import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Prng } from '../../base/random.ts'
import { netContract } from '../../ports/net.contract.ts'
import { MachineCalendar, SimClock } from './clock.ts'
import { drive, isFast, type Simulation } from './microtasks.ts'
import { SimNetwork } from './net.ts'
import { ProcessLife } from './process-life.ts'
import { Scheduler } from './scheduler.ts'

const weather = { delayMin: 10, delayMax: 900, pieceBytesMax: 5_000, windowBytes: 65_536 }

netContract('SimNetwork', () => {
  const scheduler = new Scheduler(new Prng(1))
  // The suite awaits: the world moves whenever the event loop turns.
  const turn = () => {
    for (let i = 0; i < 50; i++) scheduler.step()
  }
  setInterval(turn, 0).unref()
  return new SimNetwork(scheduler, new Prng(2), weather).host(new ProcessLife())
})

describe('Scheduler', () => {
  test('runs in the order of time, ties by the seed, and cancels', () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const scheduler = new Scheduler(new Prng(seed))
      const seen: string[] = []
      for (const name of ['c', 'd', 'e']) scheduler.after(20, name, () => seen.push(name))
      scheduler.after(10, 'a', () => seen.push('a'))
      scheduler.after(15, 'b', () => {
        seen.push('b')
        scheduler.after(0, 'now', () => seen.push('now'))
      })
      scheduler.after(18, 'never', () => seen.push('never'))()
      while (scheduler.step());
      assert.deepEqual(seen.slice(0, 3), ['a', 'b', 'now'])
      assert.deepEqual(seen.slice(3).sort(), ['c', 'd', 'e'])
      assert.equal(scheduler.now, 20)
      orders.add(seen.join())
    }
    assert.ok(orders.size > 1, 'seeds differ in how ties fall')
  })

  test('any number of events come out sorted', () => {
    const rng = new Prng(9)
    const scheduler = new Scheduler(rng)
    const times: number[] = []
    for (let i = 0; i < 2_000; i++) scheduler.after(rng.int(0, 500), 'x', () => times.push(scheduler.now))
    while (scheduler.step());
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    )
    assert.equal(times.length, 2_000)
  })

  test('the trace tells runs apart and equal runs not', () => {
    const hash = (seed: number, delay: number) => {
      const scheduler = new Scheduler(new Prng(seed))
      scheduler.after(delay, 'x', () => scheduler.trace.add('y', 2 ** 40))
      while (scheduler.step());
      return scheduler.trace.toString()
    }
    assert.equal(hash(1, 5), hash(1, 5))
    assert.notEqual(hash(1, 5), hash(1, 6))
  })
})

describe('drive', () => {
  function* simulation(seen: string[]): Simulation<string> {
    for (let i = 0; i < 3; i++) {
      Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push(`promise ${i}`))
      seen.push(`event ${i}`)
      yield
    }
    return 'done'
  }
  const expected = [0, 1, 2].flatMap(i => [`event ${i}`, `promise ${i}`])

  test('promises of one event run before the next', async () => {
    const seen: string[] = []
    assert.equal(await drive(simulation(seen)), 'done')
    assert.deepEqual(seen, expected)
  })

  test('also where V8 does not help', async () => {
    const seen: string[] = []
    assert.equal(await drive(simulation(seen), null), 'done')
    assert.deepEqual(seen, expected)
    assert.ok(isFast, 'the pinned Node has the fast way')
  })
})

describe('SimClock', () => {
  test('timers die with their process; the calendar jumps, monotonic time does not', () => {
    const scheduler = new Scheduler(new Prng(1))
    const calendar = new MachineCalendar(scheduler)
    const life = new ProcessLife()
    const clock = new SimClock(scheduler, life, calendar)
    const seen: number[] = []
    clock.after(5, () => seen.push(clock.monoMs()))
    clock.after(50, () => seen.push(clock.monoMs()))
    const before = clock.wallMs()
    scheduler.step()
    calendar.jump(-3_600_000)
    assert.equal(clock.wallMs(), before + 5 - 3_600_000)
    assert.equal(clock.monoMs(), 5)
    life.end()
    while (scheduler.step());
    assert.deepEqual(seen, [5])
  })
})

describe('SimNetwork', () => {
  const connected = () => {
    const scheduler = new Scheduler(new Prng(3))
    const network = new SimNetwork(scheduler, new Prng(4), weather)
    const [server, client] = [new ProcessLife(), new ProcessLife()]
    const seen: string[] = []
    const receiver = (name: string) => ({
      space: () => new Uint8Array(100),
      received: (count: number) => seen.push(`${name} ${count}`),
      drained: () => {},
      closed: (fault: Error | null) => seen.push(`${name} closed ${fault?.message ?? 'well'}`),
    })
    return { scheduler, network, server, client, seen, receiver }
  }

  test('a process that died is told to its peers as a reset, and hears nothing itself', async () => {
    const { scheduler, network, server, client, seen, receiver } = connected()
    await network.host(server).listen({ host: '', port: 9 }, () => receiver('server'))
    const connecting = network.host(client).connect({ host: '', port: 9 }, { timeoutMs: 100 }, () => receiver('client'))
    while (scheduler.step());
    await connecting
    server.end()
    network.processDied(server)
    while (scheduler.step());
    assert.deepEqual(seen, ['client closed the connection was reset'])
    const again = network.host(client).connect({ host: '', port: 9 }, { timeoutMs: 100 }, () => receiver('client'))
    while (scheduler.step());
    await assert.rejects(again, /nobody listens/)
  })

  test('nothing arrives while the network stalls, and attempts run out of time', async () => {
    const { scheduler, network, server, client, seen, receiver } = connected()
    await network.host(server).listen({ host: '', port: 9 }, () => receiver('server'))
    const connecting = network.host(client).connect({ host: '', port: 9 }, { timeoutMs: 100 }, () => receiver('client'))
    while (scheduler.step());
    const connection = await connecting
    network.stall(1_000_000)
    connection.write([new Uint8Array(10)])
    const attempt = network.host(client).connect({ host: '', port: 9 }, { timeoutMs: 100 }, () => receiver('late'))
    while (scheduler.now < 1_000_000 && scheduler.step());
    await assert.rejects(attempt, /within 100 ms/)
    while (scheduler.step());
    assert.deepEqual(seen, ['server 10'])
  })
})
