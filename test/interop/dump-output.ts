/**
 * How to read what kafka-dump-log prints. Its exit code is 0 even when it has found a mismatch, so its words are
 * searched. Source: the messages of DumpLogSegments, TimeIndexDumpErrors and the index classes of Kafka 4.3.
 */

import { basename, dirname } from 'node:path'

const complaints: readonly RegExp[] = [
  /mismatch/i,
  /out of order/i,
  /isvalid: false/i,
  /invalid bytes/i,
  /not found/i,
  /corrupt/i,
  /exception/i,
  /\berror\b/i,
  /could not/i,
  /unexpected/i,
  /fail/i,
  /ignoring/i,
]

/**
 * Lines that complain, each with the file that it is about. Offsets of which some are missing are no complaint in a log
 * that was compacted; offsets that do not ascend are.
 */
export function complaintsIn(output: string, isCompacted: (file: string) => boolean = () => false): string[] {
  let file = ''
  const found: string[] = []
  for (const line of output.split('\n')) {
    const heading = /^(?:Dumping|Non-consecutive offsets in) (.+)$/.exec(line)
    const gap = /^\s*(-?\d+) is followed by (\d+)/.exec(line)
    if (heading !== null) file = heading[1]!
    else if (gap !== null) {
      const isFine = isCompacted(file) ? Number(gap[1]) < Number(gap[2]) : isFirstOffset(file, gap)
      if (!isFine) found.push(`${file}: ${line.trim()}`)
    } else if (complaints.some(pattern => pattern.test(line))) found.push(`${file}: ${line.trim()}`)
  }
  return found
}

/**
 * The tool starts counting at -1 in every file, so the first record of every segment but the first is a gap to it.
 * That is as it should be when the record has the offset that names the file.
 */
function isFirstOffset(file: string, [, before, after]: RegExpExecArray): boolean {
  return before === '-1' && Number(after) === Number(/(\d{20})\.log$/.exec(file)?.[1])
}

export interface DumpedRecord {
  /** Name of the folder of its partition. */
  readonly folder: string
  readonly offset: number
  readonly key: string
  readonly value: string
}

/** Records of a deep iteration with `--print-data-log`, whose keys and values are text without spaces. */
export function recordsIn(output: string): DumpedRecord[] {
  let folder = ''
  const found: DumpedRecord[] = []
  for (const line of output.split('\n')) {
    const heading = /^Dumping (.+)$/.exec(line)
    const record = /^\| offset: (\d+) .* key: (\S+) payload: (\S+)$/.exec(line)
    if (heading !== null) folder = basename(dirname(heading[1]!))
    else if (record !== null) found.push({ folder, offset: Number(record[1]), key: record[2]!, value: record[3]! })
  }
  return found
}

/** Number of files that the tool began to dump. */
export function filesDumped(output: string): number {
  return output.match(/^Dumping /gm)?.length ?? 0
}

/** Number of records in all batches of a deep iteration of segments, counted one by one and by the batch headers. */
export function countRecords(output: string): number {
  const byHeader = [...output.matchAll(/^baseOffset: \d+ .*\bcount: (\d+)\b/gm)].reduce(
    (sum, found) => sum + Number(found[1]),
    0,
  )
  const oneByOne = output.match(/^\| offset: \d+/gm)?.length ?? 0
  if (byHeader !== oneByOne) throw new Error(`batch headers tell of ${byHeader} records, iteration finds ${oneByOne}`)
  return oneByOne
}
