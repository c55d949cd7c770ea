/**
 * Fills the page cache before anything is measured. A machine's memory may be given to it only when first touched: then
 * the first write to a page costs far more than every later one, whoever writes, and the broker that happens to run first
 * pays for both.
 */
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const CHUNK_BYTES = 4 * 2 ** 20
/** Left on the disk for the brokers. */
const SPARED_BYTES = 24 * 2 ** 30

/** Writes a file of that size below `folder` and removes it; less where the disk has less room. Returns what was written. */
export async function fillPageCache(folder: string, wantedBytes: number): Promise<number> {
  const { bavail, bsize } = statfsSync(folder)
  const bytes = Math.min(wantedBytes, Math.max(0, bavail * bsize - SPARED_BYTES))
  const path = join(folder, 'page-cache-fill')
  const chunk = Buffer.alloc(CHUNK_BYTES, 1)
  const file = openSync(path, 'w')
  try {
    for (let at = 0; at < bytes; at += chunk.length) {
      writeSync(file, chunk)
      // Lets Ctrl-C through.
      await new Promise(setImmediate)
    }
  } finally {
    closeSync(file)
    rmSync(path)
  }
  return bytes
}
