/**
 * Kafka's small text files of a log directory: offset checkpoints, the leader epoch file, partition.metadata,
 * meta.properties, the marker of a clean stop. Formats only. Parsers return null for content that is not well formed: what
 * that means differs by file. Source: Kafka storage/internals/checkpoint, metadata/properties, 3.9.
 */
import type { LeaderEpoch, Offset } from '../base/units.ts'
import { isUuid, type Uuid } from '../base/uuid.ts'

export const LOCK_FILE = '.lock'
export const META_PROPERTIES = 'meta.properties'
export const CLEAN_MARKER = '.kafka_cleanshutdown'
export const RECOVERY_POINTS = 'recovery-point-offset-checkpoint'
export const LOG_STARTS = 'log-start-offset-checkpoint'
export const HIGH_WATERMARKS = 'replication-offset-checkpoint'
export const CLEANER_OFFSETS = 'cleaner-offset-checkpoint'
export const LEADER_EPOCHS = 'leader-epoch-checkpoint'
export const PARTITION_METADATA = 'partition.metadata'

const LINES_MAX = 10_000_000

/** By `partitionName`. */
export type OffsetsByPartition = ReadonlyMap<string, Offset>

export function formatOffsets(offsets: Iterable<readonly [topic: string, partition: number, offset: Offset]>): string {
  const lines = Array.from(offsets, ([topic, partition, offset]) => `${topic} ${partition} ${offset}\n`)
  return `0\n${lines.length}\n${lines.join('')}`
}

export function parseOffsets(text: string): OffsetsByPartition | null {
  const offsets = new Map<string, Offset>()
  for (const fields of checkpointLines(text) ?? [null]) {
    if (fields === null || fields.length !== 3) return null
    const [topic, partition, offset] = [fields[0] as string, wholeNumber(fields[1]), wholeNumber(fields[2])]
    if (partition === null || offset === null) return null
    offsets.set(folderName(topic, partition), offset)
  }
  return offsets
}

export interface EpochStart {
  readonly epoch: LeaderEpoch
  readonly startOffset: Offset
}

export function formatEpochs(entries: readonly EpochStart[]): string {
  return `0\n${entries.length}\n${entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}\n`).join('')}`
}

/** In file order; null also when epochs or offsets go back. */
export function parseEpochs(text: string): EpochStart[] | null {
  const entries: EpochStart[] = []
  for (const fields of checkpointLines(text) ?? [null]) {
    if (fields === null || fields.length !== 2) return null
    const [epoch, startOffset] = [wholeNumber(fields[0]), wholeNumber(fields[1])]
    if (epoch === null || startOffset === null) return null
    const last = entries.at(-1)
    if (last !== undefined && (epoch <= last.epoch || startOffset < last.startOffset)) return null
    entries.push({ epoch, startOffset })
  }
  return entries
}

export function formatPartitionMetadata(topicId: Uuid): string {
  return `version: 0\ntopic_id: ${topicId}`
}

export function parsePartitionMetadata(text: string): Uuid | null {
  const found = /^version: 0\r?\ntopic_id: (\S+)\s*$/.exec(text)?.[1]
  return found !== undefined && isUuid(found) ? found : null
}

export interface MetaProperties {
  readonly version: number
  readonly nodeId: number
  readonly clusterId: string
  /** Null in files of version 0, and in those of version 1 that an early release wrote. */
  readonly directoryId: Uuid | null
}

export function formatMetaProperties(meta: MetaProperties & { readonly directoryId: Uuid }): string {
  return `#\nversion=1\nnode.id=${meta.nodeId}\ncluster.id=${meta.clusterId}\ndirectory.id=${meta.directoryId}\n`
}

/** The version alone: of a later one nothing else is known. */
export function metaPropertiesVersion(text: string): number | null {
  return wholeNumber(propertiesOf(text).get('version'))
}

export function parseMetaProperties(text: string): MetaProperties | null {
  const values = propertiesOf(text)
  const version = wholeNumber(values.get('version'))
  const nodeId = wholeNumber(values.get('node.id') ?? values.get('broker.id'))
  const clusterId = values.get('cluster.id')
  if (version === null || nodeId === null || clusterId === undefined || clusterId === '') return null
  const directoryId = values.get('directory.id')
  return {
    version,
    nodeId,
    clusterId,
    directoryId: directoryId !== undefined && isUuid(directoryId) ? directoryId : null,
  }
}

function propertiesOf(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*?)\s*$/.exec(line)
    if (found !== null) values.set(found[1] as string, found[2] as string)
  }
  return values
}

export const CLEAN_MARKER_TEXT = '{"version":0,"brokerEpoch":-1}'

export function folderName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Topic and partition of a folder's name, or null when it is no partition's folder. */
export function parseFolderName(name: string): { readonly topic: string; readonly partition: number } | null {
  const found = /^([a-zA-Z0-9._-]{1,249})-(0|[1-9]\d{0,9})$/.exec(name)
  if (found === null) return null
  const [topic, partition] = [found[1] as string, Number(found[2])]
  if (topic === '.' || topic === '..' || partition > 0x7fff_ffff) return null
  return { topic, partition }
}

/** What a folder becomes when its log is deleted, or does not belong here. Kafka removes the one and warns of the other. */
export function retiredFolderName(folder: string, id: string, why: 'delete' | 'stray'): string {
  // Kafka's bound on the name, with room for its suffix, on file systems that take 255 bytes.
  return `${folder.slice(0, FOLDER_NAME_CHARS_MAX - id.length - why.length - 2)}.${id}-${why}`
}

/** What file systems take as one name. */
export const FOLDER_NAME_CHARS_MAX = 255
/** By so much the name of a future's folder is longer than that of its partition's. */
export const FUTURE_SUFFIX_CHARS = 1 + 32 + '-future'.length

/** The folder of a log on its way to another directory, until it takes the place of the one it follows. */
export function futureFolderName(folder: string, id: string): string {
  return `${folder}.${id}-future`
}

/** Whose future a folder holds, or null when it holds none. */
export function parseFutureFolderName(name: string): ReturnType<typeof parseFolderName> {
  const found = /^(.+)\.[0-9a-f]{32}-future$/.exec(name)
  return found === null ? null : parseFolderName(found[1] as string)
}

export const DELETED_FOLDER = /\.[0-9a-f]{32}-delete$/
/** Folders that are known and yet hold no partition to serve. */
export const OTHER_FOLDER = /-(delete|future|stray)$/

function* checkpointLinesOf(lines: readonly string[]): Generator<readonly string[], void, void> {
  for (const line of lines) yield line.split(' ')
}

/** The fields of each line of a checkpoint of version 0, or null when head and lines do not fit. */
function checkpointLines(text: string): Iterable<readonly string[]> | null {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const count = wholeNumber(lines[1])
  if (lines[0] !== '0' || count === null || count > LINES_MAX || lines.length !== count + 2) return null
  return checkpointLinesOf(lines.slice(2))
}

function wholeNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}
