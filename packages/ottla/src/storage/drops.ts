/** Deletions of logs that recovery finds in the journal: which logs they are of, and what of them is left to do. */
import { logName, type StorageEnv } from './env.ts'
import type { PartitionFolder } from './folder.ts'
import { RecordKind } from './journal/format.ts'
import { type JournalTail, replayRounds } from './journal/replay.ts'
import { removeTree } from './remove-tree.ts'

/** Deletions that the journal has. */
export interface Drops {
  /** How many drop records of each log are to come. */
  readonly left: Map<string, number>
  /** Logs whose last record is one. */
  readonly last: ReadonlySet<string>
}

/** The keys are from `logName`. */
export async function findDrops(env: StorageEnv, tail: JournalTail): Promise<Drops> {
  const left = new Map<string, number>()
  const last = new Set<string>()
  await replayRounds(env.disk, tail, record => {
    const key = logName(record)
    if (record.kind === RecordKind.drop) {
      left.set(key, (left.get(key) ?? 0) + 1)
      last.add(key)
    } else last.delete(key)
    return undefined
  })
  return { left, last }
}

/** A drop record of the log was passed. */
export function countDown(drops: Map<string, number>, key: string): void {
  const left = (drops.get(key) ?? 0) - 1
  if (left > 0) drops.set(key, left)
  else drops.delete(key)
}

/** Finishes deletions that the journal has and the folders do not show yet. Returns how many. */
export async function finishDrops(
  env: StorageEnv,
  path: string,
  found: { readonly logs: Map<string, { readonly folder: PartitionFolder }>; readonly dropped: ReadonlySet<string> },
): Promise<number> {
  let count = 0
  for (const key of found.dropped) {
    const log = found.logs.get(key)
    if (log === undefined) continue
    await removeTree(env.disk, log.folder.path)
    found.logs.delete(key)
    count++
  }
  if (count > 0) await env.disk.syncDirectory(path)
  return count
}
