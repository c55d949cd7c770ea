/**
 * Reading for fetch requests: what is there now, or a wait until enough is. Bytes are views of the log's memory or of
 * its read buffers; the caller gives them back with `release`. Sources: KIP-74 (the first batch whole), KIP-320.
 */
import type { Offset } from '../base/units.ts'
import { checkRead, decideDivergence, readLimit } from '../core/partition/read.ts'
import { lastStableOffset } from '../core/partition/state.ts'
import type { WireErrorName } from '../spec/errors.ts'
import type { LogRead } from '../storage/log.ts'
import { faultToWire } from './faults.ts'
import type { HostedPartition } from './hosted-partition.ts'
import type { HostParts } from './partition-host.ts'
import type { WaitList } from './purgatory.ts'
import type { FetchedPartition, FetchOptions, FetchResult, PartitionRead } from './services.ts'

/** First version of Fetch whose sender knows zstd (KIP-110). */
const ZSTD_FETCH_VERSION = 10

/** One pass over the reads of a request. */
interface Pass {
  readonly partitions: FetchedPartition[]
  readonly held: LogRead[]
  /** Granted for all records together. */
  readonly maxBytes: number
  bytes: number
  /** Something that is answered at once, whatever was read: an error, a divergence. */
  urgent: boolean
}

export function fetchPartitions(
  parts: HostParts,
  reads: readonly PartitionRead[],
  options: FetchOptions,
): FetchResult | Promise<FetchResult> {
  const pass = readAll(parts, reads, options)
  return pass instanceof Promise
    ? pass.then(done => answerOrWait(parts, reads, options, done))
    : answerOrWait(parts, reads, options, pass)
}

function answerOrWait(
  parts: HostParts,
  reads: readonly PartitionRead[],
  options: FetchOptions,
  pass: Pass,
): FetchResult | Promise<FetchResult> {
  if (isEnough(pass, options) || options.maxWaitMs <= 0 || options.noWait) return result(pass)
  const readBytes = pass.bytes
  release(pass)
  options.giveBack()
  return wait(parts, reads, options, readBytes)
}

function isEnough(pass: Pass, options: FetchOptions): boolean {
  return pass.urgent || pass.bytes >= options.minBytes
}

/** Parks until the partitions seem to hold enough, reads again, and parks again for the rest of the time if they did not. */
function wait(
  parts: HostParts,
  reads: readonly PartitionRead[],
  options: FetchOptions,
  readBytes: number,
): Promise<FetchResult> {
  const deadlineMs = parts.clock.monoMs() + options.maxWaitMs
  return new Promise((resolve, reject) => {
    let aborted = false
    let end = () => {}
    options.onAbort(() => {
      aborted = true
      end()
    })
    const again = (last: boolean) => {
      const finish = (pass: Pass) => {
        const leftMs = deadlineMs - parts.clock.monoMs()
        if (last || aborted || leftMs <= 0 || isEnough(pass, options)) {
          resolve(result(pass))
          return
        }
        release(pass)
        options.giveBack()
        park(pass.bytes, leftMs)
      }
      try {
        const pass = readAll(parts, reads, options)
        if (pass instanceof Promise) pass.then(finish, reject)
        else finish(pass)
      } catch (error) {
        reject(error)
      }
    }
    const park = (haveBytes: number, timeoutMs: number) => {
      const watch = new Watch(parts, reads, options.minBytes - haveBytes)
      end = parts.purgatory.park(watch.lists, {
        timeoutMs,
        attempt: () => {
          if (!watch.isReady()) return false
          again(false)
          return true
        },
        expired: () => again(true),
      })
    }
    // The end may have come while files were read.
    if (aborted) again(true)
    else park(readBytes, options.maxWaitMs)
  })
}

/** What a parked fetch watches, and when it is worth reading again. */
class Watch {
  readonly lists: readonly WaitList[]
  readonly #watched: readonly HostedPartition[]
  readonly #leaderEpochs: readonly number[]
  /** Sums over the partitions, as the last reading found them. */
  readonly #highWatermarks: number
  readonly #visibleBytes: number
  readonly #missingBytes: number

  constructor(parts: HostParts, reads: readonly PartitionRead[], missingBytes: number) {
    const watched: HostedPartition[] = []
    for (const read of reads) {
      const hosted = parts.table.resolve(read)
      if (typeof hosted !== 'string') watched.push(hosted)
    }
    this.#watched = watched
    this.lists = watched.map(hosted => hosted.readWaits)
    this.#leaderEpochs = watched.map(hosted => hosted.state.leaderEpoch)
    this.#highWatermarks = sum(watched, hosted => hosted.state.highWatermark)
    this.#visibleBytes = sum(watched, hosted => hosted.visibleBytes)
    this.#missingBytes = missingBytes
  }

  /**
   * Once more may be read, and so much was appended that it may be enough: an estimate that is never too low, for bytes
   * that were being synced when the wait began count. A change of leadership is always worth a look.
   */
  isReady(): boolean {
    const watched = this.#watched
    if (
      sum(watched, hosted => hosted.state.highWatermark) !== this.#highWatermarks &&
      sum(watched, hosted => hosted.appendedBytes) - this.#visibleBytes >= this.#missingBytes
    ) {
      return true
    }
    return watched.some(
      (hosted, i) => hosted.closed || hosted.log.fault !== null || hosted.state.leaderEpoch !== this.#leaderEpochs[i],
    )
  }
}

function sum(watched: readonly HostedPartition[], of: (hosted: HostedPartition) => number): number {
  let total = 0
  for (const hosted of watched) total += of(hosted)
  return total
}

function readAll(parts: HostParts, reads: readonly PartitionRead[], options: FetchOptions): Pass | Promise<Pass> {
  const maxBytes = options.reserve(options.maxBytes)
  const pass: Pass = { partitions: [], held: [], maxBytes, bytes: 0, urgent: false }
  return readFrom(parts, reads, options, { pass, index: 0 })
}

/** Reads one partition after another; goes asynchronous only where the log does. */
function readFrom(
  parts: HostParts,
  reads: readonly PartitionRead[],
  options: FetchOptions,
  at: { readonly pass: Pass; readonly index: number },
): Pass | Promise<Pass> {
  const { pass } = at
  for (let i = at.index; i < reads.length; i++) {
    const read = reads[i] as PartitionRead
    const hosted = parts.table.resolve(read)
    if (typeof hosted === 'string') {
      add(pass, refused(parts, read, hosted, null))
      continue
    }
    const got = readOne(parts, hosted, {
      read,
      options,
      leftBytes: pass.maxBytes - pass.bytes,
      isFirst: pass.bytes === 0,
    })
    if (!(got instanceof Promise)) {
      take(pass, got)
      continue
    }
    const rest = (done: Got) => {
      take(pass, done)
      return readFrom(parts, reads, options, { pass, index: i + 1 })
    }
    return got.then(rest).catch(error => {
      release(pass)
      throw error
    })
  }
  return pass
}

interface Got {
  readonly partition: FetchedPartition
  readonly read: LogRead | null
}

interface Want {
  readonly read: PartitionRead
  readonly options: FetchOptions
  /** Of the whole response; may be negative. */
  readonly leftBytes: number
  readonly isFirst: boolean
}

function readOne(parts: HostParts, hosted: HostedPartition, want: Want): Got | Promise<Got> {
  const { read, options } = want
  const { state, log } = hosted
  const error = checkRead(state, read) ?? checkCodec(hosted, options)
  if (error !== null) return { partition: refused(parts, read, error, hosted), read: null }
  if (read.lastFetchedEpoch >= 0) {
    const ours = log.epochs.endOffsetFor(read.lastFetchedEpoch, state.endOffset)
    const diverging = decideDivergence(read, ours)
    if (typeof diverging === 'string') return { partition: refused(parts, read, diverging, hosted), read: null }
    if (diverging !== null) {
      return { partition: { ...facts(read, hosted, options), divergingEpoch: diverging }, read: null }
    }
  }
  const upTo = readLimit(state, options.readCommitted ? 'committed-transactions' : 'consumer')
  const maxBytes = Math.min(read.maxBytes, want.leftBytes)
  const nothing = read.fetchOffset >= upTo || (maxBytes <= 0 && !want.isFirst)
  if (nothing) return { partition: facts(read, hosted, options), read: null }
  try {
    const got = log.read(read.fetchOffset, { upTo, maxBytes: Math.max(0, maxBytes), minOneBatch: want.isFirst })
    if (!(got instanceof Promise)) return withRecords(hosted, want, got)
    return got.then(
      done => {
        hosted.startMoved()
        if (read.fetchOffset >= state.logStartOffset) return withRecords(hosted, want, done)
        // Retention was faster, and what was read may begin behind what was asked for.
        done.release()
        return { partition: refused(parts, read, 'OFFSET_OUT_OF_RANGE', hosted), read: null }
      },
      fault => {
        // It was moved meanwhile: read where it is now.
        if (hosted.log !== log && !hosted.closed) return readOne(parts, hosted, want)
        return { partition: refused(parts, read, faultToWire(fault), hosted), read: null }
      },
    )
  } catch (fault) {
    return { partition: refused(parts, read, faultToWire(fault), hosted), read: null }
  }
}

function withRecords(hosted: HostedPartition, want: Want, got: LogRead): Got {
  const partition = { ...facts(want.read, hosted, want.options), records: got.chunks, bytes: got.bytes }
  return { partition, read: got }
}

/**
 * A topic whose codec is zstd is not for readers that cannot know it. Whatever producers chose themselves is sent as it
 * is, as Apache Kafka 4 does (docs/adr/0003-follow-the-measurement.md).
 */
function checkCodec(hosted: HostedPartition, options: FetchOptions): WireErrorName | null {
  const tooOld = options.apiVersion < ZSTD_FETCH_VERSION && hosted.config.compressionType === 'zstd'
  return tooOld ? 'UNSUPPORTED_COMPRESSION_TYPE' : null
}

function take(pass: Pass, got: Got): void {
  if (got.read !== null) pass.held.push(got.read)
  add(pass, got.partition)
}

function add(pass: Pass, partition: FetchedPartition): void {
  pass.partitions.push(partition)
  pass.bytes += partition.bytes
  if (partition.error !== 'NONE' || partition.divergingEpoch !== null) pass.urgent = true
}

function facts(read: PartitionRead, hosted: HostedPartition, options: FetchOptions): FetchedPartition {
  const { state } = hosted
  return {
    read,
    error: 'NONE',
    highWatermark: state.highWatermark,
    lastStableOffset: lastStableOffset(state),
    logStartOffset: state.logStartOffset,
    divergingEpoch: null,
    currentLeader: null,
    abortedTransactions: options.readCommitted ? [] : null,
    records: [],
    bytes: 0,
  }
}

function refused(
  parts: HostParts,
  read: PartitionRead,
  error: WireErrorName,
  hosted: HostedPartition | null,
): FetchedPartition {
  const moved = error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH'
  // Out of range tells where the log begins and ends, so that the client need not ask again.
  const known: Offset = error === 'OFFSET_OUT_OF_RANGE' && hosted !== null ? hosted.state.highWatermark : -1
  return {
    read,
    error,
    highWatermark: known,
    lastStableOffset: -1,
    logStartOffset: known === -1 || hosted === null ? -1 : hosted.state.logStartOffset,
    divergingEpoch: null,
    currentLeader: moved ? parts.table.currentLeader(read) : null,
    abortedTransactions: null,
    records: [],
    bytes: 0,
  }
}

function result(pass: Pass): FetchResult {
  return { partitions: pass.partitions, release: () => release(pass) }
}

function release(pass: Pass): void {
  for (const read of pass.held.splice(0)) read.release()
}
