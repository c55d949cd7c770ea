/**
 * The yardstick of the benchmarks: the least that a broker must do, and no broker. It reads frames from sockets into one
 * buffer, checks the CRC of the batch in each, copies the batch into aligned staging memory, writes that out, and then
 * answers every frame of that round. Durable: past the page cache, into a ring of preallocated files, and synced. In the
 * page cache: to the end of a file, without a sync, where the oldest of a few files is emptied for new ones, as retention
 * does with segments. Durable, twice: into the ring, answered, and behind it once more, past the page cache, into such
 * files: what a journal with segments costs. Straight on node:fs and node:net, so that nothing of the broker can flatter it.
 *
 * Arguments: DIRECTORY [disk | page-cache | disk-twice]. Prints `port N` when it listens.
 */
import { closeSync, constants, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { crc32c } from '@node-rs/crc32'

const ringFiles = 4
const ringFileBytes = 64 * 1024 * 1024
const stagingBytes = 8 * 1024 * 1024
const blockBytes = 4096
const receiveBytes = 1024 * 1024

interface WriteOrder {
  readonly staging: number
  readonly bytes: number
}

const modes = ['disk', 'page-cache', 'disk-twice'] as const
type Mode = (typeof modes)[number]

/** Where a worker writes: a ring that is synced, or files that grow, past the page cache or through it. */
type Target = 'ring' | 'direct' | 'cached'

if (isMainThread) {
  process.once('SIGTERM', () => process.exit(0))
  serve(process.argv[2] ?? '.', modeNamed(process.argv[3] ?? 'disk'))
} else writeLoop()

function modeNamed(name: string): Mode {
  const mode = modes.find(each => each === name)
  if (mode === undefined) throw new Error(`${name} is not one of ${modes.join(', ')}`)
  return mode
}

interface WriterData {
  readonly directory: string
  readonly target: Target
  readonly memories: readonly SharedArrayBuffer[]
}

/** The worker: one order at a time, write, and sync the ring, then say so. */
function writeLoop(): void {
  const { directory, target, memories } = workerData as WriterData
  const staging = memories.map(memory => new Uint8Array(memory))
  const open = target === 'ring' ? openRingFile : (path: string) => openEmptyFile(path, target)
  const files = Array.from({ length: ringFiles }, (_, i) => open(join(directory, `bare-${target}-${i}`)))
  let file = 0
  let position = 0
  parentPort?.on('message', (order: WriteOrder) => {
    if (position + order.bytes > ringFileBytes) {
      file = (file + 1) % ringFiles
      position = 0
      if (target !== 'ring') ftruncateSync(files[file] as number, 0)
    }
    const from = staging[order.staging] as Uint8Array
    let done = 0
    while (done < order.bytes) {
      done += writeSync(files[file] as number, from, done, order.bytes - done, position + done)
      if (done < order.bytes && target !== 'cached') done -= done % blockBytes
    }
    if (target === 'ring') fdatasyncSync(files[file] as number)
    position += order.bytes
    parentPort?.postMessage(order.staging)
  })
  parentPort?.postMessage(-1)
}

/** Written once from end to end, so that the rounds only overwrite. */
function openRingFile(path: string): number {
  const plain = openSync(path, constants.O_RDWR | constants.O_CREAT)
  ftruncateSync(plain, 0)
  const zeros = new Uint8Array(1024 * 1024)
  for (let at = 0; at < ringFileBytes; at += zeros.length) writeSync(plain, zeros, 0, zeros.length, at)
  fdatasyncSync(plain)
  closeSync(plain)
  return openSync(path, constants.O_RDWR | constants.O_DIRECT)
}

function openEmptyFile(path: string, target: Target): number {
  const direct = target === 'direct' ? constants.O_DIRECT : 0
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | direct)
}

interface Waiting {
  readonly socket: Socket
  readonly reply: Buffer
}

function serve(directory: string, mode: Mode): void {
  const memories = Array.from({ length: mode === 'disk-twice' ? 4 : 2 }, () => slab(stagingBytes + receiveBytes * 2))
  const writer = (target: Target) =>
    new Worker(new URL(import.meta.url), { workerData: { directory, target, memories } satisfies WriterData })
  const first = writer(mode === 'page-cache' ? 'cached' : 'ring')
  const second = mode === 'disk-twice' ? writer('direct') : null
  const staging = memories.map(memory => new Uint8Array(memory))
  const waiting: Waiting[][] = memories.map(() => [])
  const bytesOf = memories.map(() => 0)
  const free = memories.map((_, index) => index)
  let filling = free.pop() as number
  let filledBytes = 0
  let busy = true

  const commit = () => {
    const next = free.at(-1)
    if (busy || filledBytes === 0 || next === undefined) return
    busy = true
    free.pop()
    const bytes = Math.ceil(filledBytes / blockBytes) * blockBytes
    bytesOf[filling] = bytes
    first.postMessage({ staging: filling, bytes } satisfies WriteOrder)
    filling = next
    filledBytes = 0
  }
  const go = () => {
    commit()
    for (const resume of paused.splice(0)) resume()
  }
  first.on('message', (done: number) => {
    busy = false
    if (done >= 0) {
      const answered = waiting[done] as Waiting[]
      waiting[done] = []
      for (const { socket, reply } of answered) socket.write(reply)
      if (second === null) free.push(done)
      else second.postMessage({ staging: done, bytes: bytesOf[done] as number } satisfies WriteOrder)
    } else listen()
    go()
  })
  second?.on('message', (done: number) => {
    if (done >= 0) free.push(done)
    go()
  })

  const paused: (() => void)[] = []
  /** False when the staging memory is full: the caller waits for the next round. */
  const take = (socket: Socket, frame: Buffer): boolean => {
    if (filledBytes + frame.length > stagingBytes) return false
    const batchAt = frame.readUInt16BE(frame.length - 2)
    const batch = frame.subarray(batchAt, frame.length - 2)
    if (crc32c(batch.subarray(21)) !== batch.readUInt32BE(17)) throw new Error('bad CRC')
    ;(staging[filling] as Uint8Array).set(batch, filledBytes)
    filledBytes += batch.length
    const reply = Buffer.alloc(8)
    reply.writeInt32BE(4, 0)
    frame.copy(reply, 4, 8, 12)
    waiting[filling]?.push({ socket, reply })
    return true
  }

  const listen = () => {
    const server = createServer({ pauseOnConnect: true }, accepted => {
      // biome-ignore lint/suspicious/noExplicitAny: the handle is private; this is how an accepted socket gets `onread`.
      const raw = accepted as any
      const handle = raw._handle
      raw._handle = null
      receive(handle, take, paused, commit)
    })
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address !== null && typeof address === 'object') console.log(`port ${address.port}`)
    })
  }
}

/**
 * Frames of one connection, parsed where they were received; a rest moves to the front. Where the next bytes go is told to
 * the socket when it has delivered some, and stands until it delivers again: nothing is moved in between.
 */
function receive(
  handle: unknown,
  take: (socket: Socket, frame: Buffer) => boolean,
  paused: (() => void)[],
  commit: () => void,
): void {
  // A rest of less than a frame, what was delivered and had to wait for memory, and what comes next.
  const buffer = Buffer.allocUnsafeSlow(3 * receiveBytes)
  let begin = 0
  let end = 0
  const parse = () => {
    while (end - begin >= 4) {
      const size = buffer.readInt32BE(begin) + 4
      if (end - begin < size) break
      if (!take(socket, buffer.subarray(begin, begin + size))) {
        socket.pause()
        paused.push(parse)
        commit()
        return
      }
      begin += size
    }
    if (socket.isPaused()) socket.resume()
    commit()
  }
  const socket: Socket = new Socket({
    handle,
    onread: {
      buffer: () => {
        buffer.copyWithin(0, begin, end)
        end -= begin
        begin = 0
        return buffer.subarray(end, end + receiveBytes)
      },
      callback: (count: number) => {
        end += count
        parse()
        return true
      },
    },
    // biome-ignore lint/suspicious/noExplicitAny: `handle` is not in the published types.
  } as any)
  socket.on('error', () => socket.destroy())
  socket.setNoDelay(true)
  socket.resume()
}

/** Page-aligned memory that threads share. */
function slab(bytes: number): SharedArrayBuffer {
  const pages = Math.ceil(bytes / 65536)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer as SharedArrayBuffer
}
