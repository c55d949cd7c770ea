/**
 * The last steps of a clean stop (J10), after a checkpoint brought everything into the segments: Kafka's own files, so that
 * its tools, and Kafka itself, can open the directory. Our checkpoint is closed before the marker is there: a stale one is
 * never believed after Kafka has written here.
 */
import type { Checkpointer } from './checkpointer.ts'
import { eachOf, type ProducerSnapshot } from './env.ts'
import { replaceFile } from './files.ts'
import { completeIndex, writeIndexFiles } from './index-files.ts'
import {
  CLEAN_MARKER,
  CLEAN_MARKER_TEXT,
  formatEpochs,
  formatOffsets,
  HIGH_WATERMARKS,
  LEADER_EPOCHS,
  LOG_STARTS,
  RECOVERY_POINTS,
} from './kafka-files.ts'
import type { Log } from './log.ts'
import type { LogDirectory } from './log-directory.ts'
import { encodeProducerSnapshot, snapshotFileName } from './producer-snapshot.ts'

const WIDTH = 4

/** `held`: every log of the directory. Rejects with a DiskFault, and then the directory was not stopped cleanly. */
export async function finishCleanly(
  directory: LogDirectory,
  held: readonly Log[],
  checkpointer: Checkpointer,
): Promise<void> {
  const { disk } = directory.env
  const logs = held.filter(log => log.durability !== 'memory')
  await eachOf(
    logs.filter(log => log.touched && log.fault === null),
    WIDTH,
    log => finishLog(log, checkpointer.producersOf(log)),
  )
  if (directory.fault !== null) throw directory.fault
  const sound = logs.filter(log => log.fault === null)
  const offsets = (of: (log: Log) => number): string =>
    formatOffsets(sound.map(log => [log.id.topic, log.id.partition, of(log)] as const))
  await replaceFile(
    disk,
    `${directory.path}/${RECOVERY_POINTS}`,
    offsets(log => log.endOffset),
  )
  await replaceFile(
    disk,
    `${directory.path}/${LOG_STARTS}`,
    offsets(log => log.startOffset),
  )
  await replaceFile(disk, `${directory.path}/${HIGH_WATERMARKS}`, offsets(highWatermarkOf))
  await checkpointer.writeClosed()
  // A damaged log must be looked at again: without the marker every log is.
  if (sound.length < logs.length || directory.fault !== null) return
  await replaceFile(disk, `${directory.path}/${CLEAN_MARKER}`, CLEAN_MARKER_TEXT)
  await disk.syncDirectory(directory.path)
}

function highWatermarkOf(log: Log): number {
  return log.hooks?.highWatermark() ?? log.recovered.highWatermark ?? log.startOffset
}

async function finishLog(log: Log, producers: ProducerSnapshot): Promise<void> {
  const { env, descriptors } = log.host
  const { active } = log
  await completeIndex(log, active)
  active.index.noteTime()
  await writeIndexFiles(log, active)
  await descriptors.with(active.file('log'), 'cached', async file => {
    await file.truncate(active.sizeBytes)
    await file.sync()
  })
  for (const kind of ['index', 'timeindex'] as const) {
    await descriptors.with(active.file(kind), 'cached', file => file.sync())
  }
  await replaceFile(env.disk, `${log.path}/${LEADER_EPOCHS}`, formatEpochs(log.epochs.entries))
  // Also one that says nothing: a later file, written when a segment began, is then not the newest word.
  if (producers.offset > 0 || log.endOffset > 0) {
    const path = `${log.path}/${snapshotFileName(producers.offset)}`
    await replaceFile(env.disk, path, encodeProducerSnapshot(producers.entries))
  }
  await env.disk.syncDirectory(log.path)
}
