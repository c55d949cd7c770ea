/** For tests of bad input: somebody else who uses the broker meanwhile, and must not notice. */
import assert from 'node:assert/strict'
import { batchOf, createTopic, errorOf, fetch, produce, valuesIn } from './calls.ts'
import { type MemoryBroker, withBroker } from './memory-broker.ts'
import type { RawPeer } from './raw-peer.ts'

const TOPIC = 'bystander'

/**
 * Runs `attack` with a connection of its own. Before and after it, another connection writes and reads; the broker must
 * still know its own state at the end.
 */
export async function attacked(
  attack: (peer: RawPeer, broker: MemoryBroker) => Promise<void>,
  keys?: Readonly<Record<string, string>>,
): Promise<void> {
  await withBroker(async broker => {
    const bystander = await broker.connect()
    await createTopic(bystander, TOPIC)
    await writeAndRead(bystander, 0)
    await attack(await broker.connect(), broker)
    await writeAndRead(bystander, 1)
  }, keys)
}

async function writeAndRead(peer: RawPeer, offset: number): Promise<void> {
  const produced = await produce(peer, { topic: TOPIC, records: batchOf([`record ${offset}`]) })
  assert.equal(errorOf(produced), 'NONE')
  assert.equal(produced.baseOffset, offset)
  assert.deepEqual(valuesIn((await fetch(peer, { topic: TOPIC, offset })).records), [`record ${offset}`])
}
