import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBrokerConfig } from './broker.ts'
import { show } from './listeners.ts'

function listen(keys: Readonly<Record<string, string>>, port?: string) {
  const result = parseBrokerConfig({ flags: Object.entries(keys), ...(port === undefined ? {} : { port }) })
  return result.ok
    ? {
        bound: result.config.listeners.map(show),
        told: result.config.advertisedListeners.map(show),
        warnings: result.warnings,
        problem: null,
      }
    : { bound: [], told: [], warnings: result.warnings, problem: result.errors.message }
}

const INTERNAL = { 'listener.security.protocol.map': 'INTERNAL:PLAINTEXT' }

test('several listeners by name, each told to its own clients', () => {
  const { bound, told } = listen({
    ...INTERNAL,
    listeners: 'PLAINTEXT://:9092, internal://127.0.0.1:9093',
    'advertised.listeners': 'PLAINTEXT://kafka.example.org:19092',
  })
  assert.deepEqual(bound, ['PLAINTEXT://:9092', 'INTERNAL://127.0.0.1:9093'])
  assert.deepEqual(told, ['PLAINTEXT://kafka.example.org:19092', 'INTERNAL://127.0.0.1:9093'])
})

test('IPv6 addresses stand in brackets', () => {
  assert.deepEqual(listen({ listeners: 'PLAINTEXT://[::1]:9092' }).bound, ['PLAINTEXT://[::1]:9092'])
  assert.match(listen({ listeners: 'PLAINTEXT://::1:9092' }).problem ?? '', /NAME:\/\/HOST:PORT/)
})

test('every interface is told as this machine by its own name, never as 0.0.0.0', () => {
  for (const host of ['', '0.0.0.0', '[::]']) {
    assert.deepEqual(listen({ listeners: `PLAINTEXT://${host}:9092` }).told, ['PLAINTEXT://:9092'])
    const given = listen({ listeners: 'PLAINTEXT://:9092', 'advertised.listeners': `PLAINTEXT://${host}:9092` })
    assert.match(given.problem ?? '', /every interface/)
  }
})

test('--port replaces the port of the first listener and keeps its host', () => {
  assert.deepEqual(listen({}, '9095').bound, ['PLAINTEXT://127.0.0.1:9095'])
  assert.deepEqual(listen({ listeners: 'PLAINTEXT://:9092' }, '0').bound, ['PLAINTEXT://:0'])
  for (const port of ['65536', '-1', 'x', '']) assert.match(listen({}, port).problem ?? '', /--port/)
})

test('a listener open to the network warns; loopback does not', () => {
  assert.match(listen({ listeners: 'PLAINTEXT://:9092' }).warnings[0] ?? '', /nothing protects it/)
  for (const host of ['127.0.0.1', 'localhost', '127.1.2.3', '[::1]']) {
    assert.deepEqual(listen({ listeners: `PLAINTEXT://${host}:9092` }).warnings, [], host)
  }
})

test('what cannot work is refused with the reason', () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ listeners: '' }, /NAME:\/\/HOST:PORT/],
    [{ listeners: 'PLAINTEXT://a:65536' }, /port from 0 to 65535/],
    [{ listeners: 'PLAINTEXT://a:1,PLAINTEXT://b:2' }, /used twice/],
    [{ ...INTERNAL, listeners: 'PLAINTEXT://a:1,INTERNAL://A:1' }, /same address/],
    [{ listeners: 'INTERNAL://a:1' }, /does not say what INTERNAL speaks; add INTERNAL:PLAINTEXT/],
    [{ listeners: 'SSL://a:1' }, /maps to SSL, which this release does not speak/],
    [{ 'advertised.listeners': 'OTHER://a:1' }, /no listener named OTHER/],
    [{ 'listener.security.protocol.map': 'A' }, /NAME:PROTOCOL/],
    [{ 'controller.listener.names': 'PLAINTEXT' }, /no listener for clients is left/],
  ]
  for (const [keys, pattern] of cases) assert.match(listen(keys).problem ?? 'accepted', pattern)
})

test('two listeners may both let the system choose a port', () => {
  assert.equal(listen({ ...INTERNAL, listeners: 'PLAINTEXT://127.0.0.1:0,INTERNAL://127.0.0.1:0' }).problem, null)
})
