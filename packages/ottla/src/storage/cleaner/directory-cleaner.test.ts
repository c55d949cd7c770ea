/** Which log is next, what a run knows after the next start, and what becomes of what goes wrong in one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskOperation, DiskVerdict } from '../../adapters/memory/disk-operations.ts'
import { Prng } from '../../base/random.ts'
import { isDiskFault } from '../../ports/disk.ts'
import { CLEANER_OFFSETS } from '../kafka-files.ts'
import { DIRECTORY, logId, openTest, testEnv } from '../testing.ts'
import { CLEAN, CompactedLog, compacted, lastOfEachKey, recordsFrom } from './testing.ts'

/** Closed logs to compact, in the order of their partitions, on a disk whose fault hook can be set. */
async function dirty(count = 1) {
  const hook = { intercept: (_: DiskOperation): DiskVerdict => 'go' }
  const env = testEnv({ intercept: operation => hook.intercept(operation) })
  const directory = await openTest(env)
  const logs: CompactedLog[] = []
  for (let partition = 0; partition < count; partition++) {
    const it = new CompactedLog(await directory.create(logId(partition), compacted()))
    for (let i = 0; i < 30; i++) await it.put(`k${i % 4}`, `v${i}`)
    await it.close(directory)
    logs.push(it)
  }
  const told = (event: string) => env.observe.events.filter(each => each.event === event).length
  return { env, directory, logs, it: logs[0] as CompactedLog, hook, told }
}

const OFFSETS_FILE = `${DIRECTORY}/${CLEANER_OFFSETS}`

test('A12 a cut on a full disk, which cannot be noted: the file of what is compacted goes, nothing else is lost', async () => {
  const { env, directory, it, hook } = await dirty()
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  assert.notEqual(await env.disk.stat(OFFSETS_FILE), null)
  hook.intercept = ({ kind, path }) => (kind === 'write' && path.startsWith(OFFSETS_FILE) ? 'ENOSPC' : 'go')
  await it.log.truncateTo(27)
  assert.equal(directory.fault, null)
  assert.equal(await env.disk.stat(OFFSETS_FILE), null)
  const disk = env.disk.crash('power', new Prng('after'), {})
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const found = again.find(it.log.id.topicId, 0)
  assert.ok(found)
  assert.equal(found.cleanedTo, null)
  const goesOn = it.goOn(found)
  goesOn.history.length = 27
  found.setConfig(it.log.config)
  await goesOn.put('k0', 'after')
  await goesOn.close(again)
  assert.equal(await again.cleaner.run(CLEAN), 1)
  // What the first run left below the cut, and what came after it.
  assert.deepEqual(
    (await recordsFrom(found)).map(({ offset, value }) => [offset, value]),
    [
      [26, 'v26'],
      [27, 'after'],
    ],
  )
  await again.close()
})

test('A13 a cut that cannot be noted because the disk fails is no cut', async () => {
  const { env, directory, it, hook } = await dirty()
  await directory.cleaner.run(CLEAN)
  hook.intercept = ({ kind, path }) => (kind === 'write' && path.startsWith(OFFSETS_FILE) ? 'EIO' : 'go')
  await assert.rejects(it.log.truncateTo(27), error => isDiskFault(error, 'EIO'))
  hook.intercept = () => 'go'
  assert.equal(it.log.endOffset, 30)
  assert.notEqual(await env.disk.stat(OFFSETS_FILE), null, 'what another cut would rely on stays')
  await directory.close()
})

for (const [code, isTriedAgain] of [
  ['EIO', false],
  ['EMFILE', true],
] as const) {
  test(`a log that cannot be read for ${code} is ${isTriedAgain ? 'tried again with the next run' : 'left alone'}`, async () => {
    const { env, directory, logs, hook } = await dirty(2)
    // Found again: nothing of it is in memory.
    await directory.close()
    const observing = testEnv({ disk: env.disk, seed: 'again' })
    const again = await openTest(observing)
    const [first, second] = logs.map(it => {
      const found = again.find(it.log.id.topicId, it.log.id.partition)
      assert.ok(found)
      found.setConfig(it.log.config)
      return it.goOn(found)
    }) as [CompactedLog, CompactedLog]
    let reads = 0
    hook.intercept = ({ kind, path }) => {
      if (kind !== 'read' || !path.startsWith(first.log.path)) return 'go'
      reads++
      return code
    }
    assert.equal(await again.cleaner.run(CLEAN), 1)
    assert.deepEqual(await recordsFrom(second.log), lastOfEachKey(second.history, 30))
    assert.ok(reads > 0)
    hook.intercept = () => 'go'
    assert.equal(await again.cleaner.run(CLEAN), isTriedAgain ? 1 : 0)
    assert.equal(again.fault, null)
    assert.equal(first.log.cleanedTo, isTriedAgain ? 30 : null)
    const told = observing.observe.events.filter(({ event }) => event === 'log.uncleanable')
    assert.equal(told.length, isTriedAgain ? 0 : 1)
    await again.close()
  })
}

test('a log that is not to be compacted any more, or gone, when its turn comes is passed over', async () => {
  const { directory, logs, hook } = await dirty(3)
  const [first, second, third] = logs as [CompactedLog, CompactedLog, CompactedLog]
  for (const it of [first, second]) it.log.setConfig(compacted({ 'cleanup.policy': 'delete' }))
  // The last one was given up halfway, on a full disk: its swap is to be finished first.
  hook.intercept = ({ kind, path }) => (kind === 'rename' && path.endsWith('.log.swap') ? 'ENOSPC' : 'go')
  assert.equal(await directory.cleaner.run(CLEAN), 0)
  assert.ok(third.log.segments.some(({ swapEnd }) => swapEnd !== null))
  for (const it of [first, second]) it.log.setConfig(compacted())
  let removing: Promise<void> | null = null
  hook.intercept = ({ path }) => {
    if (!path.endsWith('.cleaned') || removing !== null) return 'go'
    second.log.setConfig(compacted({ 'cleanup.policy': 'delete' }))
    removing = directory.remove(third.log)
    return 'go'
  }
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  await removing
  assert.equal(second.log.cleanedTo, null)
  assert.equal((await recordsFrom(second.log)).length, 30)
  assert.equal(directory.fault, null)
  await directory.close()
})

test('a cut behind the last swap: what is appended there later was not compacted', async () => {
  const { directory, it, hook } = await dirty()
  // One segment of all, so one swap.
  it.log.setConfig(compacted({ 'segment.bytes': '100000' }))
  let cutting: Promise<void> | null = null
  hook.intercept = ({ kind, path }) => {
    if (kind === 'rename' && path.endsWith('.log.swap')) cutting ??= it.log.truncateTo(29)
    return 'go'
  }
  assert.equal(await directory.cleaner.run(CLEAN), 0)
  assert.ok(cutting !== null)
  await cutting
  assert.equal(it.log.cleanedTo, null)
  await directory.close()
})

test('no run begins once the cleaner is stopped', async () => {
  const { directory, it } = await dirty()
  await directory.cleaner.stop()
  assert.equal(await directory.cleaner.run(CLEAN), 0)
  assert.equal(it.log.cleanedTo, null)
  await directory.close()
})

test('a Bug is nothing to go on after: it reaches whoever runs the cleaner', async () => {
  const { directory, it, told } = await dirty()
  const { env } = directory
  const randomBytes = env.crypto.randomBytes.bind(env.crypto)
  const bug = new Error('a bug')
  env.crypto.randomBytes = () => {
    throw bug
  }
  await assert.rejects(directory.cleaner.run(CLEAN), bug)
  env.crypto.randomBytes = randomBytes
  const { hooks } = it.log
  assert.ok(hooks !== null)
  it.log.attach({
    ...hooks,
    highWatermark: () => {
      throw bug
    },
  })
  await assert.rejects(directory.cleaner.run(CLEAN), bug)
  it.log.attach(hooks)
  assert.equal(told('log.cleaning-failed') + told('log.uncleanable'), 0)
  assert.equal(await directory.cleaner.run(CLEAN), 1, 'and hinders no later run')
  await directory.close()
})

test('a log takes no more memory for its keys than they need, and none more than it may', async () => {
  const { env, directory, it } = await dirty()
  // Far more than could be had.
  assert.equal(await directory.cleaner.run({ ...CLEAN, mapBytes: 2 ** 50 }), 1)
  await it.put('k0', 'after')
  await it.close(directory)
  const { events } = env.observe
  events.length = 0
  // Room for two keys or three.
  for (let i = 0; i < 30; i++) await it.put(`other${i}`, 'v')
  await it.close(directory)
  assert.equal(await directory.cleaner.run({ ...CLEAN, mapBytes: 72 }), 1)
  const passes = events.find(({ event }) => event === 'log.cleaned')?.fields.passes
  assert.ok(Number(passes) >= 15, String(passes))
  await directory.close()
})

test('segments are read in steps of log.cleaner.io.buffer.size, however large they are', async () => {
  const { directory, it, hook } = await dirty()
  let largest = 0
  hook.intercept = ({ kind, path, bytes }) => {
    if (kind === 'read' && path.endsWith('.log')) largest = Math.max(largest, bytes)
    return 'go'
  }
  assert.ok(it.log.segments.some(({ sizeBytes }) => sizeBytes > 512))
  await directory.cleaner.run({ ...CLEAN, bufferBytes: 256 })
  assert.equal(largest, 256)
  await directory.close()
})
