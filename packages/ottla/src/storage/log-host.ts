/** What a log needs of its directory. */
import type { Millis } from '../base/units.ts'
import type { DiskFault } from '../ports/disk.ts'
import type { DirectoryCleaner } from './cleaner/directory-cleaner.ts'
import type { DescriptorCache } from './descriptors.ts'
import type { ProducerSnapshot, StorageEnv } from './env.ts'
import type { Control, ControlKind, Journal } from './journal/journal.ts'
import type { Log } from './log.ts'
import type { PageCacheWriter } from './page-cache.ts'
import type { PieceStore } from './piece.ts'
import type { ReadAhead } from './read-ahead.ts'
import type { ReadBuffers } from './read-buffers.ts'
import type { WriteBack } from './write-back.ts'

export interface LogHost {
  readonly env: StorageEnv
  readonly journal: Journal
  readonly pieces: PieceStore
  readonly writeBack: WriteBack
  readonly pageCache: PageCacheWriter
  readonly descriptors: DescriptorCache
  readonly readBuffers: ReadBuffers
  readonly readAhead: ReadAhead
  readonly cleaner: DirectoryCleaner
  /** Why nothing works any more, or null. */
  readonly fault: DiskFault | null
  /** The disk is full. */
  readonly isFull: boolean
  /** Runs when no checkpoint, cut, removal or retention of the directory does. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** A fault of `work` fails the directory. A full disk does not: what failed is tried again with the next checkpoint. */
  guarded<T>(work: () => Promise<T>): Promise<T>
  /**
   * Journals a control record; resolves when it is durable. For whoever runs exclusively: when the ring is full, the
   * checkpoint that empties it is made here, as nobody else can.
   */
  record(log: Log, kind: ControlKind, control: Control): Promise<void>
  /** A checkpoint, for whoever runs exclusively already. */
  checkpointNow(): Promise<void>
  /** The log differs from what the last checkpoint says. */
  changed(log: Log): void
  /** The log began a new segment; its producers as they were then. */
  rolled(log: Log, producers: ProducerSnapshot | null): void
  /** The log's config asks for another durability than the one in force. */
  durabilityWanted(log: Log): void
  /** Removes files after a while; a stop before that leaves them to the next start. */
  removeLater(paths: readonly string[], delayMs: Millis): void
  /** Something failed that leaves the directory untrusted (J7). */
  failed(error: unknown): void
}
