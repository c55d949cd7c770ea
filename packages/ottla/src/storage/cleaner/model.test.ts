/** I-19: compaction of random logs against the last-value model, with stops and crashes between. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Prng } from '../../base/random.ts'
import type { CodecId } from '../../wire/batch/header.ts'
import { openTest, type TestEnv, testEnv } from '../testing.ts'
import { SLOT_BYTES } from './offset-map.ts'
import { batchesFrom, CLEAN, CompactedLog, type KeyedBatch, lastOfEachKey, recordsFrom } from './testing.ts'

type Step =
  | { readonly kind: 'append'; readonly batch: KeyedBatch }
  | { readonly kind: 'clean'; readonly slots: number }
  | { readonly kind: 'restart'; readonly how: 'stop' | 'kill' | 'power' }

const record = fc.record({
  key: fc.integer({ min: 0, max: 6 }).map(i => `key-${i}`),
  value: fc.option(fc.string({ maxLength: 80 }), { freq: 5 }),
})

const append = fc
  .record({
    records: fc.array(record, { minLength: 1, maxLength: 6 }),
    codec: fc.integer({ min: 0, max: 4 }) as fc.Arbitrary<CodecId>,
    producerId: fc.option(fc.bigInt({ min: 0n, max: 2n })),
  })
  .map(({ records, codec, producerId }): Step => {
    const producer = producerId === null ? {} : { producer: { id: producerId, sequence: 7 } }
    return { kind: 'append', batch: { records, codec, ...producer } }
  })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: append },
  { weight: 2, arbitrary: fc.integer({ min: 2, max: 9 }).map((slots): Step => ({ kind: 'clean', slots })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('stop', 'kill', 'power').map((how): Step => ({ kind: 'restart', how: how as 'stop' })),
  },
)

/** A log, and how to go on with it after a stop. */
class Run {
  env: TestEnv = testEnv()
  directory = openTest(this.env)
  it: Promise<CompactedLog> = this.directory.then(directory =>
    CompactedLog.create(directory, { 'segment.bytes': '400' }),
  )
  #starts = 0

  async take(next: Step): Promise<void> {
    switch (next.kind) {
      case 'append':
        return (await this.it).append(next.batch)
      case 'clean': {
        const directory = await this.directory
        await (await this.it).close(directory)
        await directory.cleaner.run({ ...CLEAN, mapBytes: next.slots * SLOT_BYTES, bufferBytes: 128 })
        return this.check()
      }
      case 'restart':
        await this.#restart(next.how)
        return this.check()
    }
  }

  async check(): Promise<void> {
    const it = await this.it
    assert.equal(it.log.fault, null)
    assert.deepEqual(await recordsFrom(it.log), lastOfEachKey(it.history, it.log.cleanedTo ?? 0))
    const batches = await batchesFrom(it.log)
    for (const { producerId, batches: remembered } of it.producers()) {
      const last = batches.find(
        batch => batch.header.baseOffset + batch.header.lastOffsetDelta === remembered[0]?.lastOffset,
      )
      assert.deepEqual(
        [last?.producerId, last?.header.baseSequence],
        [producerId, 7],
        'the last batch of a producer stays',
      )
    }
  }

  async #restart(how: 'stop' | 'kill' | 'power'): Promise<void> {
    const before = await this.it
    if (how === 'stop') await (await this.directory).close()
    const disk = how === 'stop' ? this.env.disk : this.env.disk.crash(how, new Prng(`restart ${this.#starts}`))
    this.env = testEnv({ disk, seed: `start ${this.#starts++}` })
    const directory = await openTest(this.env)
    const log = directory.find(before.log.id.topicId, 0)
    assert.ok(log)
    log.setConfig(before.log.config)
    const cleanedTo = before.log.cleanedTo
    assert.equal(log.cleanedTo, cleanedTo)
    this.directory = Promise.resolve(directory)
    this.it = Promise.resolve(before.goOn(log))
  }
}

test('what is left of a random log is the last value of each key, and the last batch of each producer (I-08)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async steps => {
      const run = new Run()
      for (const next of [...steps, { kind: 'clean', slots: 4 } as const]) await run.take(next)
      await (await run.directory).close()
    }),
    { numRuns: 60, seed: 1 },
  )
})

test('many keys, each written five times, with a map that holds a fifth of them', async () => {
  const keys = 2000
  const directory = await openTest(testEnv(), { journal: { maxBytes: 1024 * 1024 } })
  const it = await CompactedLog.create(directory, { 'segment.bytes': '100000' })
  for (let i = 0; i < 5 * keys; i += 50) {
    const records = Array.from({ length: 50 }, (_, n) => ({ key: `key-${(i + n) % keys}`, value: `value-${i + n}` }))
    await it.append({ records })
  }
  await it.close(directory)
  const slots = Math.ceil(keys / 5 / CLEAN.loadFactor)
  await directory.cleaner.run({ ...CLEAN, mapBytes: slots * SLOT_BYTES, bufferBytes: 65_536 })
  assert.deepEqual(await recordsFrom(it.log), lastOfEachKey(it.history, 5 * keys))
  const { sizeBytes } = it.log
  assert.ok(it.log.segments.length < 5, String(it.log.segments.length))
  await directory.cleaner.run(CLEAN)
  assert.equal(it.log.sizeBytes, sizeBytes)
  await directory.close()
})
