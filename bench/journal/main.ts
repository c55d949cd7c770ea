/**
 * What the commit journal of ADR 0002 can reach on this machine, without a broker: batches of N partitions are copied
 * into a round and into their partition's piece of memory; rounds go to a ring file that is reused (direct,
 * synced writes); full pieces are written to their segment files; a checkpoint writes the rest, syncs every
 * dirty segment and frees the ring. Prints MB/s of acknowledged bytes, with all segments synced at the end, and the CPU
 * seconds of the process per GB.
 *
 *   npx node bench/journal/main.ts [--dir D] [--partitions 1,100,1000,5000] [--kb 1,16,128] [--mb 1024] [--ring-mb 256]
 *     [--piece-kb 0 (adaptive)] [--in-flight 2] [--write-back direct|cache] [--extend-kb 0] [--journal direct|cache]
 */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const MB = 1 << 20
const BLOCK = 4096
/** A round's header and a record's header, as large as those of docs/formats/journal.md. */
const ROUND_HEADER_BYTES = 64
const RECORD_HEADER_BYTES = 56

const { values: given } = parseArgs({
  options: {
    dir: { type: 'string', default: tmpdir() },
    partitions: { type: 'string', default: '1,100,1000,5000' },
    kb: { type: 'string', default: '1,16,128' },
    mb: { type: 'string', default: '1024' },
    'ring-mb': { type: 'string', default: '256' },
    'piece-kb': { type: 'string', default: '0' },
    'budget-mb': { type: 'string', default: '256' },
    'in-flight': { type: 'string', default: '2' },
    'write-back': { type: 'string', default: 'direct' },
    journal: { type: 'string', default: 'direct' },
    'extend-kb': { type: 'string', default: '1024' },
    'round-kb': { type: 'string', default: '1024' },
  },
})

interface Settings {
  readonly dir: string
  readonly partitions: number
  readonly batchBytes: number
  readonly totalBytes: number
  readonly ringBytes: number
  readonly pieceBytes: number
  readonly budgetBytes: number
  readonly inFlight: number
  readonly directWriteBack: boolean
  readonly directJournal: boolean
  readonly extendBytes: number
  readonly roundBytes: number
}

const alignUp = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK

/** Page-aligned memory that threads and direct I/O accept. */
function slab(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / 65_536)
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer)
}

interface Piece {
  readonly memory: Uint8Array
  start: number
  end: number
  partition: Partition
}

interface Partition {
  readonly file: number
  piece: Piece
  sizeBytes: number
  dirty: boolean
}

/** Memory of pieces of one size, handed out and taken back. */
class Pieces {
  readonly free: Uint8Array[] = []
  readonly pieceBytes: number

  constructor(pieceBytes: number, budgetBytes: number) {
    this.pieceBytes = pieceBytes
    for (let done = 0; done < budgetBytes; done += 16 * MB) {
      const memory = slab(16 * MB)
      for (let at = 0; at + pieceBytes <= memory.length; at += pieceBytes)
        this.free.push(memory.subarray(at, at + pieceBytes))
    }
  }
}

class Run {
  readonly settings: Settings
  readonly ring: number
  readonly rounds: Uint8Array
  readonly partitions: Partition[] = []
  readonly pieces: Pieces
  readonly queue: Piece[] = []
  readonly roundSizes: number[] = []
  readonly latenciesMs: number[] = []
  filling = 0
  fillBytes = [ROUND_HEADER_BYTES, ROUND_HEADER_BYTES]
  fillSinceMs = 0
  committing = false
  writing = 0
  /** Position in the whole ring, and the first position that is still needed. */
  ringHead = 0
  ringTail = 0
  checkpointing = false
  checkpoints = 0
  ackedBytes = 0
  stagedBytes = 0
  wake: (() => void) | null = null

  constructor(settings: Settings, ring: number, rounds: Uint8Array) {
    this.settings = settings
    this.ring = ring
    this.rounds = rounds
    this.pieces = new Pieces(settings.pieceBytes, settings.budgetBytes)
  }

  open(): void {
    const { dir, partitions, directWriteBack } = this.settings
    const flags = constants.O_RDWR | constants.O_CREAT | (directWriteBack ? constants.O_DIRECT : 0)
    for (let i = 0; i < partitions; i++) {
      const folder = join(dir, `bench-${i}`)
      mkdirSync(folder)
      const file = openSync(join(folder, '00000000000000000000.log'), flags, 0o644)
      const partition = { file, sizeBytes: 0, dirty: false } as Partition
      partition.piece = { memory: this.takePiece(), start: 0, end: 0, partition }
      this.partitions.push(partition)
    }
  }

  takePiece(): Uint8Array {
    const memory = this.pieces.free.pop()
    if (memory === undefined)
      throw new Error('budget too small for so many partitions: raise --budget-mb or lower --piece-kb')
    return memory
  }

  /** False when the round, the pieces or the ring have no room: wait for `wake`. */
  append(index: number, batch: Uint8Array): boolean {
    const { roundBytes } = this.settings
    const partition = this.partitions[index] as Partition
    const fill = this.fillBytes[this.filling] as number
    if (fill + RECORD_HEADER_BYTES + batch.length > roundBytes) return false
    const piece = partition.piece
    if (piece.end + batch.length > piece.start + this.pieces.pieceBytes) {
      if (this.pieces.free.length === 0) return false
      this.closePiece(partition)
    }
    const into = partition.piece
    into.memory.set(batch, into.end - into.start)
    into.end += batch.length
    partition.dirty = true
    if (fill === ROUND_HEADER_BYTES) this.fillSinceMs = performance.now()
    this.rounds.set(batch, this.filling * roundBytes + fill + RECORD_HEADER_BYTES)
    this.fillBytes[this.filling] = fill + RECORD_HEADER_BYTES + batch.length
    this.stagedBytes += batch.length
    return true
  }

  /** The last, partial block moves on to the next piece, so that no batch lies in two. */
  closePiece(partition: Partition): void {
    const full = partition.piece
    const start = full.end - (full.end % BLOCK)
    const memory = this.takePiece()
    memory.set(full.memory.subarray(start - full.start, full.end - full.start))
    partition.piece = { memory, start, end: full.end, partition }
    this.queue.push(full)
    this.pump()
  }

  pump(): void {
    while (this.writing < this.settings.inFlight && this.queue.length > 0) {
      const piece = this.queue.shift() as Piece
      this.writing++
      this.writePiece(piece, Math.floor(piece.end / BLOCK) * BLOCK, () => {
        this.writing--
        this.pieces.free.push(piece.memory)
        this.pump()
        this.wake?.()
      })
    }
  }

  writePiece(piece: Piece, end: number, done: () => void): void {
    const { extendBytes } = this.settings
    if (extendBytes > 0 && end > piece.partition.sizeBytes) {
      piece.partition.sizeBytes = Math.ceil(end / extendBytes) * extendBytes
      ftruncateSync(piece.partition.file, piece.partition.sizeBytes)
    }
    write(piece.partition.file, piece.memory, 0, end - piece.start, piece.start, (error, written) => {
      if (error !== null) throw error
      if (written !== end - piece.start) throw new Error('short write')
      done()
    })
  }

  commit(): void {
    const { roundBytes, ringBytes } = this.settings
    const fill = this.fillBytes[this.filling] as number
    if (this.committing || fill === ROUND_HEADER_BYTES) return
    const bytes = alignUp(fill)
    if (this.ringHead + bytes - this.ringTail > ringBytes) return
    if ((this.ringHead % ringBytes) + bytes > ringBytes) this.ringHead += ringBytes - (this.ringHead % ringBytes)
    this.committing = true
    this.roundSizes.push(bytes)
    const startedMs = this.fillSinceMs
    this.settled = () => {
      this.ackedBytes += this.inRound
      this.latenciesMs.push(performance.now() - startedMs)
    }
    this.inRound = this.stagedBytes
    this.stagedBytes = 0
    write(this.ring, this.rounds, this.filling * roundBytes, bytes, this.ringHead % ringBytes, (error, count) => {
      if (error !== null || count < bytes) throw error ?? new Error(`a round of ${bytes} bytes: ${count} written`)
      this.committed()
    })
    this.ringHead += bytes
    this.filling = 1 - this.filling
    this.fillBytes[this.filling] = ROUND_HEADER_BYTES
    if (!this.checkpointing && this.ringHead - this.ringTail > ringBytes / 2) void this.checkpoint()
  }

  inRound = 0
  settled: () => void = () => {}

  committed(): void {
    if (!this.committing) return
    this.committing = false
    this.settled()
    this.commit()
    this.wake?.()
  }

  async checkpoint(): Promise<void> {
    this.checkpointing = true
    this.checkpoints++
    const upTo = this.ringHead
    const dirty = this.partitions.filter(partition => partition.dirty)
    for (const partition of dirty) partition.dirty = false
    await parallel(dirty, this.settings.inFlight, async partition => {
      const piece = partition.piece
      const end = alignUp(piece.end)
      if (end > piece.start) await new Promise<void>(resolve => this.writePiece(piece, end, resolve))
    })
    while (this.queue.length > 0 || this.writing > 0) await new Promise(resolve => setImmediate(resolve))
    await parallel(dirty, this.settings.inFlight, partition => syncFile(partition.file))
    this.ringTail = upTo
    this.checkpointing = false
    this.commit()
    this.wake?.()
  }
}

const syncFile = (file: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(file, error => (error === null ? resolve() : reject(error))))

async function parallel<T>(items: readonly T[], width: number, run: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) await run(items[next++] as T)
  }
  await Promise.all(Array.from({ length: width }, lane))
}

/** Written from end to end, so that rounds only overwrite. Each write to it is synced. */
function openRing(path: string, { ringBytes, directJournal }: Settings, memory: Uint8Array): number {
  const direct = directJournal ? constants.O_DIRECT : 0
  const plain = openSync(path, constants.O_RDWR | constants.O_CREAT | direct, 0o644)
  const zeroBytes = Math.min(ringBytes, MB)
  for (let position = 0; position < ringBytes; position += zeroBytes) writeSync(plain, memory, 0, zeroBytes, position)
  fdatasyncSync(plain)
  closeSync(plain)
  return openSync(path, constants.O_RDWR | constants.O_DSYNC | direct)
}

async function measure(settings: Settings): Promise<string> {
  const dir = mkdtempSync(join(settings.dir, 'ottla-journal-bench-'))
  const rounds = slab(Math.max(2 * settings.roundBytes, MB))
  const ring = openRing(join(dir, 'ring'), settings, rounds)
  const run = new Run({ ...settings, dir }, ring, rounds)
  run.open()
  const batch = new Uint8Array(settings.batchBytes).fill(7)
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  await produce(run, batch)
  const ackedMs = performance.now() - startedMs
  while (run.checkpointing) await new Promise(resolve => setImmediate(resolve))
  await run.checkpoint()
  const syncedMs = performance.now() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  closeSync(ring)
  for (const partition of run.partitions) closeSync(partition.file)
  rmSync(dir, { recursive: true })
  return line(run, { ackedMs, syncedMs, cpuSeconds: (cpu.user + cpu.system) / 1e6 })
}

/** Appends round robin as fast as the journal takes it; yields to the event loop as a socket would. */
async function produce(run: Run, batch: Uint8Array): Promise<void> {
  const { totalBytes, partitions } = run.settings
  let sent = 0
  let next = 0
  while (run.ackedBytes < totalBytes) {
    let tick = 0
    while (sent < totalBytes && tick < 262_144 && run.append(next % partitions, batch)) {
      sent += batch.length
      tick += batch.length
      next++
    }
    run.commit()
    if (tick < 262_144) {
      await new Promise<void>(resolve => {
        run.wake = resolve
      })
    } else await new Promise(resolve => setImmediate(resolve))
  }
}

function line(run: Run, took: { ackedMs: number; syncedMs: number; cpuSeconds: number }): string {
  const { partitions, batchBytes, totalBytes, pieceBytes } = run.settings
  const sorted = run.latenciesMs.sort((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1)
  const meanRound = run.roundSizes.reduce((sum, bytes) => sum + bytes, 0) / run.roundSizes.length
  const columns = [
    partitions,
    batchBytes / 1024,
    pieceBytes / 1024,
    (totalBytes / MB / (took.ackedMs / 1000)).toFixed(0),
    (totalBytes / MB / (took.syncedMs / 1000)).toFixed(0),
    ((took.cpuSeconds * 1024 * MB) / totalBytes).toFixed(2),
    (meanRound / 1024).toFixed(0),
    `${at(0.5)}/${at(0.99)}`,
    run.checkpoints,
  ]
  return columns.map((column, i) => String(column).padStart(WIDTHS[i] as number)).join(' ')
}

const HEADS = ['parts', 'batchKB', 'pieceKB', 'MB/s', 'w.back', 'CPU/GB', 'roundKB', 'ms50/99', 'ckpts']
const WIDTHS = [6, 8, 8, 6, 7, 7, 8, 10, 6]

function pieceBytesFor(partitions: number, batchBytes: number, budgetBytes: number): number {
  const fixed = Number(given['piece-kb']) * 1024
  if (fixed > 0) return Math.max(fixed, 2 ** Math.ceil(Math.log2(batchBytes + BLOCK)))
  const share = 2 ** Math.floor(Math.log2(budgetBytes / 2 / partitions))
  return Math.max(2 ** Math.ceil(Math.log2(batchBytes + BLOCK)), Math.min(MB, Math.max(16_384, share)))
}

console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'} x${cpus().length}, Node ${process.version}, ${given.dir}, write-back ${given['write-back']}, in flight ${given['in-flight']}, ring ${given['ring-mb']} MB, extend ${given['extend-kb']} KB`,
)
console.log(HEADS.map((head, i) => head.padStart(WIDTHS[i] as number)).join(' '))
for (const partitions of given.partitions.split(',').map(Number)) {
  for (const kb of given.kb.split(',').map(Number)) {
    const batchBytes = kb * 1024
    const smallest = 2 ** Math.ceil(Math.log2(batchBytes + BLOCK))
    const budgetBytes = Math.max(Number(given['budget-mb']) * MB, 2 * partitions * smallest)
    const settings: Settings = {
      dir: given.dir,
      partitions,
      batchBytes,
      totalBytes: Number(given.mb) * MB * (kb === 1 ? 0.25 : 1),
      ringBytes: Number(given['ring-mb']) * MB,
      pieceBytes: pieceBytesFor(partitions, batchBytes, budgetBytes),
      budgetBytes,
      inFlight: Number(given['in-flight']),
      directWriteBack: given['write-back'] === 'direct',
      directJournal: given.journal === 'direct',
      extendBytes: Number(given['extend-kb']) * 1024,
      roundBytes: Number(given['round-kb']) * 1024,
    }
    console.log(await measure(settings))
  }
}
