/** What a checker found, as data. Says nothing about what to do next. */

/**
 * What can be wrong with a history:
 * - `acknowledged-loss`: a record is not where its acknowledgement said it is, or nowhere;
 * - `vanished`: a record that some reader was given is gone, without ever having been acknowledged;
 * - `two-contents`: an offset was given out with one record and later with another;
 * - `order`: two records of one lane lie in the other order than they were sent in;
 * - `duplicate`: a record lies in the log more often than it may;
 * - `refused-but-kept`: a record lies in the log though the broker said that it took none of it;
 * - `invented`: what was read was never sent, was sent elsewhere, or is damaged;
 * - `returned`: a record that compaction had taken is back, or outlives the one that deleted it;
 * - `hole`: a full read skips an offset that nothing is known of;
 * - `beyond-high-watermark`: a reader was given an offset at or past the high watermark of the same reply;
 * - `went-back`: a reader was given an offset again, or one before;
 * - `stale`: a high watermark is below one that was known before the request went out;
 * - `stale-tail`: a file has bytes behind the recovered end of its log;
 * - `log-start`: the log begins later than anybody allowed, or earlier than an acknowledged deletion;
 * - `group-owner`: a partition has two owners in one generation of a group;
 * - `group-fence`: a member of an older generation committed;
 * - `group-offset`: a committed offset is lost or went back, or is one that nobody sent;
 * - `group-stuck`: a group does not come to rest within its own timeouts;
 * - `unexpected`: the workload met an answer that no legal run gives.
 */
export type ViolationKind =
  | 'acknowledged-loss'
  | 'vanished'
  | 'two-contents'
  | 'order'
  | 'duplicate'
  | 'refused-but-kept'
  | 'invented'
  | 'returned'
  | 'hole'
  | 'beyond-high-watermark'
  | 'went-back'
  | 'stale'
  | 'stale-tail'
  | 'log-start'
  | 'group-owner'
  | 'group-fence'
  | 'group-offset'
  | 'group-stuck'
  | 'unexpected'

export interface Violation {
  readonly kind: ViolationKind
  /** `topic-partition`, or a group. */
  readonly partition: string
  /** For people: what was expected, what was seen. */
  readonly text: string
}

/** Kept in full, of each kind; of the others only the number is. One bug breaks thousands of records in one way. */
const KEPT_PER_KIND = 20

/** Violations in the order they were found. Bounded. */
export class Violations {
  readonly found: Violation[] = []
  readonly #counts = new Map<ViolationKind, number>()
  #total = 0

  /** All of them, those not kept included. */
  get total(): number {
    return this.#total
  }

  get counts(): ReadonlyMap<ViolationKind, number> {
    return this.#counts
  }

  add(kind: ViolationKind, partition: string, text: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    this.#total++
    if (count <= KEPT_PER_KIND) this.found.push({ kind, partition, text })
  }
}

/** Several lines: the number of each kind, then what was kept of them. */
export function showViolations(violations: Violations): string {
  const counts = [...violations.counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
  const lines = violations.found.map(({ kind, partition, text }) => `  ${kind} in ${partition}: ${text}`)
  return [`${violations.total} violations: ${counts}`, ...lines].join('\n')
}
