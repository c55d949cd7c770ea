import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membershipContract } from '../../ports/membership.contract.ts'
import { metaLogContract } from '../../ports/meta-log.contract.ts'
import { MemoryCoordination } from './coordination.ts'

metaLogContract('memory', async () => new MemoryCoordination().metaLog())
membershipContract('memory', async () => new MemoryCoordination().membership())

test('the next candidate wins when the controller leaves, and the old epoch is fenced', async () => {
  const engine = new MemoryCoordination()
  const [first, second] = [engine.membership(), engine.membership()]
  const old = await first.campaign(1, 'a')
  const waiting = second.campaign(2, 'b')
  await first.close()
  const next = await waiting
  assert.ok(old !== null && next !== null && next.epoch > old.epoch && !old.valid())
  const fenced = await engine.metaLog().append(old.epoch, 0, [new Uint8Array(1)])
  assert.deepEqual(fenced, { kind: 'fenced', epoch: next.epoch })
})
