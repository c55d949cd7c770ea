/**
 * Reads the journal at start: which rounds are there, where they end, and what they hold, in order. Tells the end of the
 * journal from damage (J1): a round that a later one calls synced must be there. What the records do is recovery's.
 */
import type { Disk, DiskFile } from '../../ports/disk.ts'
import { SMALL_READ_BYTES, StorageRefusal } from '../env.ts'
import { type JournalRecord, ROUND_HEADER_BYTES, readRecords, readRound, ringIdAt } from './format.ts'
import { isRingFileName } from './ring.ts'

interface FoundRound {
  readonly number: number
  readonly lastSynced: number
  readonly payloadBytes: number
  readonly path: string
  readonly position: number
}

/** The rounds that are to be replayed, oldest first, without gaps. */
export interface JournalTail {
  readonly rounds: readonly FoundRound[]
  /**
   * Makes the tail durable, once: the sync of its newest round may never have returned, and what recovery does because of
   * it, such as to remove a folder, must not outlive it. Those before it were synced.
   */
  settle(): Promise<void>
}

/** Finds rounds `from` and later of the ring. Throws a StorageRefusal when one that was synced is damaged or missing. */
export async function findRounds(
  disk: Disk,
  directory: string,
  ring: { readonly id: Uint8Array; readonly from: number },
): Promise<JournalTail> {
  const found = new Map<number, FoundRound>()
  let synced = ring.from - 1
  for (const path of await ringFiles(disk, directory)) {
    for (const round of await roundsOf(disk, path, ring.id)) {
      synced = Math.max(synced, round.lastSynced)
      if (round.number >= ring.from) found.set(round.number, round)
    }
  }
  const rounds: FoundRound[] = []
  for (let number = ring.from; found.has(number); number++) rounds.push(found.get(number) as FoundRound)
  const end = ring.from + rounds.length
  if (synced >= end || rounds.length < found.size) throw damaged(directory, end)
  let settled: Promise<void> | null = null
  return {
    rounds,
    settle: () => {
      settled ??= writeAgain(disk, rounds.at(-1))
      return settled
    },
  }
}

/** After a sync that failed another one says nothing of what was written before (A13): so the round is written, too. */
async function writeAgain(disk: Disk, round: FoundRound | undefined): Promise<void> {
  if (round === undefined) return
  const { path, position, payloadBytes } = round
  const bytes = await readRange(disk, path, { position, bytes: ROUND_HEADER_BYTES + payloadBytes })
  const file = await disk.open(path, { mode: 'write' })
  try {
    await file.write(position, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Calls `visit` with every record of the tail, in order. Bytes in it are views of the round's own memory, and keep that. */
export async function replayRounds(
  disk: Disk,
  tail: JournalTail,
  visit: (record: JournalRecord) => Promise<void> | undefined,
): Promise<void> {
  let file: DiskFile | null = null
  try {
    for (const { path, position, payloadBytes } of tail.rounds) {
      const isNext = file === null || file.path !== path
      if (file === null || isNext) {
        file?.closeSync()
        file = disk.openSync(path, { mode: 'read' })
      }
      const bytes = new Uint8Array(ROUND_HEADER_BYTES + payloadBytes)
      // The first of each file always waits: without this a signal to stop would not be heard.
      const isSmall = bytes.length <= SMALL_READ_BYTES && !isNext
      const count = isSmall ? file.readSync(position, bytes) : await file.read(position, bytes)
      for (const record of readRecords(bytes.subarray(0, count), payloadBytes)) {
        const done = visit(record)
        if (done !== undefined) await done
      }
    }
  } finally {
    file?.closeSync()
  }
}

/** True when a ring file begins with a round of any ring: a journal was in use here. */
export async function holdsRounds(disk: Disk, directory: string): Promise<boolean> {
  for (const path of await ringFiles(disk, directory)) {
    const head = await readRange(disk, path, { position: 0, bytes: ROUND_HEADER_BYTES })
    if (ringIdAt(head, 0) !== null) return true
  }
  return false
}

async function ringFiles(disk: Disk, directory: string): Promise<string[]> {
  const entries = await disk.list(directory)
  return entries
    .filter(({ name, kind }) => kind === 'file' && isRingFileName(name))
    .map(({ name }) => `${directory}/${name}`)
}

/** All whole rounds of the ring in the file. Behind a bad one the search goes on block by block: see J1. */
async function roundsOf(disk: Disk, path: string, ringId: Uint8Array): Promise<FoundRound[]> {
  const stat = await disk.stat(path)
  const bytes = await readRange(disk, path, { position: 0, bytes: stat?.sizeBytes ?? 0 })
  const found: FoundRound[] = []
  const block = disk.alignmentBytes
  let position = 0
  while (position + ROUND_HEADER_BYTES <= bytes.length) {
    const header = readRound(bytes, position, ringId)
    if (header === null) {
      position += block
      continue
    }
    found.push({ ...header, path, position })
    position += Math.ceil((ROUND_HEADER_BYTES + header.payloadBytes) / block) * block
  }
  return found
}

async function readRange(
  disk: Disk,
  path: string,
  range: { readonly position: number; readonly bytes: number },
): Promise<Uint8Array> {
  const file = await disk.open(path, { mode: 'read' })
  try {
    const bytes = new Uint8Array(range.bytes)
    return bytes.subarray(0, await file.read(range.position, bytes))
  } finally {
    await file.close()
  }
}

function damaged(directory: string, round: number): StorageRefusal {
  return new StorageRefusal(
    directory,
    `the commit journal in ${directory} is damaged: round ${round}, which was acknowledged, cannot be read. ` +
      'Nothing was changed. Restore the directory from a replica or a copy.',
  )
}
