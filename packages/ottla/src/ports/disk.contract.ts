/** What every Disk adapter must do. Each test gets a disk and the path of an empty directory of its own. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Disk, DiskFault, type DiskFaultCode, type DiskFile } from './disk.ts'

export interface DiskUnderTest {
  readonly disk: Disk
  readonly directory: string
  dispose(): Promise<void>
}

export function diskContract(name: string, make: () => Promise<DiskUnderTest>): void {
  describe(`${name} keeps the Disk contract`, () => {
    const made: DiskUnderTest[] = []
    const prepare = async () => {
      const under = await make()
      made.push(under)
      return under
    }
    after(async () => {
      for (const under of made) await under.dispose()
    })
    openModes(prepare)
    readingAndWriting(prepare)
    sizes(prepare)
    names(prepare)
    directWrites(prepare)
    commitLanes(prepare)
    locks(prepare)
  })
}

type Prepare = () => Promise<DiskUnderTest>

const text = (value: string) => new TextEncoder().encode(value)

async function content(file: DiskFile, position = 0): Promise<string> {
  const into = new Uint8Array((await file.size()) - position)
  const count = await file.read(position, into)
  return new TextDecoder().decode(into.subarray(0, count))
}

const faults = (code: DiskFaultCode) => (error: unknown) => {
  assert.ok(error instanceof DiskFault, `a DiskFault, not ${error}`)
  assert.equal(error.code, code)
  return true
}

function openModes(prepare: Prepare): void {
  test('read and write need the file, create makes it, replace empties it', async () => {
    const { disk, directory } = await prepare()
    const path = `${directory}/a`
    await assert.rejects(disk.open(path, { mode: 'read' }), faults('ENOENT'))
    await assert.rejects(disk.open(path, { mode: 'write' }), faults('ENOENT'))
    assert.throws(() => disk.openSync(path, { mode: 'read' }), faults('ENOENT'))
    const created = await disk.open(path, { mode: 'create' })
    await created.write(0, text('kept'))
    await created.close()
    const again = disk.openSync(path, { mode: 'create' })
    assert.equal(await content(again), 'kept')
    await again.close()
    const replaced = await disk.open(path, { mode: 'replace' })
    assert.equal(await replaced.size(), 0)
    await replaced.close()
  })

  test('a directory is not a file, and a missing directory holds none', async () => {
    const { disk, directory } = await prepare()
    await disk.makeDirectory(`${directory}/sub`)
    await assert.rejects(disk.open(`${directory}/sub`, { mode: 'write' }), faults('EISDIR'))
    await assert.rejects(disk.open(`${directory}/none/a`, { mode: 'create' }), faults('ENOENT'))
    await (await disk.open(`${directory}/file`, { mode: 'create' })).close()
    await assert.rejects(disk.open(`${directory}/file/a`, { mode: 'create' }), faults('ENOTDIR'))
  })

  test('a file opened for reading refuses writes', async () => {
    const { disk, directory } = await prepare()
    await (await disk.open(`${directory}/a`, { mode: 'create' })).close()
    const file = await disk.open(`${directory}/a`, { mode: 'read' })
    await assert.rejects(file.write(0, text('x')), DiskFault)
    assert.throws(() => file.writeSync(0, text('x')), DiskFault)
    await file.close()
  })
}

function readingAndWriting(prepare: Prepare): void {
  test('both forms of reading and writing see each other', async () => {
    const { disk, directory } = await prepare()
    const file = await disk.open(`${directory}/a`, { mode: 'create' })
    await file.write(0, text('hello '))
    file.writeSync(6, text('world'))
    assert.equal(await content(file), 'hello world')
    const into = new Uint8Array(5)
    assert.equal(file.readSync(6, into), 5)
    assert.equal(new TextDecoder().decode(into), 'world')
    await file.write(0, text('J'))
    assert.equal(await content(file), 'Jello world')
    await file.sync()
    await file.close()
  })

  test("what is on the disk is the same on the caller's thread", async () => {
    const { disk, directory } = await prepare()
    const file = disk.openSync(`${directory}/a`, { mode: 'create' })
    file.writeSync(0, text('12345'))
    file.closeSync()
    file.closeSync()
    await disk.makeDirectory(`${directory}/b`)
    assert.deepEqual(disk.listSync(directory), await disk.list(directory))
    assert.deepEqual(disk.statSync(`${directory}/a`), await disk.stat(`${directory}/a`))
    assert.equal(disk.statSync(`${directory}/a`)?.sizeBytes, 5)
    assert.equal(disk.statSync(`${directory}/none`), null)
    assert.throws(() => disk.listSync(`${directory}/none`), faults('ENOENT'))
  })

  test('a read ends at the end of the file, and behind it finds nothing', async () => {
    const { disk, directory } = await prepare()
    const file = await disk.open(`${directory}/a`, { mode: 'create' })
    await file.write(0, text('12345'))
    const into = new Uint8Array(8)
    assert.equal(await file.read(3, into), 2)
    assert.equal(file.readSync(3, into), 2)
    assert.equal(await file.read(5, into), 0)
    assert.equal(await file.read(500, into), 0)
    await file.close()
  })

  test('a write behind the end leaves zeros between', async () => {
    const { disk, directory } = await prepare()
    const file = await disk.open(`${directory}/a`, { mode: 'create' })
    await file.write(10_000, text('end'))
    assert.equal(await file.size(), 10_003)
    const into = new Uint8Array(10_003).fill(7)
    assert.equal(await file.read(0, into), 10_003)
    assert.ok(into.subarray(0, 10_000).every(byte => byte === 0))
    await file.close()
  })

  test('large pieces arrive whole, from plain memory and from a slab', async () => {
    const { disk, directory } = await prepare()
    const file = await disk.open(`${directory}/a`, { mode: 'create' })
    const slab = disk.slab(3_000_000)
    for (let i = 0; i < slab.length; i++) slab[i] = i % 251
    await file.write(1, slab)
    await file.write(3_000_001, Uint8Array.from(slab))
    const into = new Uint8Array(6_000_001)
    assert.equal(await file.read(0, into), 6_000_001)
    assert.ok(into.every((byte, i) => byte === (i === 0 ? 0 : ((i - 1) % 3_000_000) % 251)))
    await file.close()
  })
}

function sizes(prepare: Prepare): void {
  test('truncate cuts and extends with zeros', async () => {
    const { disk, directory } = await prepare()
    const file = await disk.open(`${directory}/a`, { mode: 'create' })
    await file.write(0, text('abcdef'))
    await file.truncate(3)
    assert.equal(await content(file), 'abc')
    await file.truncate(6)
    assert.equal(await content(file), 'abc\0\0\0')
    await file.sync()
    await file.close()
    const stat = await disk.stat(`${directory}/a`)
    assert.equal(stat?.kind, 'file')
    assert.equal(stat?.sizeBytes, 6)
  })
}

function names(prepare: Prepare): void {
  test('directories are made with their parents, listed in order and removed when empty', async () => {
    const { disk, directory } = await prepare()
    await disk.makeDirectory(`${directory}/x/y/z`)
    await disk.makeDirectory(`${directory}/x/y/z`)
    for (const name of ['b', 'a', '.hidden', 'B']) {
      await (await disk.open(`${directory}/x/${name}`, { mode: 'create' })).close()
    }
    assert.deepEqual(await disk.list(`${directory}/x`), [
      { name: '.hidden', kind: 'file' },
      { name: 'B', kind: 'file' },
      { name: 'a', kind: 'file' },
      { name: 'b', kind: 'file' },
      { name: 'y', kind: 'directory' },
    ])
    await assert.rejects(disk.removeDirectory(`${directory}/x/y`), faults('ENOTEMPTY'))
    await disk.removeDirectory(`${directory}/x/y/z`)
    await disk.removeDirectory(`${directory}/x/y/z`)
    await disk.removeDirectory(`${directory}/x/y`)
    assert.equal(await disk.stat(`${directory}/x/y`), null)
    assert.equal((await disk.stat(`${directory}/x`))?.kind, 'directory')
    await assert.rejects(disk.list(`${directory}/none`), faults('ENOENT'))
    await disk.syncDirectory(`${directory}/x`)
    await assert.rejects(disk.syncDirectory(`${directory}/none`), faults('ENOENT'))
    await assert.rejects(disk.makeDirectory(`${directory}/x/a`), faults('EEXIST'))
  })

  test('rename moves and replaces; remove forgives what is gone', async () => {
    const { disk, directory } = await prepare()
    const file = await disk.open(`${directory}/from`, { mode: 'create' })
    await file.write(0, text('new'))
    await (await disk.open(`${directory}/to`, { mode: 'create' })).close()
    await disk.rename(`${directory}/from`, `${directory}/to`)
    assert.equal(await disk.stat(`${directory}/from`), null)
    assert.equal((await disk.stat(`${directory}/to`))?.sizeBytes, 3)
    await disk.makeDirectory(`${directory}/folder`)
    await disk.rename(`${directory}/folder`, `${directory}/renamed`)
    await disk.rename(`${directory}/to`, `${directory}/renamed/inside`)
    await assert.rejects(disk.rename(`${directory}/none`, `${directory}/x`), faults('ENOENT'))
    await disk.remove(`${directory}/renamed/inside`)
    await disk.remove(`${directory}/renamed/inside`)
    assert.equal(await content(file), 'new', 'an open file outlives its name')
    await file.close()
  })

  test('the room of the volume is told', async () => {
    const { disk, directory } = await prepare()
    const { totalBytes, freeBytes } = await disk.volume(directory)
    assert.ok(freeBytes > 0)
    assert.ok(totalBytes >= freeBytes)
  })
}

function directWrites(prepare: Prepare): void {
  test('a direct file takes aligned slabs and refuses the rest', async () => {
    const { disk, directory } = await prepare()
    const unit = disk.alignmentBytes
    const file = await disk.open(`${directory}/a`, { mode: 'create', direct: true })
    const slab = disk.slab(4 * unit)
    assert.equal(slab.length, 4 * unit)
    assert.ok(slab.every(byte => byte === 0))
    assert.ok(slab.buffer instanceof SharedArrayBuffer, 'threads can share it')
    slab.fill(5)
    await file.write(unit, slab)
    file.writeSync(0, slab.subarray(unit, 3 * unit))
    await file.sync()
    assert.equal(await file.size(), 5 * unit)
    const plain = await disk.open(`${directory}/a`, { mode: 'read' })
    const into = new Uint8Array(5 * unit)
    assert.equal(await plain.read(0, into), 5 * unit)
    assert.ok(into.every(byte => byte === 5))
    if (file.direct) {
      await assert.rejects(file.write(1, slab), faults('EINVAL'))
      await assert.rejects(file.write(0, slab.subarray(0, 100)), faults('EINVAL'))
      await assert.rejects(file.write(0, slab.subarray(512, 512 + unit)), faults('EINVAL'))
    }
    await plain.close()
    await file.close()
  })
}

function commitLanes(prepare: Prepare): void {
  test('a commit lane prepares its files and writes in order', async () => {
    const { disk, directory } = await prepare()
    const unit = disk.alignmentBytes
    const lane = await disk.commitLane(directory)
    const file = await lane.open(`${directory}/ring`, 16 * unit)
    assert.equal((await disk.stat(`${directory}/ring`))?.sizeBytes, 16 * unit)
    const slab = disk.slab(8 * unit)
    const done: number[] = []
    const commits = Array.from({ length: 8 }, (_, i) => {
      const piece = slab.subarray(i * unit, (i + 1) * unit).fill(i + 1)
      return file.commit((i % 4) * unit, piece).then(() => done.push(i))
    })
    await Promise.all(commits)
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7])
    await file.close()
    const again = await lane.open(`${directory}/ring`, 8 * unit)
    assert.equal((await disk.stat(`${directory}/ring`))?.sizeBytes, 16 * unit, 'opening never cuts')
    await again.commit(15 * unit, slab.subarray(0, unit))
    await again.close()
    await assert.rejects(lane.open(`${directory}/none/ring`, unit), faults('ENOENT'))
    await lane.close()
    const read = await disk.open(`${directory}/ring`, { mode: 'read' })
    const into = new Uint8Array(16 * unit)
    await read.read(0, into)
    assert.deepEqual(
      [0, 1, 2, 3, 4, 15].map(i => into[i * unit]),
      [5, 6, 7, 8, 0, 1],
    )
    await read.close()
  })
}

function locks(prepare: Prepare): void {
  test('a lock is exclusive until it is released, and leaves what the file holds alone', async () => {
    const { disk, directory } = await prepare()
    const path = `${directory}/.lock`
    const lock = await disk.lock(path)
    assert.ok(lock !== null)
    assert.equal(await disk.lock(path), null)
    const other = await disk.lock(`${directory}/.other`)
    assert.ok(other !== null)
    await other.release()
    await lock.release()
    const again = await disk.lock(path)
    assert.ok(again !== null)
    await again.release()
    assert.equal((await disk.stat(path))?.sizeBytes, 0)
    await assert.rejects(disk.lock(`${directory}/none/.lock`), faults('ENOENT'))
  })
}
