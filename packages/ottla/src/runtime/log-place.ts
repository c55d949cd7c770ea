/**
 * Where a partition's log lies when it is opened. Mostly that is where there is one; after a move between directories that
 * was interrupted there may be two, or a future that the metadata already counts as the log. The metadata decides (see
 * replica-move.ts), and what it does not count is removed.
 */
import { type Uuid, ZERO_UUID } from '../base/uuid.ts'
import { DiskFault } from '../ports/disk.ts'
import type { Observe } from '../ports/observe.ts'
import type { Log } from '../storage/log.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { DataDirectories } from './data-directories.ts'

export interface PlacedLog {
  /** The one that counts; null when there is none. */
  readonly log: Log | null
  /** There is one that may have all that the partition has, in a directory that is not there. */
  readonly isMissing: boolean
  /** Where a move was under way. */
  readonly interrupted: LogDirectory | null
}

interface Found {
  readonly directory: LogDirectory
  readonly log: Log
}

/** `named`: the directory that the metadata names; all zero when it names none. Rejects with a DiskFault. */
export async function placeLog(
  directories: DataDirectories,
  of: { readonly topicId: Uuid; readonly partition: number; readonly named: Uuid; readonly observe: Observe },
): Promise<PlacedLog> {
  const { topicId, partition, named, observe } = of
  const current = foundIn(directories, directory => directory.find(topicId, partition))
  const futures = foundIn(directories, directory => directory.findFuture(topicId, partition))
  const chosen = await choose(directories, { current, futures, named })
  if (chosen === 'missing') return { log: null, isMissing: true, interrupted: null }
  if (chosen === null) return { log: null, isMissing: false, interrupted: null }
  const isCertain = chosen.directory.directoryId === named
  for (const found of current) {
    if (found.log !== chosen.log && isCertain) await remove(found, observe)
  }
  let interrupted: LogDirectory | null = null
  for (const found of futures) {
    if (found.log === chosen.log) continue
    if (found.directory.fault === null) interrupted = found.directory
    await remove(found, observe)
  }
  return { log: chosen.log, isMissing: false, interrupted }
}

function foundIn(directories: DataDirectories, find: (directory: LogDirectory) => Log | undefined): Found[] {
  const found: Found[] = []
  for (const directory of directories) {
    const log = find(directory)
    if (log !== undefined) found.push({ directory, log })
  }
  return found
}

async function choose(
  directories: DataDirectories,
  among: { readonly current: readonly Found[]; readonly futures: readonly Found[]; readonly named: Uuid },
): Promise<Found | 'missing' | null> {
  const { current, futures, named } = among
  const isNamed = ({ directory }: Found) => directory.directoryId === named
  const [first] = current
  if (named === ZERO_UUID) return first ?? null
  const home = current.find(isNamed)
  if (home !== undefined) return home
  const arrived = futures.find(isNamed)
  if (arrived !== undefined) {
    // The record that it counts came before the last steps of its move.
    await arrived.directory.promote(arrived.log)
    return arrived
  }
  if (first === undefined || directories.byId(named) !== undefined) return first ?? null
  // Its directory is not there. One that was put here by hand is the log; one that was left behind there is not.
  const isLeft = (await first.directory.movedTo(first.log)) === named
  return isLeft ? 'missing' : first
}

async function remove({ directory, log }: Found, observe: Observe): Promise<void> {
  const { topic, partition } = log.id
  observe.log('info', 'log.superseded', { topic, partition, path: log.path })
  try {
    await directory.remove(log)
  } catch (fault) {
    if (!(fault instanceof DiskFault)) throw fault
    observe.log('warn', 'log.remove-failed', { topic, partition, reason: fault.message })
  }
}
