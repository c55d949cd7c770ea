/**
 * Runs a scenario until a chosen change of the disk, crashes there, recovers and compares with what was promised.
 */
import assert from 'node:assert/strict'
import { MemoryDisk } from '../adapters/memory/disk.ts'
import type { DiskOperation } from '../adapters/memory/disk-operations.ts'
import { Prng } from '../base/random.ts'
import { SLOT_BYTES } from './cleaner/offset-map.ts'
import { CLEAN, compacted } from './cleaner/testing.ts'
import { type CrashKind, StorageModel } from './crash-model.testing.ts'
import { logId, OTHER_TOPIC_ID, openTest, testEnv, topicConfig } from './testing.ts'

interface World {
  readonly disk: MemoryDisk
  readonly model: StorageModel
}

export type Scenario = (model: StorageModel) => Promise<void>

/** Those that every crash test shares. */
export const sharedScenarios: Record<string, Scenario> = {
  'appends, rolls and checkpoints': async model => {
    await model.create('a', logId(0), topicConfig({ 'segment.bytes': '1024' }))
    await model.create('b', logId(1), topicConfig({ durability: 'page-cache', 'segment.bytes': '1024' }))
    for (let i = 0; i < 8; i++) {
      const done = [model.append('a', { count: 3 }), model.append('b'), model.append('a', { valueBytes: 200 })]
      await Promise.all(done)
      if (i % 4 === 3) await model.directory.checkpoint()
    }
    model.append('a').catch(() => {})
    await model.append('a', { valueBytes: 40_000 })
    await model.append('a')
  },
  'cuts and later starts': async model => {
    await model.create('a', logId(0), topicConfig({ 'segment.bytes': '600' }))
    for (let i = 0; i < 6; i++) await model.append('a', { count: 2 })
    await model.truncate('a', 8)
    await model.append('a', { count: 2 })
    await model.directory.checkpoint()
    await model.append('a')
    await model.truncate('a', 4)
    await model.append('a', { valueBytes: 100 })
    await model.advanceStart('a', 3)
    await model.append('a')
    await model.directory.checkpoint()
    await model.append('a', { count: 3 })
    await model.truncate('a', 6)
    await model.append('a')
  },
  'retention and deletion': async model => {
    await model.create(
      'a',
      logId(0),
      topicConfig({ 'segment.bytes': '500', 'retention.bytes': '600', 'file.delete.delay.ms': '0' }),
    )
    await model.create('c', logId(0, OTHER_TOPIC_ID, 'clicks'), topicConfig({ 'file.delete.delay.ms': '0' }))
    for (let i = 0; i < 10; i++) await Promise.all([model.append('a'), model.append('c')])
    await model.directory.checkpoint()
    await model.retain(0)
    await model.append('a')
    await model.remove('c')
    await model.append('a')
    await model.retain(0)
  },
  'compaction in several passes': async model => {
    await model.create('a', logId(0), compacted({ 'segment.bytes': '600', 'delete.retention.ms': '0' }))
    model.usual = { key: 'k1' }
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5; i++) {
        const key = `k${i}`
        await Promise.all([model.append('a', { key, count: 2 }), model.append('a', { key, deletes: i % 2 === round })])
      }
      await model.clean(TIGHT)
    }
    model.append('a', { key: 'k3' }).catch(() => {})
    await model.clean(TIGHT)
  },
  'a clean stop': async model => {
    await model.create('a', logId(0), topicConfig({ 'segment.bytes': '700' }))
    await model.create('b', logId(1), topicConfig({ durability: 'page-cache' }))
    for (let i = 0; i < 5; i++) await Promise.all([model.append('a', { count: 2 }), model.append('b')])
    await model.directory.close()
  },
}

/** Every scenario by its name; those that look for one planted bug are not crashed at every point. */
export const scenarios: Record<string, Scenario> = {
  ...sharedScenarios,
  // The same sizes again and again: what a new batch overwrites, an old one follows.
  'even batches': async model => {
    await model.create('b', logId(1), topicConfig({ durability: 'page-cache' }))
    model.usual = { valueBytes: 900 }
    for (let i = 0; i < 12; i++) await model.append('b', model.usual)
  },
  // Small index intervals, then a cut and other batches in the place of those that the index knew.
  'indexed cuts': async model => {
    await model.create('a', logId(0), topicConfig({ 'index.interval.bytes': '0', 'segment.bytes': '3000' }))
    for (let i = 0; i < 30; i++) await model.append('a', { valueBytes: 60 })
    await model.directory.checkpoint()
    await model.truncate('a', 12)
    for (let i = 0; i < 6; i++) await model.append('a', { valueBytes: 150 })
    await model.directory.checkpoint()
    await model.append('a')
  },
}

/** Room for two keys: a pass ends in the middle of a segment. */
const TIGHT = { ...CLEAN, mapBytes: 3 * SLOT_BYTES, bufferBytes: 256 }

/** Small enough that the ring is reused again and again. */
const SMALL = { journal: { maxBytes: 64 * 1024, fileBytes: 16 * 1024, roundBytes: 4096 } }

/** Crashes at change `at`; never when it is -1. Returns the number of changes when the scenario came to its end. */
export async function crashAt(
  scenario: Scenario,
  crash: { at: number; kind: CrashKind; seed: string },
): Promise<number | null> {
  const rng = new Prng(`${crash.kind} ${crash.at} ${crash.seed}`)
  const intercept = (operation: DiskOperation) => (operation.changes && operation.index === crash.at ? 'crash' : 'go')
  const disk = new MemoryDisk({ intercept, defer: shuffled(rng.fork('order')) })
  let world: World | null = null
  const story = async (): Promise<'over'> => {
    const directory = await openTest(testEnv({ disk }), SMALL)
    world = { disk, model: new StorageModel(directory) }
    await scenario(world.model)
    return 'over'
  }
  const ended = await Promise.race([story(), disk.stopped])
  const survivor = disk.crash(crash.kind, rng.fork('crash'), { defer: shuffled(rng.fork('order again')) })
  const model = (world as World | null)?.model ?? null
  await afterwards(survivor, model, crash)
  return ended === 'over' ? disk.changeCount : null
}

/** Recovers, checks, works on, crashes once more where `at` is odd, stops, and looks again. */
async function afterwards(
  disk: MemoryDisk,
  model: StorageModel | null,
  crash: { at: number; kind: CrashKind },
): Promise<void> {
  let directory = await openTest(testEnv({ disk, seed: 'second' }), SMALL)
  if (model === null) {
    await directory.close()
    return
  }
  await model.check(directory, crash.kind)
  await appendToAll(model)
  await model.clean(TIGHT)
  let last = disk
  if (crash.at % 2 === 1) {
    const kind = crash.at % 4 === 1 ? 'kill' : 'power'
    last = disk.crash(kind, new Prng(`second ${crash.at}`))
    directory = await openTest(testEnv({ disk: last, seed: 'third' }), SMALL)
    await model.check(directory, kind)
    await appendToAll(model)
  }
  await directory.close()
  const again = await openTest(testEnv({ disk: last, seed: 'fourth' }), SMALL)
  assert.equal(again.cleanStart, true)
  await model.check(again, 'stop')
  await again.close()
}

async function appendToAll(model: StorageModel): Promise<void> {
  for (const [name, { config }] of model.logs) {
    if (config.durability !== 'memory') await model.append(name, model.usual)
  }
}

/** Operations in flight finish in a seeded order. */
function shuffled(rng: Prng): (finish: () => void) => void {
  const pending: (() => void)[] = []
  let pumping = false
  const pump = (): void => {
    const finish = pending.splice(rng.int(0, pending.length - 1), 1)[0]
    finish?.()
    if (pending.length > 0) setImmediate(pump)
    else pumping = false
  }
  return finish => {
    pending.push(finish)
    if (pumping) return
    pumping = true
    setImmediate(pump)
  }
}
