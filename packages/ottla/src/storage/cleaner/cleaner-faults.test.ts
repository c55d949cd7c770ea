/** Compaction beside everything else, and on disks that fail: nothing else is harmed, and the log is as it was or done. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskOperation, DiskVerdict } from '../../adapters/memory/disk-operations.ts'
import { Prng } from '../../base/random.ts'
import type { DiskFaultCode } from '../../ports/disk.ts'
import type { LogDirectory } from '../log-directory.ts'
import { logId, OTHER_TOPIC_ID, openTest, type TestEnv, testEnv } from '../testing.ts'
import { SLOT_BYTES } from './offset-map.ts'
import { CLEAN, CompactedLog, compacted, lastOfEachKey, recordsFrom } from './testing.ts'

/** A closed log to compact, on a disk whose fault hook can be set. */
async function dirty(config: Readonly<Record<string, string>> = {}) {
  const hook = { intercept: (_: DiskOperation): DiskVerdict => 'go' }
  const env = testEnv({ intercept: operation => hook.intercept(operation) })
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory, { 'segment.bytes': '400', ...config })
  for (let i = 0; i < 30; i++) await it.put(`k${i % 4}`, `v${i}`)
  await it.close(directory)
  return { env, directory, it, hook }
}

async function openAgain(env: TestEnv, before: CompactedLog): Promise<{ directory: LogDirectory; it: CompactedLog }> {
  const disk = env.disk.crash('power', new Prng('again'), {})
  const directory = await openTest(testEnv({ disk, seed: 'again' }))
  const log = directory.find(before.log.id.topicId, before.log.id.partition)
  assert.ok(log)
  log.setConfig(before.log.config)
  return { directory, it: before.goOn(log) }
}

/** Fails the n-th change that compaction makes, but no sync of names for want of room; false when it makes fewer. */
async function failAt(n: number, code: DiskFaultCode): Promise<boolean> {
  const { env, directory, it, hook } = await dirty()
  let changes = 0
  let failed = false
  hook.intercept = operation => {
    if (!operation.changes || changes++ !== n) return 'go'
    failed = true
    return code === 'ENOSPC' && operation.kind === 'syncDirectory' ? 'go' : code
  }
  await directory.cleaner.run(CLEAN)
  hook.intercept = () => 'go'
  const expected = lastOfEachKey(it.history, 30)
  if (directory.fault === null) {
    const seen = await recordsFrom(it.log)
    // Group by group the log is as it was, or done.
    for (const record of expected)
      assert.ok(
        seen.some(({ offset }) => offset === record.offset),
        `change ${n}`,
      )
    if (n % 2 === 0) {
      await it.put('k0', 'after')
      await it.close(directory)
      await directory.cleaner.run(CLEAN)
      assert.deepEqual(await recordsFrom(it.log), lastOfEachKey(it.history, 31), `change ${n}`)
    } else await directory.close()
    assert.deepEqual(
      it.log.segments.filter(({ swapEnd }) => swapEnd !== null),
      [],
    )
    const files = await env.disk.list(it.log.path)
    assert.ok(
      files.every(({ name }) => !/cleaned|swap/.test(name)),
      files.map(({ name }) => name).join(),
    )
  } else assert.notEqual(code, 'ENOSPC', `change ${n}: a full disk is no reason to give the directory up`)
  const again = await openAgain(env, it)
  await again.it.put('k1', 'after')
  await again.it.close(again.directory)
  await again.directory.cleaner.run(CLEAN)
  assert.deepEqual(
    await recordsFrom(again.it.log),
    lastOfEachKey(again.it.history, again.it.log.endOffset),
    `change ${n}`,
  )
  await again.directory.close()
  return failed
}

for (const code of ['ENOSPC', 'EIO'] as const) {
  test(`A12 A13 ${code} at any change that compaction makes`, async t => {
    let n = 0
    while (await failAt(n, code)) n++
    assert.ok(n > 20, String(n))
    t.diagnostic(`${n} changes`)
  })
}

test('A7 a damaged segment is left alone and served as far as it can be; other logs are compacted', async () => {
  const { env, directory, it } = await dirty()
  const other = new CompactedLog(await directory.create(logId(1), compacted()))
  for (let i = 0; i < 5; i++) await other.put('a', `v${i}`)
  await other.close(directory)
  env.disk.damage((path, content) => {
    if (path !== it.log.segments[1]?.file('log')) return null
    content[70] = (content[70] as number) ^ 1
    return content
  })
  const segments = [...it.log.segments]
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  assert.equal(directory.fault, null)
  assert.deepEqual(it.log.segments, segments)
  assert.equal((await recordsFrom(other.log)).length, 1)
  assert.ok(env.observe.events.some(({ event }) => event === 'log.uncleanable'))
  await directory.close()
})

test('appends, reads, checkpoints and retention go on while a log is compacted', async () => {
  const { directory, it } = await dirty({ 'segment.bytes': '300' })
  const { log } = it
  let isRunning = true
  const cleaning = directory.cleaner.run({ ...CLEAN, mapBytes: 3 * SLOT_BYTES, bufferBytes: 128 }).finally(() => {
    isRunning = false
  })
  let rounds = 0
  while (isRunning || rounds < 40) {
    rounds++
    await it.put(`k${rounds % 4}`, `w${rounds}`)
    if (rounds % 5 === 0) await directory.checkpoint()
    if (rounds % 7 === 0) await directory.runRetention(0)
    const from = (rounds * 7) % log.endOffset
    const seen = await recordsFrom(log, from)
    const newest = lastOfEachKey(it.history, log.endOffset).filter(({ offset }) => offset >= from)
    for (const record of newest)
      assert.ok(
        seen.some(({ offset }) => offset === record.offset),
        `from ${from}`,
      )
    for (const { offset, value } of seen) assert.equal(value, it.history[offset]?.value)
    assert.equal((await log.offsetForTimestamp(1000 + log.endOffset - 1, log.endOffset))?.offset, log.endOffset - 1)
    assert.equal((await log.maxTimestamp(log.endOffset))?.offset, log.endOffset - 1)
  }
  await cleaning
  await it.close(directory)
  await directory.cleaner.run(CLEAN)
  assert.deepEqual(await recordsFrom(log), lastOfEachKey(it.history, log.endOffset))
  await directory.close()
})

test('a stop ends a run at its next step, and leaves no file behind', async () => {
  const { env, directory, it } = await dirty()
  const cleaning = directory.cleaner.run({ ...CLEAN, bytesPerSecond: 100 })
  await untilItWaits()
  await directory.close()
  assert.equal(await cleaning, 0)
  const files = (await env.disk.list(it.log.path)).map(({ name }) => name)
  assert.ok(
    files.every(name => !/cleaned|swap/.test(name)),
    files.join(),
  )
  const again = await openTest(testEnv({ disk: env.disk, seed: 'again' }))
  assert.equal(again.cleanStart, true)
  const [found] = again.logs()
  assert.ok(found)
  assert.equal((await recordsFrom(found)).length, 30)
  await again.close()
})

test('log.cleaner.io.max.bytes.per.second holds a run back', async () => {
  const { env, directory, it } = await dirty()
  let done = false
  const cleaning = directory.cleaner.run({ ...CLEAN, bytesPerSecond: 1000 }).then(() => {
    done = true
  })
  let seconds = 0
  const { sizeBytes } = it.log
  for (; !done; seconds++) {
    env.clock.advance(1000)
    await untilItWaits()
  }
  await cleaning
  assert.ok(seconds >= (2 * sizeBytes) / 1000, `${sizeBytes} bytes in ${seconds} s`)
  await directory.close()
})

test('what is cut, or deleted, while it is compacted is not compacted', async t => {
  const { env, directory, it } = await dirty()
  const cleaning = directory.cleaner.run({ ...CLEAN, bytesPerSecond: 1000 })
  await untilItWaits()
  await it.log.truncateTo(20)
  it.history.length = 20
  const stop = pump(env)
  t.after(stop)
  assert.equal(await cleaning, 0)
  stop()
  assert.deepEqual(
    (await recordsFrom(it.log)).map(({ value }) => value),
    it.history.map(({ value }) => value),
  )
  await it.close(directory)
  const next = directory.cleaner.run({ ...CLEAN, bytesPerSecond: 1000 })
  await untilItWaits()
  await directory.remove(it.log)
  t.after(pump(env))
  assert.equal(await next, 0)
  assert.equal(directory.fault, null)
  await directory.close()
})

test('a cut that takes what replaces a record leaves the record', async () => {
  const { directory, it, hook } = await dirty()
  let cut: Promise<void> | null = null
  // All keys are noted by then, and the first group is about to be written.
  hook.intercept = operation => {
    if (operation.path.endsWith('.cleaned')) cut ??= it.log.truncateTo(27)
    return 'go'
  }
  assert.equal(await directory.cleaner.run(CLEAN), 0)
  assert.ok(cut !== null)
  await cut
  it.history.length = 27
  assert.deepEqual(
    (await recordsFrom(it.log)).map(({ value }) => value),
    it.history.map(({ value }) => value),
  )
  await it.close(directory)
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  assert.deepEqual(await recordsFrom(it.log), lastOfEachKey(it.history, 27))
  await directory.close()
})

test('a read that was begun is finished before the files it reads change', async () => {
  let held: (() => void) | null = null
  let holds = false
  const defer = (finish: () => void, operation: DiskOperation) => {
    if (!holds || operation.kind !== 'read') return queueMicrotask(finish)
    holds = false
    held = finish
  }
  const env = testEnv({ defer })
  const directory = await openTest(env)
  const written = await CompactedLog.create(directory, { 'segment.bytes': '400' })
  for (let i = 0; i < 30; i++) await written.put(`k${i % 4}`, `v${i}`)
  await written.close(directory)
  await directory.close()
  // Found again: nothing of it is in memory.
  const again = await openTest(testEnv({ disk: env.disk, seed: 'again' }))
  const [log] = again.logs()
  assert.ok(log)
  const it = written.goOn(log)
  log.setConfig(written.log.config)
  holds = true
  const reading = recordsFrom(log)
  await untilItWaits()
  const segments = [...log.segments]
  const cleaning = again.cleaner.run(CLEAN)
  await untilItWaits()
  assert.ok(held !== null)
  assert.deepEqual(log.segments, segments)
  const late = recordsFrom(log)
  ;(held as () => void)()
  const [first, last] = [await reading, await late]
  assert.equal(await cleaning, 1)
  for (const seen of [first, last]) for (const { offset, value } of seen) assert.equal(value, it.history[offset]?.value)
  assert.deepEqual(await recordsFrom(log), lastOfEachKey(it.history, 30))
  await again.close()
})

test('a cut takes back how far a log was compacted, and so does its deletion', async () => {
  const { env, directory, it } = await dirty()
  await directory.cleaner.run(CLEAN)
  assert.equal(it.log.cleanedTo, 30)
  await it.log.truncateTo(27)
  it.history.length = 27
  assert.equal(it.log.cleanedTo, 27)
  const again = await openAgain(env, it)
  assert.equal(again.it.log.cleanedTo, 27)
  await again.directory.remove(again.it.log)
  const made = new CompactedLog(await again.directory.create(logId(0, OTHER_TOPIC_ID), compacted()))
  assert.equal(made.log.cleanedTo, null)
  const last = await openAgain(again.directory.env as TestEnv, made)
  assert.equal(last.it.log.cleanedTo, null)
  await last.directory.close()
})

/** A run under way goes on until it has spent what it may in this time. */
async function untilItWaits(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Lets the clock run. Returns the way to stop it. */
function pump(env: TestEnv): () => void {
  let runs = true
  const turn = () => {
    env.clock.advance(1000)
    if (runs) setImmediate(turn)
  }
  setImmediate(turn)
  return () => {
    runs = false
  }
}
