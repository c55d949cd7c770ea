/** `ottla consume`: prints records of some partitions of a topic as they come. */
import { OutputClosed, type Terminal } from '../../adapters/node/terminal.ts'
import type { Offset, PartitionIndex } from '../../base/units.ts'
import type { Cluster } from '../../client/cluster.ts'
import { listOffset, SpecialTime } from '../../client/list-offsets.ts'
import { PartitionReader, type ReadRecords } from '../../client/partition-reader.ts'
import type { StartPosition } from '../../client/read-position.ts'
import { type ClusterFlags, withCluster } from './connect.ts'
import { CommandError, Failure } from './failure.ts'
import { findTopic } from './find-topic.ts'
import { Interrupt } from './interrupt.ts'
import { type RecordFormat, recordFormat } from './record-format.ts'

export interface ConsumeFlags extends ClusterFlags {
  /** `0,2`; all when absent. */
  readonly partition?: string
  readonly offset: string
  readonly count?: number
  readonly exit?: true
  readonly format: string
}

/** Where to begin, as typed: -N is the last N. */
export type ConsumeStart = 'start' | 'end' | { readonly offset: Offset } | { readonly last: number }

interface Range {
  readonly partition: PartitionIndex
  readonly from: StartPosition
  /** First offset that was not there at the beginning. */
  readonly until: Offset
}

/** Resolves when `-n` or `-e` says so, on a signal, or when nobody reads the output any more. */
export async function consumeCommand(name: string, flags: ConsumeFlags, terminal: Terminal): Promise<void> {
  const start = parseStart(flags.offset)
  const format = recordFormat(flags.format)
  const wanted = parsePartitions(flags.partition)
  await withCluster(flags, async cluster => {
    const topic = await findTopic(cluster, name)
    const partitions = wanted ?? topic.partitions.map(each => each.partition)
    const missing = partitions.find(each => each >= topic.partitions.length)
    if (missing !== undefined) {
      const next = `it has partitions 0 to ${topic.partitions.length - 1}`
      throw new CommandError(`there is no partition ${missing} in topic ${name}`, Failure.failed, next)
    }
    const ranges = await Promise.all(partitions.map(each => rangeOf(cluster, name, each, start)))
    await print(cluster, { name, ranges, format, flags, terminal })
  })
}

interface Printing {
  readonly name: string
  readonly ranges: readonly Range[]
  readonly format: RecordFormat
  readonly flags: ConsumeFlags
  readonly terminal: Terminal
}

async function print(cluster: Cluster, { name, ranges, format, flags, terminal }: Printing): Promise<void> {
  const assignments = ranges.map(({ partition, from }) => ({ topic: name, partition, from }))
  const reader = new PartitionReader(cluster, assignments)
  const stop = new Interrupt()
  const forget = terminal.onEndSignal(() => stop.ask())
  const isAtEnd = () => ranges.every(({ partition, until }) => (reader.position(name, partition) ?? -1) >= until)
  let left = flags.count ?? Number.POSITIVE_INFINITY
  try {
    while (!stop.isAsked && left > 0 && !(flags.exit === true && isAtEnd())) {
      for (const batch of (await stop.cut(reader.poll())) ?? []) {
        const printed = batch.records.slice(0, left)
        left -= printed.length
        await terminal.write(bytesOf(batch, printed, format))
      }
    }
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error
  } finally {
    forget()
    reader.close()
  }
}

function bytesOf({ topic, partition }: ReadRecords, records: ReadRecords['records'], format: RecordFormat): Uint8Array {
  return Buffer.concat(records.flatMap(record => format({ topic, partition, record })))
}

async function rangeOf(
  cluster: Cluster,
  topic: string,
  partition: PartitionIndex,
  start: ConsumeStart,
): Promise<Range> {
  const end = (await listOffset(cluster, topic, partition, SpecialTime.end)).offset
  if (typeof start === 'string') return { partition, from: start === 'end' ? end : start, until: end }
  if ('offset' in start) return { partition, from: start.offset, until: end }
  const first = (await listOffset(cluster, topic, partition, SpecialTime.start)).offset
  return { partition, from: Math.max(first, end - start.last), until: end }
}

/** Throws a CommandError. */
export function parseStart(text: string): ConsumeStart {
  if (text === 'start' || text === 'end') return text
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new CommandError(`--offset ${text}: allowed are start, end, an offset, or -N for the last N`, Failure.usage)
  }
  return text.startsWith('-') ? { last: -value } : { offset: value }
}

/** Null: all. Throws a CommandError. */
export function parsePartitions(text: string | undefined): readonly PartitionIndex[] | null {
  if (text === undefined) return null
  const parts = text.split(',').map(part => part.trim())
  if (!parts.every(part => /^\d{1,9}$/.test(part))) {
    throw new CommandError(`--partition ${text}: allowed are numbers separated by commas, as in 0,2`, Failure.usage)
  }
  return [...new Set(parts.map(Number))]
}
