import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../base/random.ts'
import { DiskFault } from '../../ports/disk.ts'
import { membershipContract } from '../../ports/membership.contract.ts'
import { metaLogContract } from '../../ports/meta-log.contract.ts'
import { MemoryDisk } from '../memory/disk.ts'
import { FileMembership } from './membership.ts'
import { FileMetaLog, METADATA_LOG_NAME, MetaLogDamage } from './meta-log.ts'

const DIRECTORY = '/data'
async function directoryOn(disk: MemoryDisk): Promise<MemoryDisk> {
  await disk.makeDirectory(DIRECTORY)
  await disk.syncDirectory('/')
  return disk
}

const record = (text: string) => new TextEncoder().encode(text)

metaLogContract('file', async () => FileMetaLog.open(await directoryOn(new MemoryDisk()), DIRECTORY))
membershipContract('file', async () => {
  const disk = await directoryOn(new MemoryDisk())
  return new FileMembership(disk, DIRECTORY)
})

test('everything is there when it is opened again, the snapshot and what came after it', async () => {
  const disk = await directoryOn(new MemoryDisk())
  const log = await FileMetaLog.open(disk, DIRECTORY)
  for (let i = 0; i < 5; i++) await log.append(i < 3 ? 1 : 2, i, [record(`r${i}`)])
  await log.writeSnapshot({ endOffset: 4, epoch: 2, records: [record('s')] })
  const before = await log.read(0)
  await log.close()
  const again = await FileMetaLog.open(disk, DIRECTORY)
  assert.deepEqual(await again.read(0), before)
  assert.deepEqual(await again.append(1, 5, [record('x')]), { kind: 'fenced', epoch: 2 })
  assert.deepEqual(await again.append(2, 5, [record('r5')]), { kind: 'ok', head: 6 })
})

test('the controller epoch of one start is above that of all starts before', async () => {
  const disk = await directoryOn(new MemoryDisk())
  const first = await new FileMembership(disk, DIRECTORY).campaign(1)
  const second = await new FileMembership(disk.crash('power', new Prng('x')), DIRECTORY).campaign(1)
  assert.ok(first !== null && second !== null && second.epoch > first.epoch)
})

test('a bad entry before a sound one is damage, a bad last entry is cut', async () => {
  for (const [flip, damaged] of [
    [30, true],
    [-1, false],
  ] as const) {
    const disk = await directoryOn(new MemoryDisk())
    const log = await FileMetaLog.open(disk, DIRECTORY)
    await log.append(1, 0, [record('first')])
    await log.append(1, 1, [record('second')])
    await log.close()
    const file = await disk.open(`${DIRECTORY}/${METADATA_LOG_NAME}`, { mode: 'write' })
    const at = flip < 0 ? (await file.size()) + flip : flip
    const byte = new Uint8Array(1)
    await file.read(at, byte)
    await file.write(at, new Uint8Array([(byte[0] as number) ^ 1]))
    await file.close()
    if (damaged) await assert.rejects(FileMetaLog.open(disk, DIRECTORY), MetaLogDamage)
    else assert.equal((await (await FileMetaLog.open(disk, DIRECTORY)).read(0)).head, 1)
  }
})

test('a full disk refuses the append and keeps the log usable', async () => {
  let full = false
  const disk = new MemoryDisk({
    intercept: operation => (full && operation.kind === 'write' ? 'ENOSPC' : 'go'),
  })
  await directoryOn(disk)
  const log = await FileMetaLog.open(disk, DIRECTORY)
  await log.append(1, 0, [record('a')])
  full = true
  assert.equal((await log.append(1, 1, [record('lost'.repeat(100))])).kind, 'refused')
  full = false
  assert.deepEqual(await log.append(1, 1, [record('b')]), { kind: 'ok', head: 2 })
  const again = await FileMetaLog.open(disk.crash('kill', new Prng('k')), DIRECTORY)
  assert.equal((await again.read(0)).head, 2)
})

test('a failed sync leaves the outcome unknown, and nothing is appended after it', async () => {
  let failing = false
  const disk = new MemoryDisk({
    intercept: operation => (failing && operation.kind === 'sync' ? 'EIO' : 'go'),
  })
  await directoryOn(disk)
  const log = await FileMetaLog.open(disk, DIRECTORY)
  failing = true
  assert.deepEqual(await log.append(1, 0, [record('a')]), { kind: 'unknown' })
  failing = false
  assert.deepEqual(await log.append(1, 0, [record('b')]), { kind: 'unknown' })
})

/** Appends and snapshots until everything stops at the disk's operation number `stopAt`. */
async function liveUntil(stopAt: number): Promise<{ disk: MemoryDisk; acknowledged: string[]; stopped: boolean }> {
  let operations = Number.NEGATIVE_INFINITY
  const stop = Promise.withResolvers<true>()
  const disk = new MemoryDisk({
    intercept: () => {
      if (operations++ < stopAt) return 'go'
      stop.resolve(true)
      return 'crash'
    },
  })
  await directoryOn(disk)
  operations = 0
  const acknowledged: string[] = []
  const live = async () => {
    const log = await FileMetaLog.open(disk, DIRECTORY)
    for (let i = 0; i < 6; i++) {
      const text = `record ${i} ${'x'.repeat(i * 300)}`
      assert.equal((await log.append(1, i, [record(text)])).kind, 'ok')
      acknowledged.push(text)
      if (i === 3) await log.writeSnapshot({ endOffset: 3, epoch: 1, records: acknowledged.slice(0, 3).map(record) })
    }
    return false
  }
  const stopped = await Promise.race([live(), stop.promise])
  return { disk, acknowledged, stopped }
}

test('A4 a crash at any operation of the disk loses nothing that was answered', async () => {
  for (let stopAt = 0, stopped = true; stopped; stopAt++) {
    for (const how of ['kill', 'power'] as const) {
      for (const seed of ['a', 'b', 'c', 'd']) {
        const life = await liveUntil(stopAt)
        const log = await FileMetaLog.open(life.disk.crash(how, new Prng(seed), {}), DIRECTORY)
        const { snapshot, entries } = await log.read(0)
        const records = [...(snapshot?.records ?? []), ...entries.flatMap(entry => entry.records)]
        const found = records.map(bytes => new TextDecoder().decode(bytes))
        const { acknowledged } = life
        assert.deepEqual(found.slice(0, acknowledged.length), acknowledged, `${how} at ${stopAt}, seed ${seed}`)
        assert.ok(found.length <= acknowledged.length + 1, 'at most the one that was not answered')
        stopped = life.stopped
      }
    }
  }
})

test('a fault at any operation of the disk, and what follows it, loses nothing that was answered', async () => {
  for (const code of ['ENOSPC', 'EIO', 'EMFILE'] as const) {
    for (let failAt = 0, failed = true; failed; failAt++) {
      let operations = Number.NEGATIVE_INFINITY
      const disk = await directoryOn(new MemoryDisk({ intercept: () => (operations++ === failAt ? code : 'go') }))
      const log = await FileMetaLog.open(disk, DIRECTORY)
      operations = 0
      const answered: string[] = []
      for (let i = 0; i < 4; i++) {
        const text = `record ${i}`
        if ((await log.append(1, answered.length, [record(text)])).kind === 'ok') answered.push(text)
        if (i !== 1 || answered.length === 0) continue
        const snapshot = { endOffset: answered.length, epoch: 1, records: answered.map(record) }
        await log.writeSnapshot(snapshot).catch(fault => assert.ok(fault instanceof DiskFault, String(fault)))
      }
      failed = operations > failAt
      const last = disk.crash('power', new Prng(failAt), {})
      const { snapshot, entries } = await (await FileMetaLog.open(last, DIRECTORY)).read(0)
      const records = [...(snapshot?.records ?? []), ...entries.flatMap(entry => entry.records)]
      const found = records.map(bytes => new TextDecoder().decode(bytes))
      assert.deepEqual(found.slice(0, answered.length), answered, `${code} at ${failAt}`)
    }
  }
})

test('what a failed sync left in the memory of the system is written again before anything relies on it', async () => {
  for (let seed = 0; seed < 40; seed++) {
    let failing = false
    const intercept = (operation: { readonly kind: string }) => (failing && operation.kind === 'sync' ? 'EIO' : 'go')
    const disk = await directoryOn(new MemoryDisk({ intercept }))
    const log = await FileMetaLog.open(disk, DIRECTORY)
    await log.append(1, 0, [record('first')])
    failing = true
    assert.deepEqual(await log.append(1, 1, [record('second')]), { kind: 'unknown' })
    const killed = disk.crash('kill', new Prng(seed), {})
    const next = await FileMetaLog.open(killed, DIRECTORY)
    const { head } = await next.read(0)
    assert.equal((await next.append(2, head, [record('third')])).kind, 'ok')
    const last = await FileMetaLog.open(killed.crash('power', new Prng(seed)), DIRECTORY)
    assert.deepEqual((await last.read(0)).head, head + 1)
  }
})
