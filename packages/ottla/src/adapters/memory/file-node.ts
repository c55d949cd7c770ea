/**
 * One simulated file: what the system shows now, what is durable, and the changes between. At a power cut each 512-byte
 * sector that has changes not yet synced holds, by a seeded choice, any of the contents it went through since it was
 * last durable, and the size is any size that the file went through. That is what disks allow: sectors are whole, their
 * order is free. Source: Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
 */
import type { Prng } from '../../base/random.ts'
import { PagedBytes } from './paged-bytes.ts'

export const SECTOR_BYTES = 512

type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array; readonly sequence: number }
  | {
      readonly kind: 'truncate'
      readonly fromBytes: number
      readonly sizeBytes: number
      readonly sequence: number
    }

export class FileNode {
  readonly kind = 'file'
  modifiedAtMs: number
  #current: PagedBytes
  #durable: PagedBytes
  #changes: Change[] = []
  /** Changes that a failed sync covered: later syncs believe them clean, so they become durable only by luck. */
  #abandoned: Change[] = []

  constructor(modifiedAtMs: number) {
    this.modifiedAtMs = modifiedAtMs
    this.#current = new PagedBytes()
    this.#durable = new PagedBytes()
  }

  get sizeBytes(): number {
    return this.#current.sizeBytes
  }

  get allocatedBytes(): number {
    return this.#current.allocatedBytes
  }

  growthBytes(position: number, count: number): number {
    return this.#current.growthBytes(position, count)
  }

  read(position: number, into: Uint8Array): number {
    return this.#current.read(position, into)
  }

  write(position: number, bytes: Uint8Array, sequence: number): void {
    if (bytes.length === 0) return
    const copy = Uint8Array.from(bytes)
    this.#current.write(position, copy)
    this.#changes.push({ kind: 'write', position, bytes: copy, sequence })
  }

  truncate(sizeBytes: number, sequence: number): void {
    const fromBytes = this.#current.sizeBytes
    if (fromBytes === sizeBytes) return
    this.#current.truncate(sizeBytes)
    this.#changes.push({ kind: 'truncate', fromBytes, sizeBytes, sequence })
  }

  /** A sync that began when `sequence` was the newest change returned. */
  synced(sequence: number): void {
    const covered = this.#changes.filter(change => change.sequence <= sequence)
    for (const change of covered) applyChange(this.#durable, change)
    this.#changes = this.#changes.filter(change => change.sequence > sequence)
    this.#abandoned = this.#abandoned.filter(old => !covered.some(change => overlaps(old, change)))
  }

  /** A sync failed: the system forgets that the changes were dirty (docs/reliability.md A13). */
  syncFailed(sequence: number): void {
    this.#abandoned.push(...this.#changes.filter(change => change.sequence <= sequence))
    this.#changes = this.#changes.filter(change => change.sequence > sequence)
  }

  /** The medium holds something else than what was written: bit rot, or somebody's hand. */
  damage(content: Uint8Array): void {
    this.#durable = new PagedBytes()
    this.#durable.write(0, content)
    this.#current = this.#durable.clone()
    this.#changes = []
    this.#abandoned = []
  }

  /** The power went: keeps what is durable and a seeded part of the rest, which from now on is durable. */
  losePower(rng: Prng): void {
    const changes = [...this.#abandoned, ...this.#changes].sort((a, b) => a.sequence - b.sequence)
    if (changes.length > 0) this.#durable = survivor(this.#durable, changes, rng)
    this.#current = this.#durable.clone()
    this.#changes = []
    this.#abandoned = []
  }
}

function survivor(durable: PagedBytes, changes: readonly Change[], rng: Prng): PagedBytes {
  const result = durable.clone()
  switch (rng.int(0, 3)) {
    case 0:
      return result
    case 1:
      for (const change of changes) applyChange(result, change)
      return result
    case 2:
      return orderedSurvivor(result, changes, rng)
    default:
      return scatteredSurvivor(result, durable, changes, rng)
  }
}

/** The first changes whole, then one torn at a sector. */
function orderedSurvivor(result: PagedBytes, changes: readonly Change[], rng: Prng): PagedBytes {
  const whole = rng.int(0, changes.length - 1)
  for (const change of changes.slice(0, whole)) applyChange(result, change)
  const torn = changes[whole]
  if (torn?.kind === 'write') result.write(torn.position, torn.bytes.subarray(0, tornBytes(torn, rng)))
  return result
}

/** A length that ends the write on a sector boundary of the file, or at its end. */
function tornBytes(write: { readonly position: number; readonly bytes: Uint8Array }, rng: Prng): number {
  const firstSector = Math.floor(write.position / SECTOR_BYTES)
  const lastSector = Math.floor((write.position + write.bytes.length - 1) / SECTOR_BYTES)
  const cut = rng.int(firstSector, lastSector + 1) * SECTOR_BYTES - write.position
  return Math.max(0, Math.min(write.bytes.length, cut))
}

function scatteredSurvivor(result: PagedBytes, durable: PagedBytes, changes: readonly Change[], rng: Prng): PagedBytes {
  const kept = rng.pick([0.1, 0.5, 0.9])
  const versions = new Map<number, Change[]>()
  const note = (sector: number, change: Change) => {
    const list = versions.get(sector)
    if (list === undefined) versions.set(sector, [change])
    else list.push(change)
  }
  const pages = durable.clone()
  for (const change of changes) {
    if (change.kind === 'write') pages.write(change.position, change.bytes)
  }
  const present = new Set(pages.units(SECTOR_BYTES))
  for (const change of changes) {
    for (const sector of touchedSectors(change, present)) note(sector, change)
  }
  const bytes = new Uint8Array(SECTOR_BYTES)
  for (const [sector, list] of versions) {
    const take = rng.chance(kept) ? list.length : rng.int(0, list.length - 1)
    bytes.fill(0)
    durable.read(sector * SECTOR_BYTES, bytes)
    for (const change of list.slice(0, take)) applyToSector(bytes, sector * SECTOR_BYTES, change)
    result.write(sector * SECTOR_BYTES, bytes)
  }
  const sizes = [durable.sizeBytes, ...sizeHistory(durable.sizeBytes, changes)]
  result.truncate(rng.chance(kept) ? (sizes.at(-1) as number) : rng.pick(sizes))
  return result
}

function sizeHistory(sizeBytes: number, changes: readonly Change[]): number[] {
  return changes.map(change => {
    sizeBytes = change.kind === 'write' ? Math.max(sizeBytes, change.position + change.bytes.length) : change.sizeBytes
    return sizeBytes
  })
}

function* touchedSectors(change: Change, present: ReadonlySet<number>): Iterable<number> {
  const start = change.kind === 'write' ? change.position : Math.min(change.fromBytes, change.sizeBytes)
  const end = change.kind === 'write' ? start + change.bytes.length : change.fromBytes
  if (end - start > present.size * SECTOR_BYTES) {
    for (const sector of present) if ((sector + 1) * SECTOR_BYTES > start && sector * SECTOR_BYTES < end) yield sector
    return
  }
  for (let sector = Math.floor(start / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
    if (present.has(sector)) yield sector
  }
}

function applyChange(to: PagedBytes, change: Change): void {
  if (change.kind === 'write') to.write(change.position, change.bytes)
  else to.truncate(change.sizeBytes)
}

/** The part of the change that lies in the sector at `start`. */
function applyToSector(sector: Uint8Array, start: number, change: Change): void {
  if (change.kind === 'truncate') {
    if (change.sizeBytes < start + SECTOR_BYTES) sector.fill(0, Math.max(0, change.sizeBytes - start))
    return
  }
  const from = Math.max(start, change.position)
  const to = Math.min(start + SECTOR_BYTES, change.position + change.bytes.length)
  if (from < to) sector.set(change.bytes.subarray(from - change.position, to - change.position), from - start)
}

function overlaps(a: Change, b: Change): boolean {
  const [aStart, aEnd] = rangeOf(a)
  const [bStart, bEnd] = rangeOf(b)
  return aStart < bEnd && bStart < aEnd
}

function rangeOf(change: Change): [number, number] {
  if (change.kind === 'write') return [change.position, change.position + change.bytes.length]
  return [Math.min(change.fromBytes, change.sizeBytes), Math.max(change.fromBytes, change.sizeBytes)]
}
