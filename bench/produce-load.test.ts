import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { runProduce } from './produce-load.ts'
import type { Server } from './servers.ts'

test('a load fails when the broker ends its connection', { timeout: 20_000 }, async () => {
  const listener = createServer(socket => socket.once('data', () => socket.destroy()))
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  const server = { name: 'cut', port, cpuSeconds: () => 0 } as Server
  const load = { topic: 't', connections: 2, batchBytes: 1024, recordBytes: 900, inFlight: 2, measureMs: 300 }
  await assert.rejects(runProduce(server, { ...load, warmupMs: 300 }, false), /ended the connection|ECONNRESET|EPIPE/)
  await new Promise(resolve => listener.close(resolve))
})
