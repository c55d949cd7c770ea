import assert from 'node:assert/strict'
import { test } from 'node:test'
import { netContract } from '../../ports/net.contract.ts'
import { NetFault } from '../../ports/net.ts'
import { NodeNet } from './net.ts'

netContract('node', () => new NodeNet())

test('each address of a name is tried, until one answers', async () => {
  const listener = await new NodeNet().listen({ host: '127.0.0.1', port: 0 }, () => receiver)
  const { port } = listener.address
  const asked = { timeoutMs: 5_000 }
  const two = new NodeNet({ lookup: async () => ['127.0.0.2', '127.0.0.1'] })
  const connection = await two.connect({ host: 'both', port }, asked, () => receiver)
  assert.equal(connection.peer.host, '127.0.0.1')
  connection.destroy()
  await listener.close()
  await assert.rejects(
    two.connect({ host: 'both', port }, asked, () => receiver),
    (error: unknown) => error instanceof NetFault && error.layer === 'refused' && error.address?.host === 'both',
  )
})

const receiver = { space: () => new Uint8Array(1), received: () => {}, drained: () => {}, closed: () => {} }

test('a name that is not known is a fault of the name', { timeout: 20_000 }, async () => {
  await assert.rejects(
    new NodeNet().connect({ host: 'no-such-host.invalid', port: 1 }, { timeoutMs: 10_000 }, () => {
      throw new Error('never connected')
    }),
    (error: unknown) => error instanceof NetFault && error.layer === 'dns',
  )
})
