import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Prng } from '../../base/random.ts'
import { diskContract } from '../../ports/disk.contract.ts'
import { DiskFault } from '../../ports/disk.ts'
import { MemoryDisk } from './disk.ts'
import { type DiskOperation, DiskStopped } from './disk-operations.ts'

diskContract('MemoryDisk', async () => {
  const disk = new MemoryDisk()
  await disk.makeDirectory('/data')
  return { disk, directory: '/data', dispose: async () => {} }
})

const SEEDS = 200

type Play = (disk: MemoryDisk) => Promise<void>

async function seeded(seed: number, kind: 'kill' | 'power', play: Play) {
  const defer = (finish: () => void, { path }: DiskOperation) => {
    if (!path.endsWith('in-flight')) queueMicrotask(finish)
  }
  const disk = new MemoryDisk({ defer })
  await disk.makeDirectory('/d')
  await disk.syncDirectory('/')
  await play(disk)
  return disk.crash(kind, new Prng(seed), {})
}

async function read(disk: MemoryDisk, path: string): Promise<Uint8Array | null> {
  const stat = await disk.stat(path)
  if (stat === null) return null
  const into = new Uint8Array(stat.sizeBytes)
  await (await disk.open(path, { mode: 'read' })).read(0, into)
  return into
}

/** How often each outcome of `look` came up over the seeds. */
async function outcomes(kind: 'kill' | 'power', play: Play, look: (d: MemoryDisk) => Promise<string>) {
  const seen = new Map<string, number>()
  for (let seed = 0; seed < SEEDS; seed++) {
    const outcome = await look(await seeded(seed, kind, play))
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  }
  return seen
}

const sectors = async (disk: MemoryDisk, path: string) => {
  const bytes = await read(disk, path)
  if (bytes === null) return 'gone'
  let out = ''
  for (let at = 0; at < bytes.length; at += 512) {
    const sector = bytes.subarray(at, at + 512)
    assert.ok(
      sector.every(byte => byte === sector[0]),
      'a sector is never torn',
    )
    out += String(sector[0])
  }
  return out
}

describe('a kill', () => {
  test('keeps everything written and every name', async () => {
    const seen = await outcomes(
      'kill',
      async disk => {
        const file = await disk.open('/d/a', { mode: 'create' })
        await file.write(0, new Uint8Array(1024).fill(1))
        await disk.rename('/d/a', '/d/b')
      },
      disk => sectors(disk, '/d/b'),
    )
    assert.deepEqual([...seen.keys()], ['11'])
  })

  test('leaves a write in flight whole, partly done or not begun', async () => {
    const seen = await outcomes(
      'kill',
      async disk => {
        const file = disk.openSync('/d/in-flight', { mode: 'create' })
        void file.write(0, new Uint8Array(1024).fill(1))
      },
      disk => sectors(disk, '/d/in-flight'),
    )
    assert.deepEqual([...seen.keys()].sort(), ['', '1', '11'])
  })

  test('does not make durable: a power cut after the restart may still take what was written', async () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < SEEDS; seed++) {
      const killed = await seeded(seed, 'kill', async disk => {
        await (await disk.open('/d/a', { mode: 'create' })).close()
      })
      const cut = killed.crash('power', new Prng(seed))
      seen.add((await cut.stat('/d/a')) === null ? 'gone' : 'there')
    }
    assert.deepEqual([...seen].sort(), ['gone', 'there'])
  })
})

describe('a power cut', () => {
  test('keeps what was synced, in files and names', async () => {
    const seen = await outcomes(
      'power',
      async disk => {
        const file = await disk.open('/d/a', { mode: 'create' })
        await file.write(0, new Uint8Array(2048).fill(1))
        await file.sync()
        await disk.syncDirectory('/d')
        await file.write(1024, new Uint8Array(2048).fill(2))
      },
      disk => sectors(disk, '/d/a'),
    )
    for (const outcome of seen.keys()) assert.match(outcome, /^11[12]{2}[02]{0,2}$/)
    for (const wanted of ['1111', '112222', '1122']) assert.ok(seen.has(wanted), `${wanted} in ${[...seen.keys()]}`)
    assert.ok(
      [...seen.keys()].some(outcome => /^11(12|21)/.test(outcome)),
      'sectors in any order',
    )
  })

  test('takes a synced file whose name was never synced', async () => {
    const seen = await outcomes(
      'power',
      async disk => {
        const file = await disk.open('/d/a', { mode: 'create' })
        await file.write(0, new Uint8Array(512).fill(1))
        await file.sync()
      },
      disk => sectors(disk, '/d/a'),
    )
    assert.deepEqual([...seen.keys()].sort(), ['1', 'gone'])
  })

  test('a sync covers only what was written before it began', async () => {
    const seen = await outcomes(
      'power',
      async disk => {
        const file = await disk.open('/d/a', { mode: 'create' })
        await disk.syncDirectory('/d')
        const late = file.write(0, new Uint8Array(512).fill(1))
        const sync = file.sync()
        await Promise.all([late, sync])
      },
      disk => sectors(disk, '/d/a'),
    )
    assert.ok(seen.has(''), 'the write may be lost')
  })

  test('a rename in one directory shows one of the two names, with the old or the new content', async () => {
    const seen = await outcomes(
      'power',
      async disk => {
        const old = await disk.open('/d/a', { mode: 'create' })
        await old.write(0, new Uint8Array(512).fill(1))
        await old.sync()
        await disk.syncDirectory('/d')
        const next = await disk.open('/d/a.tmp', { mode: 'create' })
        await next.write(0, new Uint8Array(512).fill(2))
        await next.sync()
        await disk.rename('/d/a.tmp', '/d/a')
      },
      disk => sectors(disk, '/d/a'),
    )
    assert.deepEqual([...seen.keys()].sort(), ['1', '2'])
  })

  test('a rename without a sync of the content may show an empty file, or zeros', async () => {
    const seen = await outcomes(
      'power',
      async disk => {
        const next = await disk.open('/d/a.tmp', { mode: 'create' })
        await next.write(0, new Uint8Array(512).fill(2))
        await disk.rename('/d/a.tmp', '/d/a')
        await disk.syncDirectory('/d')
      },
      disk => sectors(disk, '/d/a'),
    )
    assert.deepEqual([...seen.keys()].sort(), ['', '0', '2'])
  })

  test('an unsynced cut may come back, in part', async () => {
    const seen = await outcomes(
      'power',
      async disk => {
        const file = await disk.open('/d/a', { mode: 'create' })
        await file.write(0, new Uint8Array(1536).fill(1))
        await file.sync()
        await disk.syncDirectory('/d')
        await file.truncate(512)
        await file.write(512, new Uint8Array(512).fill(2))
      },
      disk => sectors(disk, '/d/a'),
    )
    assert.ok(seen.has('111'), 'nothing of it')
    assert.ok(seen.has('12'), 'all of it')
    assert.ok(seen.has('121'), 'an old tail behind a new piece')
  })

  test('removes may be undone, but only in the order of one name', async () => {
    const seen = await outcomes(
      'power',
      async disk => {
        await (await disk.open('/d/a', { mode: 'create' })).close()
        await (await disk.open('/d/b', { mode: 'create' })).close()
        await disk.syncDirectory('/d')
        await disk.remove('/d/a')
        await disk.rename('/d/b', '/d/a')
      },
      async disk => (await disk.list('/d')).map(entry => entry.name).join(),
    )
    assert.deepEqual([...seen.keys()].sort(), ['a', 'a,b', 'b'])
  })
})

describe('faults and crash points', () => {
  test('a failed sync forgets what was dirty: the next one succeeds without it', async () => {
    let lost = 0
    for (let seed = 0; seed < SEEDS; seed++) {
      let syncs = 0
      const disk = new MemoryDisk({ intercept: op => (op.kind === 'sync' && syncs++ === 0 ? 'EIO' : 'go') })
      const file = await disk.open('/a', { mode: 'create' })
      await disk.syncDirectory('/')
      await file.write(0, new Uint8Array(512).fill(1))
      await assert.rejects(file.sync(), (error: unknown) => error instanceof DiskFault && error.code === 'EIO')
      await file.sync()
      const after = disk.crash('power', new Prng(seed))
      if ((await sectors(after, '/a')) !== '1') lost++
    }
    assert.ok(lost > 0 && lost < SEEDS, `lost in ${lost} of ${SEEDS}`)
  })

  test('a full disk takes what fits, then says so; room comes back with removal', async () => {
    const disk = new MemoryDisk({ capacityBytes: 8192 })
    const file = await disk.open('/a', { mode: 'create' })
    await file.write(0, new Uint8Array(4096).fill(1))
    const more = file.write(4096, new Uint8Array(8192).fill(2))
    await assert.rejects(more, (error: unknown) => error instanceof DiskFault && error.code === 'ENOSPC')
    assert.ok((await file.size()) > 4096)
    assert.deepEqual(await disk.volume('/'), { totalBytes: 8192, freeBytes: 0 })
    await disk.remove('/a')
    assert.equal((await disk.volume('/')).freeBytes, 8192)
    const lane = await disk.commitLane('/')
    await assert.rejects(lane.open('/ring', 16_384), DiskFault)
    assert.equal((await disk.volume('/')).freeBytes, 8192, 'a lane gives back what it could not fill')
  })

  test('damage changes what is durable, and nothing else', async () => {
    const disk = new MemoryDisk()
    for (const name of ['a', 'b']) {
      const file = await disk.open(`/${name}`, { mode: 'create' })
      await file.write(0, new Uint8Array(1024).fill(1))
      await file.sync()
    }
    await disk.syncDirectory('/')
    disk.damage((path, content) => (path === '/a' ? content.fill(9).subarray(0, 512) : null))
    assert.deepEqual([await sectors(disk, '/a'), await sectors(disk, '/b')], ['9', '11'])
    assert.equal(await sectors(disk.crash('power', new Prng(1)), '/a'), '9')
  })

  test('every change is a crash point; behind it nothing happens any more', async () => {
    const play = async (disk: MemoryDisk) => {
      const file = await disk.open('/a', { mode: 'create' })
      await file.write(0, new Uint8Array(512).fill(1))
      await file.sync()
      await disk.syncDirectory('/')
      file.writeSync(0, new Uint8Array(512).fill(2))
    }
    const whole = new MemoryDisk()
    await play(whole)
    assert.equal(whole.changeCount, 5)
    for (let at = 0; at < 5; at++) {
      const disk = new MemoryDisk({ intercept: op => (op.changes && op.index === at ? 'crash' : 'go') })
      const end = await Promise.race([play(disk).catch((error: unknown) => error), disk.stopped.then(() => 'stopped')])
      assert.ok(end === 'stopped' || end instanceof DiskStopped)
      assert.throws(() => disk.openSync('/a', { mode: 'read' }), DiskStopped)
      const after = disk.crash('power', new Prng(at), {})
      if (at === 4) assert.match(await sectors(after, '/a'), /^[12]$/)
    }
  })

  test('the same seed leaves the same disk', async () => {
    const play = async (disk: MemoryDisk) => {
      const file = await disk.open('/d/a', { mode: 'create' })
      for (let i = 0; i < 20; i++) await file.write(i * 300, new Uint8Array(700).fill(i))
      void file.write(0, new Uint8Array(5000).fill(99))
    }
    for (let seed = 0; seed < 20; seed++) {
      const [one, two] = [await seeded(seed, 'power', play), await seeded(seed, 'power', play)]
      assert.deepEqual(await read(one, '/d/a'), await read(two, '/d/a'))
    }
  })
})
