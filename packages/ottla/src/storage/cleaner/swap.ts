/**
 * Puts a cleaned segment in the place of those it was made from, so that after a crash at any step the log has either all
 * of the old ones or the new one (I-19, A3). Each step is durable before the next:
 *
 *   1 `<base>.log.cleaned`, `<base>.index.swap`, `<base>.timeindex.swap` are written and synced
 *   2 `.log.cleaned` becomes `<base>.<end>.log.swap`: from here on a start finishes, before it undid. `end` is the base
 *     offset of the first segment that stays
 *   3 the files of the other replaced segments go, and the indexes get their names
 *   4 the swap becomes `<base>.log`, in the place of the old one
 *
 * From step 2 to 4 the log reads the swap by that name. Kafka's own swaps, `<base>.log.swap`, are finished as Kafka does.
 * Source: Kafka UnifiedLog.replaceSegments, LogLoader.
 */
import { assert } from '../../base/assert.ts'
import { planted } from '../../base/planted.ts'
import type { Offset } from '../../base/units.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Log } from '../log.ts'
import { DELETED_FILE_SUFFIX } from '../retention.ts'
import { parseSegmentFile, type Segment, segmentName, swapFile } from '../segment.ts'
import { scanFile } from '../segment-scan.ts'
import { CleaningStopped } from './pace.ts'
import { checkOurs } from './source.ts'

export const CLEANED_SUFFIX = '.cleaned'
export const SWAP_SUFFIX = '.swap'

const OUR_SWAP = /^(\d{20})\.(\d{20})\.log\.swap$/
const KAFKA_SWAP = /^(\d{20})\.log\.swap$/
const KAFKA_CLEANED = /^(\d{20})\..*\.cleaned$/

/** A swap that is durable: what it replaces. */
interface Swap {
  /** Path of the folder. */
  readonly folder: string
  /** Its file. */
  readonly path: string
  readonly baseOffset: Offset
  /** Segments with a base from `baseOffset` to here, exclusive, are replaced. */
  readonly end: Offset
}

/** How step 3 is done: by a log that is served, or at start. */
interface Clearing {
  /** What becomes of a file that is replaced. */
  retire(path: string): Promise<void>
  sync(): Promise<void>
}

/**
 * Puts `cleaned`, finished, in the place of `group`. Runs alone in the directory. Throws CleaningStopped before anything
 * was changed. After a DiskFault the log goes on with the new segment where that was durable, else with the old ones.
 */
export async function swapIn(
  log: Log,
  group: readonly Segment[],
  by: {
    readonly cleaned: Segment
    /** Cuts of the log before the keys were noted: a later one may have taken what replaces a record. */
    readonly cuts: number
  },
): Promise<void> {
  const { cleaned } = by
  for (const segment of group) checkOurs(log, segment)
  if (log.cuts !== by.cuts) throw new CleaningStopped('the log was cut while it was cleaned')
  const { disk } = log.host.env
  const from = log.segments.indexOf(group[0] as Segment)
  assert(log.segments[from + group.length - 1] === group.at(-1), 'a group is of neighbours', { topic: log.id.topic })
  const next = log.segments[from + group.length]
  assert(next !== undefined, 'the active segment is never cleaned', { topic: log.id.topic })
  await disk.rename(cleaned.file('log') + CLEANED_SUFFIX, swapFile(cleaned.stem, next.baseOffset))
  if (!planted('cleaned-swap-not-synced')) await syncNames(log)
  cleaned.swapEnd = next.baseOffset
  await log.files.alone(async () => takePlace(log, group, cleaned))
  await finishSwap(log, cleaned)
}

/** In memory, and at once: readers that come now read the new segment. */
function takePlace(log: Log, group: readonly Segment[], cleaned: Segment): void {
  for (const segment of group) {
    for (const kind of ['log', 'index', 'timeindex'] as const) log.host.descriptors.forget(segment.file(kind))
  }
  const from = log.segments.indexOf(group[0] as Segment)
  // Pieces of closed segments are in the files, and only a log's newest part may be in memory: older ones go with these.
  log.tail.dropSegments(new Set(log.segments.slice(0, from + group.length)))
  log.segments.splice(from, group.length, cleaned)
  log.changes++
}

/** Steps 3 and 4. Done again where a full disk was in the way. Runs alone in the directory. */
export async function finishSwap(log: Log, segment: Segment): Promise<void> {
  const { swapEnd: end, baseOffset } = segment
  assert(end !== null, 'a swap is finished once', { baseOffset })
  const { host, files } = log
  const { disk } = host.env
  const swap = { folder: log.path, path: segment.file('log'), baseOffset, end }
  const retired: string[] = []
  const retire = async (path: string) => {
    await disk.rename(path, path + DELETED_FILE_SUFFIX)
    retired.push(path + DELETED_FILE_SUFFIX)
  }
  await clearWay(disk, swap, { retire, sync: () => syncNames(log) })
  host.removeLater(retired, log.config.fileDeleteDelayMs)
  await files.alone(async () => {
    await disk.rename(swap.path, `${segment.stem}.log`)
    host.descriptors.forget(swap.path)
    segment.swapEnd = null
  })
  await syncNames(log)
}

/** After a failed sync nobody knows which names the next start will find: it is never tried again (A13). */
async function syncNames(log: Log): Promise<void> {
  try {
    await log.host.env.disk.syncDirectory(log.path)
  } catch (error) {
    log.host.failed(error)
    throw error
  }
}

/** Finishes every swap of the log that a full disk was in the way of. Runs alone in the directory. */
export async function finishSwaps(log: Log): Promise<void> {
  if (log.removed) return
  for (const segment of [...log.segments]) if (segment.swapEnd !== null) await finishSwap(log, segment)
}

/** At start, before anything looks at the folder: finishes swaps that were durable. What else was left is removed later. */
export async function recoverSwaps(disk: Disk, folder: string): Promise<void> {
  const names = (await disk.list(folder)).map(({ name }) => name)
  for (const name of names) {
    const swap = await swapOf(disk, folder, name, names)
    if (swap === null) continue
    await clearWay(disk, swap, { retire: path => disk.remove(path), sync: () => disk.syncDirectory(folder) })
    await disk.rename(swap.path, `${folder}/${segmentName(swap.baseOffset)}.log`)
    await disk.syncDirectory(folder)
  }
}

async function swapOf(disk: Disk, folder: string, name: string, names: readonly string[]): Promise<Swap | null> {
  const path = `${folder}/${name}`
  const ours = OUR_SWAP.exec(name)
  if (ours !== null) return { folder, path, baseOffset: Number(ours[1]), end: Number(ours[2]) }
  const kafkas = KAFKA_SWAP.exec(name)
  if (kafkas === null) return null
  const baseOffset = Number(kafkas[1])
  // Kafka splits a segment that is too long into several; those at or above a part that is not done count for nothing.
  const unfinished = names.map(each => KAFKA_CLEANED.exec(each)?.[1])
  if (unfinished.some(base => base !== undefined && Number(base) <= baseOffset)) return null
  const file = await disk.open(path, { mode: 'read' })
  try {
    const range = { from: 0, to: await file.size(), minBaseOffset: baseOffset }
    const { endOffset } = await scanFile(file, range, () => {})
    return { folder, path, baseOffset, end: endOffset }
  } finally {
    await file.close()
  }
}

/** Step 3: only the swap, with its indexes, is left of the range, but for the old segment whose name it will take. */
async function clearWay(disk: Disk, swap: Swap, how: Clearing): Promise<void> {
  const { folder, baseOffset, end } = swap
  const stem = `${folder}/${segmentName(baseOffset)}`
  for (const { name } of await disk.list(folder)) {
    const parsed = parseSegmentFile(name)
    if (parsed !== null && parsed.baseOffset > baseOffset && parsed.baseOffset < end)
      await how.retire(`${folder}/${name}`)
  }
  for (const kind of ['index', 'timeindex', 'txnindex'] as const) {
    const made = `${stem}.${kind}${SWAP_SUFFIX}`
    if ((await disk.stat(made)) !== null) await disk.rename(made, `${stem}.${kind}`)
  }
  if (!planted('cleaned-swap-not-synced')) await how.sync()
}
