/**
 * The cluster's metadata log: one total order of batches, appended by the controller alone, fenced by its epoch
 * (ARCHITECTURE.md §4). Entries are opaque bytes here; wire/schema/records gives them meaning.
 */

/** Position in the metadata log: the number of entries before it. */
export type MetaOffset = number

export interface MetaEntry {
  readonly offset: MetaOffset
  readonly epoch: number
  /** The entries of one append share this; a reader sees all of them or none. */
  readonly records: readonly Uint8Array[]
}

export interface MetaSnapshot {
  /** First offset that is NOT in the snapshot. */
  readonly endOffset: MetaOffset
  readonly epoch: number
  readonly records: readonly Uint8Array[]
}

/**
 * - ok: durable; `head` is the new end.
 * - conflict: the head was not `expectedHead`; nothing was appended.
 * - fenced: a controller of a higher epoch exists; nothing was appended.
 * - refused: there was no room for it; nothing was appended, and it may be tried again.
 * - unknown: it may or may not have been appended (a reply was lost). Read from `expectedHead` to find out.
 */
export type MetaAppendResult =
  | { readonly kind: 'ok'; readonly head: MetaOffset }
  | { readonly kind: 'conflict'; readonly head: MetaOffset }
  | { readonly kind: 'fenced'; readonly epoch: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown' }

export interface MetaLog {
  /** One atomic append, whatever its size. An offset is used per append (per entry), not per record. */
  append(epoch: number, expectedHead: MetaOffset, records: readonly Uint8Array[]): Promise<MetaAppendResult>
  /** Entries from `from` in order; the newest snapshot first when `from` lies below its end. */
  read(from: MetaOffset): Promise<{
    readonly snapshot: MetaSnapshot | null
    readonly entries: readonly MetaEntry[]
    readonly head: MetaOffset
  }>
  /** Calls `changed` soon after the head moved (it may coalesce); returns the way to stop. */
  watch(changed: () => void): () => void
  /** Stores a snapshot that stands for every entry below `endOffset`; older ones, and entries below it, may go. */
  writeSnapshot(snapshot: MetaSnapshot): Promise<void>
  close(): Promise<void>
}
