import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../adapters/memory/clock.ts'
import { MemoryCoordination } from '../../adapters/memory/coordination.ts'
import { MemoryDisk } from '../../adapters/memory/disk.ts'
import { MemoryNet } from '../../adapters/memory/net.ts'
import { CollectingObserve } from '../../adapters/memory/observe.ts'
import { SeededRandom } from '../../adapters/memory/random.ts'
import { NodeCrypto } from '../../adapters/node/crypto.ts'
import { Prng } from '../../base/random.ts'
import { brokerConfigOf } from '../../spec/config/broker.ts'
import { openData } from './open-data.ts'

test('a new data directory, with new folders above it, outlives a power cut', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new MemoryDisk()
    const coordination = new MemoryCoordination()
    const opened = await openData(brokerConfigOf({ 'log.dirs': '/made/for/data' }), {
      clock: new ManualClock(),
      random: new SeededRandom(seed),
      crypto: new NodeCrypto(),
      observe: new CollectingObserve(),
      disk,
      net: new MemoryNet(),
      hostName: 'localhost',
      openMetadata: async () => ({ log: coordination.metaLog(), membership: coordination.membership() }),
      fatal: why => {
        throw why
      },
    })
    const after = disk.crash('power', new Prng(seed))
    assert.notEqual(await after.stat('/made/for/data/meta.properties'), null, `seed ${seed}`)
    assert.deepEqual(opened.directories.online.length, 1)
  }
})
