/** What lies on this broker's disks, opened: every log directory recovered, the metadata log and membership beside them. */
import { uuidFromBytes } from '../../base/uuid.ts'
import { type Disk, DiskFault, type DiskFaultCode } from '../../ports/disk.ts'
import type { Membership } from '../../ports/membership.ts'
import type { MetaLog } from '../../ports/meta-log.ts'
import { DataDirectories } from '../../runtime/data-directories.ts'
import type { BrokerConfig } from '../../spec/config/broker.ts'
import { parentOf } from '../../storage/files.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import { MemoryBudget } from '../../storage/memory-budget.ts'
import { openLogDirectory, readIdentity } from '../../storage/open.ts'
import type { ServerAdapters } from './server.ts'
import { StartRefusal } from './start-refusal.ts'

export interface OpenedData {
  readonly clusterId: string
  readonly directories: DataDirectories
  readonly metaLog: MetaLog
  readonly membership: Membership
  close(): Promise<void>
}

/**
 * A directory whose disk fails is left out as long as another works. One that is locked, foreign or newer refuses the
 * start: it is a mistake, not a fault.
 */
export async function openData(config: BrokerConfig, adapters: ServerAdapters): Promise<OpenedData> {
  const clusterId = await clusterIdOf(config, adapters)
  const memory = new MemoryBudget(adapters.disk, { bytes: config.memoryBudgetBytes })
  const opened: LogDirectory[] = []
  const failed: string[] = []
  try {
    for (const path of config.logDirs) {
      try {
        opened.push(
          await openLogDirectory(adapters, {
            path,
            nodeId: config.nodeId,
            clusterId,
            journal: { maxBytes: config.journalMaxBytes },
            memory,
            defaultConfig: config.topicDefaults,
          }),
        )
      } catch (fault) {
        if (!(fault instanceof DiskFault)) throw fault
        failed.push(path)
        if (path === config.logDirs[0]) throw cannotStart(path, fault)
        adapters.observe.log('error', 'log-directory.offline', { path, reason: fault.message })
      }
    }
    const directories = new DataDirectories(opened, failed)
    const { log, membership } = await adapters.openMetadata(config.logDirs[0] as string)
    const close = async () => {
      await directories.close()
      await membership.close()
      await log.close()
    }
    return { clusterId, directories, metaLog: log, membership, close }
  } catch (error) {
    for (const directory of opened) await directory.close()
    throw error
  }
}

/**
 * The cluster that the directories say they belong to; a new one when none says. They are compared when opened. A
 * directory that cannot be read might have said: then no cluster is made up.
 */
async function clusterIdOf(config: BrokerConfig, adapters: ServerAdapters): Promise<string> {
  let unread: StartRefusal | null = null
  for (const path of config.logDirs) {
    try {
      await makeDirectory(adapters.disk, path)
      const identity = await readIdentity(adapters.disk, path)
      if (identity?.clusterId != null) return identity.clusterId
    } catch (fault) {
      if (!(fault instanceof DiskFault)) throw fault
      unread ??= cannotStart(path, fault)
    }
  }
  if (unread !== null) throw unread
  return uuidFromBytes(adapters.crypto.randomUuid())
}

/** What is acknowledged must not go with the name of a folder above it: all that were missing are made durable. */
async function makeDirectory(disk: Disk, path: string): Promise<void> {
  const parents: string[] = []
  for (let at = path; at !== parentOf(at) && (await disk.stat(at)) === null; at = parentOf(at))
    parents.push(parentOf(at))
  await disk.makeDirectory(path)
  for (const parent of parents) await disk.syncDirectory(parent)
}

/** The first directory holds the metadata log: without it the broker knows no topic. */
function cannotStart(path: string, fault: DiskFault): StartRefusal {
  return new StartRefusal(`log directory ${path} cannot be used: ${fault.message}; ${ADVICE[fault.code]}`)
}

const OTHER_FOLDER = 'choose another folder with --data'
const ADVICE: Readonly<Record<DiskFaultCode, string>> = {
  ENOENT: OTHER_FOLDER,
  EEXIST: OTHER_FOLDER,
  ENOTDIR: OTHER_FOLDER,
  EISDIR: OTHER_FOLDER,
  ENOTEMPTY: OTHER_FOLDER,
  EINVAL: OTHER_FOLDER,
  EROFS: OTHER_FOLDER,
  EACCES: `give this user the right to read and write there, or ${OTHER_FOLDER}`,
  ENOSPC: 'make room on its disk',
  EMFILE: 'allow this process more open files (ulimit -n)',
  EIO: `the disk may be failing: look at the system's log`,
}
