/**
 * A lock between processes that ends with its holder, kill -9 included. Node has no flock, so the lock is the one that
 * SQLite (part of Node) takes on its database file: fcntl byte-range locks, kept by the kernel for the process and
 * dropped with it, on Linux and macOS alike, seen by every container on the machine. The file stays empty, and Kafka,
 * which locks the whole of the same `.lock` the same way, is kept out too and keeps us out.
 * What else was considered: a lock file with a process id (a reused id, or a container with its own ids, makes it
 * wrong), a listening socket (ends at the network namespace, so two containers on one volume would both run).
 * The one trap of fcntl locks: closing any descriptor of the file in this process drops them. So nothing may open the
 * file beside SQLite, and a second `lock` in the process is refused here before SQLite sees it.
 */
import { stat, writeFile } from 'node:fs/promises'
import type { DatabaseSync } from 'node:sqlite'
import { DiskFault, type DiskLock } from '../../ports/disk.ts'
import { errnoName, faulting } from './disk-faults.ts'

/** Held by this process: device and inode, since one file has many paths. */
const held = new Set<string>()

/** SQLITE_BUSY and SQLITE_LOCKED, the low byte of SQLite's error code. */
const BUSY_CODES: readonly number[] = [5, 6]

export async function lockFile(path: string): Promise<DiskLock | null> {
  await faulting(path, () => createWhenMissing(path))
  const { dev, ino } = await faulting(path, () => stat(path))
  const key = `${dev}:${ino}`
  if (held.has(key)) return null
  held.add(key)
  const database = await takeLock(path).catch((error: unknown) => {
    held.delete(key)
    throw error
  })
  if (database === null) {
    held.delete(key)
    return null
  }
  return {
    release: async () => {
      if (!held.delete(key)) return
      database.close()
    },
  }
}

/** Without opening a file that exists. */
async function createWhenMissing(path: string): Promise<void> {
  try {
    await writeFile(path, '', { flag: 'wx' })
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error
  }
}

async function takeLock(path: string): Promise<DatabaseSync | null> {
  const { DatabaseSync } = await import('node:sqlite')
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path)
    // No rollback journal beside the file, which would need room on the disk: nothing is ever written to it. (Node opens
    // databases so that the mode OFF is ignored.)
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    const code = (error as { errcode?: number }).errcode
    if (code === undefined) throw error
    if (BUSY_CODES.includes(code & 0xff)) return null
    throw new DiskFault('EIO', path, `cannot lock ${path}: ${(error as Error).message} (SQLite ${code})`)
  }
}
