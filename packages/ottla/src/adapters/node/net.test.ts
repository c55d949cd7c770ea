import assert from 'node:assert/strict'
import { test } from 'node:test'
import { netContract } from '../../ports/net.contract.ts'
import { NetFault } from '../../ports/net.ts'
import { NodeNet } from './net.ts'

netContract('node', () => new NodeNet())

test('a name that is not known is a fault of the name', { timeout: 20_000 }, async () => {
  await assert.rejects(
    new NodeNet().connect({ host: 'no-such-host.invalid', port: 1 }, { timeoutMs: 10_000 }, () => {
      throw new Error('never connected')
    }),
    (error: unknown) => error instanceof NetFault && error.layer === 'dns',
  )
})
