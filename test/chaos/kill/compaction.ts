/** Compactions as they show in a data directory: by files that are there only while one is at work, or was cut off. */
import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { pause } from './bell.ts'

const UNFINISHED = /\.(?:cleaned|swap)$/
const PARTITION_FOLDER = /-\d+$/
const OFFSETS_FOLDER = /^__consumer_offsets-/

/** What was cut off. */
export interface UnfinishedCompactions {
  readonly ofGroups: boolean
  readonly ofTopics: boolean
}

/** Resolves when a compaction of groups, or of a topic, begins or goes on to its next step; after `timeoutMs` in any case. */
export async function nextCompaction(
  dataFolder: string,
  { ofGroups, timeoutMs }: { readonly ofGroups: boolean; readonly timeoutMs: number },
): Promise<void> {
  const watchers: FSWatcher[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  try {
    for (const folder of partitionFolders(dataFolder).filter(name => OFFSETS_FOLDER.test(name) === ofGroups)) {
      const watcher = watch(join(dataFolder, folder), (_, name) => {
        if (name !== null && UNFINISHED.test(name)) resolve()
      })
      watchers.push(watcher)
    }
    await Promise.race([promise, pause(timeoutMs)])
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}

/** Of a broker that is dead. */
export function unfinishedCompactions(dataFolder: string): UnfinishedCompactions {
  const cut = partitionFolders(dataFolder).filter(folder => {
    return readdirSync(join(dataFolder, folder)).some(name => UNFINISHED.test(name))
  })
  return {
    ofGroups: cut.some(folder => OFFSETS_FOLDER.test(folder)),
    ofTopics: cut.some(folder => !OFFSETS_FOLDER.test(folder)),
  }
}

function partitionFolders(dataFolder: string): string[] {
  const entries = readdirSync(dataFolder, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory() && PARTITION_FOLDER.test(entry.name)).map(({ name }) => name)
}
