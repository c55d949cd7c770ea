import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import { chmod, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { diskContract } from '../../ports/disk.contract.ts'
import { DiskFault } from '../../ports/disk.ts'
import { NodeDisk } from './disk.ts'

const temporary = (root: string) => async () => {
  const directory = mkdtempSync(join(root, 'ottla-disk-'))
  return { disk: new NodeDisk(), directory, dispose: () => rm(directory, { recursive: true, force: true }) }
}

diskContract('NodeDisk', temporary(tmpdir()))
if (existsSync('/dev/shm')) diskContract('NodeDisk on a memory file system', temporary('/dev/shm'))

describe('NodeDisk', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-disk-'))
  const children: ChildProcess[] = []
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })

  const holder = async (path: string) => {
    const program = `
      import { NodeDisk } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)}
      const lock = await new NodeDisk().lock(${JSON.stringify(path)})
      console.log(lock === null ? 'refused' : 'held')
      if (lock !== null) process.stdin.resume()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return { child, answer: String(line).trim() }
  }

  test('a lock keeps other processes out and ends with kill -9', async () => {
    const disk = new NodeDisk()
    const path = join(directory, '.lock')
    const first = await holder(path)
    assert.equal(first.answer, 'held')
    assert.equal(await disk.lock(path), null)
    assert.equal((await holder(path)).answer, 'refused')
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    const lock = await disk.lock(path)
    assert.ok(lock !== null)
    assert.equal((await holder(path)).answer, 'refused')
    assert.equal(await disk.lock(path), null, 'asking again does not drop it')
    assert.equal((await holder(path)).answer, 'refused')
    await lock.release()
    assert.equal((await holder(path)).answer, 'held')
  })

  test('one file under two names is one lock', async () => {
    const disk = new NodeDisk()
    const path = join(directory, 'real-lock')
    const lock = await disk.lock(path)
    await symlink(path, join(directory, 'other-name'))
    assert.equal(await disk.lock(join(directory, 'other-name')), null)
    await lock?.release()
  })

  test('a lock file that holds something foreign is a fault, not a lock', async () => {
    const path = join(directory, 'foreign')
    await writeFile(path, 'x'.repeat(4096))
    await assert.rejects(
      new NodeDisk().lock(path),
      (error: unknown) => error instanceof DiskFault && /foreign/.test(error.message),
    )
  })

  test('nothing but the lock file itself is needed for a lock', async () => {
    const folder = mkdtempSync(join(directory, 'lock-'))
    const lock = await new NodeDisk().lock(join(folder, '.lock'))
    assert.deepEqual(readdirSync(folder), ['.lock'])
    await lock?.release()
    assert.deepEqual(readdirSync(folder), ['.lock'])
  })

  // In a process of its own, which can be ended should the system be asked for ever.
  test('a directory that cannot be made is a fault', { skip: !existsSync('/proc/self') }, async () => {
    const program = `
      import { NodeDisk } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)}
      for (const path of ['/proc/x', '/proc/x/y', '/proc/version/x'])
        await new NodeDisk().makeDirectory(path).catch(fault => console.log(fault.name, fault.code, fault.path))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 10_000,
      killSignal: 'SIGKILL',
    })
    assert.equal(stdout, 'DiskFault ENOENT /proc/x\nDiskFault ENOENT /proc/x/y\nDiskFault ENOTDIR /proc/version/x\n')
  })

  test('a lane ends by itself with nothing to do, and the process with it', async () => {
    const program = `
      import { NodeDisk } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)}
      const disk = new NodeDisk()
      const lane = await disk.commitLane(${JSON.stringify(directory)})
      const file = await lane.open(${JSON.stringify(join(directory, 'ring'))}, 65536)
      await file.commit(0, disk.slab(4096))
      console.log('committed')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const [[line], [code]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')])
    assert.equal(String(line).trim(), 'committed')
    assert.equal(code, 0)
  })

  test('a lane gives back the room of a file that could not be filled', async () => {
    const path = join(directory, 'too-large')
    const program = `
      import { NodeDisk } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)}
      const lane = await new NodeDisk().commitLane(${JSON.stringify(directory)})
      await lane.open(${JSON.stringify(path)}, 1 << 24).catch(fault => console.log(fault.name))
      await lane.close()`
    // A limit of the process on the size of files stands for a full disk.
    const limited = ['-c', 'ulimit -f 4096; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', program]
    const { stdout } = await promisify(execFile)('sh', limited, { timeout: 10_000, killSignal: 'SIGKILL' })
    assert.deepEqual([stdout, statSync(path).size], ['DiskFault\n', 0])
  })

  test('lanes of two directories do not wait for each other', async () => {
    const disk = new NodeDisk()
    const lanes = await Promise.all([disk.commitLane(directory), disk.commitLane(directory)])
    const files = await Promise.all(lanes.map((lane, i) => lane.open(join(directory, `ring-${i}`), 4096)))
    const slab = disk.slab(8192)
    await Promise.all(files.map((file, i) => file.commit(0, slab.subarray(i * 4096, (i + 1) * 4096))))
    await Promise.all(files.map(file => file.close()))
    await Promise.all(lanes.map(lane => lane.close()))
  })

  test('a slab that is given back serves the next of its size, of any disk', () => {
    const [disk, other] = [new NodeDisk(), new NodeDisk()]
    const slab = disk.slab(12_288)
    assert.notEqual(other.slab(12_288).buffer, slab.buffer)
    disk.reuse(slab)
    assert.throws(() => other.reuse(slab), /given back once/)
    assert.notEqual(other.slab(16_384).buffer, slab.buffer)
    assert.equal(other.slab(12_288).buffer, slab.buffer)
  })

  test('faults name the path and keep the system message', { skip: process.getuid?.() === 0 }, async () => {
    const path = join(directory, 'closed')
    await writeFile(path, '')
    await chmod(path, 0)
    await assert.rejects(
      new NodeDisk().open(path, { mode: 'read' }),
      (error: unknown) => error instanceof DiskFault && error.code === 'EACCES' && error.path === path,
    )
  })
})
