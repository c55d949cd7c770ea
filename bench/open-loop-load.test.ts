import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Writer } from '../packages/ottla/src/base/cursor.ts'
import { produceApi } from '../packages/ottla/src/wire/gen/produce.ts'
import { encodeResponseHeader } from '../packages/ottla/src/wire/header.ts'
import { type OpenLoad, runOpenLoop } from './open-loop-load.ts'
import { PRODUCE_VERSION } from './produce-load.ts'

const load: OpenLoad = {
  topic: 't',
  partitions: 1,
  connections: 1,
  batchBytes: 1024,
  recordBytes: 900,
  // One request in about five milliseconds.
  bytesPerSecond: 200_000,
  warmupMs: 0,
  measureMs: 200,
  drainMs: 5000,
  settleMs: 0,
}

test('a broker that stalls pays for every request that was due meanwhile', { timeout: 20_000 }, async () => {
  await using broker = await stallingBroker({ until: 30 })
  const { latencyMs, answeredShare } = await runOpenLoop(broker.server, load)
  assert.equal(answeredShare, 1)
  // All that were due before the thirtieth were answered with it: one waited all the time, the next a step less.
  assert.ok((latencyMs.at(-1) as number) > 100, `the longest waited ${latencyMs.at(-1)} ms`)
  assert.ok(latencyMs.filter(ms => ms > 50).length >= 10)
})

test('what is never answered counts as late as it is at the end', { timeout: 20_000 }, async () => {
  await using broker = await stallingBroker({ until: Number.POSITIVE_INFINITY })
  const { latencyMs, answeredShare } = await runOpenLoop(broker.server, { ...load, drainMs: 50 })
  assert.equal(answeredShare, 0)
  assert.ok(latencyMs.length >= 30)
  assert.ok((latencyMs.at(-1) as number) >= 200)
})

/** Answers nothing until it has so many requests, and then each at once. */
async function stallingBroker({ until }: { until: number }) {
  const reply = replyFrame()
  const sockets = new Set<Socket>()
  const listener = createServer(socket => {
    sockets.add(socket)
    let rest = Buffer.alloc(0)
    let received = 0
    let answered = 0
    socket.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= rest.readInt32BE(0) + 4) {
        rest = rest.subarray(rest.readInt32BE(0) + 4)
        received++
      }
      if (received < until) return
      for (; answered < received; answered++) socket.write(reply)
    })
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  return {
    server: { port, cpuSeconds: () => 0 },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => listener.close(resolve))
    },
  }
}

function replyFrame(): Buffer {
  const writer = new Writer().begin()
  encodeResponseHeader(writer, produceApi, PRODUCE_VERSION, 1)
  produceApi.encodeResponse(writer, PRODUCE_VERSION, {
    responses: [{ name: 't', partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 0 }] }],
  })
  return Buffer.concat(writer.finish())
}
