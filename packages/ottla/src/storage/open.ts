/**
 * Opens a log directory: whose it is, how it was left, and from that the logs as they were acknowledged. Until the last
 * step nothing is written that a crash in the middle would not do again; then a first checkpoint, with a new ring, makes
 * what was recovered the new beginning (J10).
 */
import { planted } from '../base/planted.ts'
import type { Uuid } from '../base/uuid.ts'
import { uuidFromBytes } from '../base/uuid.ts'
import { type Disk, type DiskLock, isDiskFault } from '../ports/disk.ts'
import { brokerConfigOf } from '../spec/config/broker.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import { CHECKPOINT_FILE, type Checkpoint, type CheckpointEntry, decodeCheckpoint } from './checkpoint-file.ts'
import { DescriptorCache } from './descriptors.ts'
import { countDown, findDrops, finishDrops } from './drops.ts'
import { alignDown, eachOf, type LogId, logName, type StorageEnv, StorageRefusal } from './env.ts'
import { parentOf, readText, readWhole, replaceFile } from './files.ts'
import { openFolder, type PartitionFolder } from './folder.ts'
import { type KafkaOffsets, openFound } from './found-log.ts'
import { RecordKind } from './journal/format.ts'
import { findRounds, holdsRounds, replayRounds } from './journal/replay.ts'
import { JOURNAL_DEFAULTS, type JournalOptions, Ring } from './journal/ring.ts'
import {
  CLEAN_MARKER,
  CLEANER_OFFSETS,
  DELETED_FOLDER,
  folderName,
  formatMetaProperties,
  HIGH_WATERMARKS,
  LOCK_FILE,
  LOG_STARTS,
  META_PROPERTIES,
  type MetaProperties,
  metaPropertiesVersion,
  type OffsetsByPartition,
  OTHER_FOLDER,
  parseFolderName,
  parseFutureFolderName,
  parseMetaProperties,
  parseOffsets,
  RECOVERY_POINTS,
} from './kafka-files.ts'
import type { LogStart } from './log.ts'
import { LogDirectory, type LogDirectoryOptions } from './log-directory.ts'
import { RecoveringLog } from './recovering-log.ts'
import { removeTree } from './remove-tree.ts'

/** Four of them run at a time; more wait, so that none of those does. */
const FOLDERS_AT_ONCE = 16
/** Appends of the journal that are held in memory, to be written to each file in one piece. Bytes. */
const REPLAY_HELD_BYTES_MAX = 32 * 1024 * 1024
/** Folders looked at before others get their turn. */
const FOLDERS_PER_TURN = 256
const DESCRIPTORS_MAX = 512

interface RecoveredLog {
  readonly id: LogId
  readonly path: string
  readonly start: LogStart
  readonly journaled: boolean
  readonly isFuture: boolean
}

/** Throws a StorageRefusal when the directory must not be opened as it is, a DiskFault when the disk fails. */
export async function openLogDirectory(env: StorageEnv, options: LogDirectoryOptions): Promise<LogDirectory> {
  const { path } = options
  await env.disk.makeDirectory(path)
  await env.disk.syncDirectory(parentOf(path))
  const lock = await env.disk.lock(`${path}/${LOCK_FILE}`)
  if (lock === null)
    throw new StorageRefusal(path, `${path} is in use by another process (its ${LOCK_FILE} file is locked)`)
  try {
    return await openLocked(env, options, lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(env: StorageEnv, options: LogDirectoryOptions, lock: DiskLock): Promise<LogDirectory> {
  const { path } = options
  const defaultConfig = options.defaultConfig ?? brokerConfigOf().topicDefaults
  const journal = ringOptions(env.disk, options.journal)
  const directoryId = await claim(env, options)
  const marker = (await env.disk.stat(`${path}/${CLEAN_MARKER}`)) !== null
  const { checkpoint, remembered } = await readCheckpoint(env, path, marker)
  const folders = await openFolders(env, path)
  const logs =
    checkpoint === null
      ? await openFoundLogs(env, path, { folders, clean: marker, defaultConfig, remembered })
      : await replayLogs(env, path, { folders, checkpoint, defaultConfig })
  const lane = await env.disk.commitLane(path)
  const ring = new Ring(env.disk, lane, path, journal)
  await ring.open()
  const descriptors = new DescriptorCache(env.disk, {
    limit: options.descriptorsMax ?? DESCRIPTORS_MAX,
    onCloseFault: error => env.observe.log('warn', 'storage.close-failed', { path, reason: String(error) }),
  })
  const ringId = env.crypto.randomUuid()
  const directory = new LogDirectory(env, options, {
    directoryId,
    cleanStart: marker,
    defaultConfig,
    journal,
    lock,
    lane,
    ring,
    ringId,
    descriptors,
    cleaned: await readOffsets(env, `${path}/${CLEANER_OFFSETS}`),
    logs,
  })
  await directory.checkpoint()
  if (marker) await env.disk.remove(`${path}/${CLEAN_MARKER}`)
  await env.disk.syncDirectory(path)
  env.observe.log('info', 'storage.opened', { path, logs: logs.length, cleanStart: marker })
  return directory
}

/** A ring of at least two files: one can only be freed when another is there to go on in. */
function ringOptions(disk: Disk, given: LogDirectoryOptions['journal']): JournalOptions {
  const half = alignDown(given.maxBytes / 2, disk.alignmentBytes)
  const fileBytes = given.fileBytes ?? Math.min(JOURNAL_DEFAULTS.fileBytes, half)
  const quarter = alignDown(fileBytes / 4, disk.alignmentBytes)
  const roundBytes = given.roundBytes ?? Math.min(JOURNAL_DEFAULTS.roundBytes, quarter)
  return { fileBytes, roundBytes, totalBytes: Math.max(given.maxBytes, fileBytes) }
}

/** What a directory says of itself, without opening it: whose it is. Null when it says nothing yet. */
export async function readIdentity(disk: Disk, path: string): Promise<MetaProperties | null> {
  const text = await readText(disk, `${path}/${META_PROPERTIES}`)
  return text === null ? null : parseMetaProperties(text)
}

/** Whose directory it is: its id. Makes the file of a new one. */
async function claim(env: StorageEnv, options: LogDirectoryOptions): Promise<Uuid> {
  const { path, nodeId, clusterId } = options
  const file = `${path}/${META_PROPERTIES}`
  const text = await readText(env.disk, file)
  const version = text === null ? null : metaPropertiesVersion(text)
  if (version !== null && version > 1)
    throw new StorageRefusal(path, `${path} was written by a newer release (${META_PROPERTIES} version ${version})`)
  const meta = text === null ? null : parseMetaProperties(text)
  if (text !== null && meta === null) throw new StorageRefusal(path, `${file} cannot be read: is this a log directory?`)
  if (meta !== null) {
    if (meta.clusterId !== clusterId) {
      throw new StorageRefusal(path, `${path} belongs to cluster ${meta.clusterId}, this is cluster ${clusterId}`)
    }
    if (meta.nodeId !== nodeId) {
      throw new StorageRefusal(path, `${path} belongs to broker ${meta.nodeId}, this is broker ${nodeId}`)
    }
    if (meta.directoryId !== null && meta.version === 1) return meta.directoryId
  }
  const directoryId = meta?.directoryId ?? uuidFromBytes(env.crypto.randomUuid())
  await replaceFile(env.disk, file, formatMetaProperties({ version: 1, nodeId, clusterId, directoryId }))
  await env.disk.syncDirectory(path)
  return directoryId
}

interface Left {
  /** What recovery starts from; null: Kafka's own files say how the directory was left. */
  readonly checkpoint: Checkpoint | null
  /** Of the last clean stop; true only where Kafka's files agree. */
  readonly remembered: readonly CheckpointEntry[]
}

async function readCheckpoint(env: StorageEnv, path: string, marker: boolean): Promise<Left> {
  const bytes = await readWhole(env.disk, `${path}/${CHECKPOINT_FILE}`)
  if (bytes === null) {
    if (marker || !(await holdsRounds(env.disk, path))) return { checkpoint: null, remembered: [] }
    throw new StorageRefusal(
      path,
      `${path}/${CHECKPOINT_FILE} is missing, and without it acknowledged data would be lost`,
    )
  }
  const checkpoint = decodeCheckpoint(bytes)
  if (checkpoint === 'newer')
    throw new StorageRefusal(path, `${path} was written by a newer release (${CHECKPOINT_FILE})`)
  if (checkpoint === 'damaged') {
    if (marker) return { checkpoint: null, remembered: [] }
    throw new StorageRefusal(
      path,
      `${path}/${CHECKPOINT_FILE} is damaged, and without it acknowledged data would be lost`,
    )
  }
  if (marker || checkpoint.replayFrom === 0) return { checkpoint: null, remembered: checkpoint.entries }
  return { checkpoint, remembered: [] }
}

async function openFolders(env: StorageEnv, path: string): Promise<PartitionFolder[]> {
  const { disk, observe } = env
  const folders: PartitionFolder[] = []
  const entries = await disk.list(path)
  let seen = 0
  await eachOf(entries, FOLDERS_AT_ONCE, async ({ name, kind }) => {
    if (kind === 'file') return
    // Most of what follows does not wait: without this a signal to stop would not be heard.
    if (++seen % FOLDERS_PER_TURN === 0) await disk.stat(path)
    const folderPath = `${path}/${name}`
    const ignore = (why: string): void => observe.log('warn', 'storage.stray', { path: folderPath, why })
    if (kind === 'directory' && DELETED_FOLDER.test(name)) {
      await removeTree(disk, folderPath).catch(error => ignore(String(error)))
      return
    }
    const future = parseFutureFolderName(name)
    const parsed = future ?? (OTHER_FOLDER.test(name) ? null : parseFolderName(name))
    if (kind !== 'directory' || parsed === null) return ignore('no partition has this name')
    const folder = await openFolder(disk, folderPath, { ...parsed, isFuture: future !== null }).catch(error => {
      // Nobody may read it (A15). Whatever else fails, fails for all.
      if (isDiskFault(error, 'EACCES')) return null
      throw error
    })
    if (folder === null) ignore('its partition.metadata is missing or cannot be read')
    else folders.push(folder)
  })
  return oneEach(env, folders).sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** A directory holds a log once. Were a future beside the log that it follows, it would be of no use. */
function oneEach({ observe }: StorageEnv, folders: readonly PartitionFolder[]): PartitionFolder[] {
  const kept = new Map<string, PartitionFolder>()
  for (const folder of [...folders].sort((a, b) => Number(a.isFuture) - Number(b.isFuture))) {
    const other = kept.get(logName(folder))
    if (other === undefined) kept.set(logName(folder), folder)
    else observe.log('warn', 'storage.stray', { path: folder.path, why: `${other.path} is the same partition` })
  }
  return [...kept.values()]
}

async function openFoundLogs(
  env: StorageEnv,
  path: string,
  found: {
    readonly folders: readonly PartitionFolder[]
    readonly clean: boolean
    readonly defaultConfig: TopicConfig
    readonly remembered: readonly CheckpointEntry[]
  },
): Promise<RecoveredLog[]> {
  const [recoveryPoints, starts, highWatermarks] = [
    await readOffsets(env, `${path}/${RECOVERY_POINTS}`),
    await readOffsets(env, `${path}/${LOG_STARTS}`),
    await readOffsets(env, `${path}/${HIGH_WATERMARKS}`),
  ]
  const remembered = new Map(found.remembered.map(entry => [logName(entry), entry.producers]))
  const logs: RecoveredLog[] = []
  await eachOf(found.folders, FOLDERS_AT_ONCE, async folder => {
    const name = folderName(folder.topic, folder.partition)
    const offsets: KafkaOffsets = {
      recoveryPoint: recoveryPoints.get(name) ?? null,
      startOffset: starts.get(name) ?? null,
      highWatermark: highWatermarks.get(name) ?? null,
    }
    const intervalBytes = found.defaultConfig.indexIntervalBytes
    const start = await openFound(env, folder, {
      offsets,
      clean: found.clean,
      intervalBytes,
      remembered: remembered.get(logName(folder)) ?? null,
    })
    logs.push({
      id: idOf(folder),
      path: folder.path,
      start,
      journaled: found.defaultConfig.durability !== 'page-cache',
      isFuture: folder.isFuture,
    })
  })
  return logs.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function readOffsets(env: StorageEnv, file: string): Promise<OffsetsByPartition> {
  const text = await readText(env.disk, file)
  const offsets = text === null ? null : parseOffsets(text)
  if (text !== null && offsets === null) env.observe.log('warn', 'checkpoint.unreadable', { path: file })
  return offsets ?? new Map()
}

async function replayLogs(
  env: StorageEnv,
  path: string,
  found: {
    readonly folders: readonly PartitionFolder[]
    readonly checkpoint: Checkpoint
    readonly defaultConfig: TopicConfig
  },
): Promise<RecoveredLog[]> {
  const { checkpoint, folders, defaultConfig } = found
  const entries = new Map<string, CheckpointEntry>(checkpoint.entries.map(entry => [logName(entry), entry]))
  const tail = await findRounds(env.disk, path, { id: checkpoint.ringId, from: checkpoint.replayFrom })
  const { left: dropsLeft, last: dropped } = await findDrops(env, tail)
  const logs = new Map<string, RecoveringLog>()
  for (const folder of folders) {
    const key = logName(folder)
    // Of a log that was dropped and made again, or came back, the checkpoint may know the former life only.
    const entry = dropsLeft.has(key) ? null : (entries.get(key) ?? null)
    logs.set(key, new RecoveringLog(env, folder, defaultConfig.indexIntervalBytes, entry))
  }
  for (const [key, entry] of entries) {
    if (!logs.has(key) && !dropsLeft.has(key)) throw missingFolder(path, entry)
  }
  let heldBytes = 0
  if (!planted('journal-not-replayed')) {
    await replayRounds(env.disk, tail, async record => {
      const key = logName(record)
      if (record.kind === RecordKind.drop) {
        countDown(dropsLeft, key)
        return
      }
      // What a later drop record takes away needs no redo, whether the folder is still there or not.
      if (dropsLeft.has(key)) return
      const log = logs.get(key)
      if (log === undefined) throw missingFolder(path, record)
      await log.apply(record)
      // What goes to one file goes there at once, whatever stands between in the journal.
      heldBytes += record.bytes.length
      if (heldBytes < REPLAY_HELD_BYTES_MAX) return
      await tail.settle()
      for (const each of logs.values()) each.write()
      heldBytes = 0
    })
  }
  // Before anything is changed, and not when the start is refused.
  await tail.settle()
  const droppedCount = await finishDrops(env, path, { logs, dropped })
  await eachOf(logs.values(), FOLDERS_AT_ONCE, log => log.finish())
  env.observe.log('info', 'storage.recovered', {
    path,
    rounds: tail.rounds.length,
    logs: logs.size,
    dropped: droppedCount,
  })
  return [...logs.values()].map(log => ({
    id: idOf(log.folder),
    path: log.folder.path,
    start: startOf(log),
    journaled: log.journaled,
    isFuture: log.folder.isFuture,
  }))
}

function startOf(log: RecoveringLog): LogStart {
  const { segments, startOffset, endOffset, epochs, producers, fault } = log
  const highWatermark = log.highWatermark
  return {
    segments,
    startOffset,
    epochs: epochs.entries,
    highWatermark: highWatermark === null ? null : Math.min(Math.max(highWatermark, startOffset), endOffset),
    producers,
    producersBehind: log.producersBehind,
    fault,
  }
}

function missingFolder(path: string, of: { readonly topicId: Uuid; readonly partition: number }): StorageRefusal {
  return new StorageRefusal(
    path,
    `the folder of partition ${of.partition} of the topic with id ${of.topicId} is missing in ${path}: ` +
      'it was not deleted through the broker. Put it back, or delete the topic first.',
  )
}

function idOf(folder: PartitionFolder): LogId {
  return { topic: folder.topic, topicId: folder.topicId, partition: folder.partition }
}
