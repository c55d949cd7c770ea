/**
 * Everything that producers sent and heard and that readers saw, in one run; the checks that need no final state run as
 * it is told. Pure: it is told by a simulation or by a test with real processes, and does no I/O.
 *
 *   const history = new History(run)
 *   const lane = history.lane('orders-0', { producer: 'p1', idempotent: true, ordered: true, visibleWhenAcknowledged: true })
 *   const first = lane.send(count)          // before the bytes leave
 *   lane.resend(first, count)               // outcome unknown: the same once more
 *   lane.acknowledge(first, count, offset)  // or refuse, or nothing while unknown
 *   const read = history.fullRead('orders-0', startOffset); read.reads(offset, mark) ...; read.end(endOffset)
 *   history.violations.total === 0
 */
import { assert } from '../../base/assert.ts'
import type { Offset } from '../../base/units.ts'
import { FullRead } from './full-read.ts'
import type { Compaction } from './keyed.ts'
import { Lane, type LaneRules, Outcome } from './lane.ts'
import { PartitionHistory } from './partition-history.ts'
import { ReaderCheck } from './reader.ts'
import { Violations } from './violation.ts'

const LANES_MAX = 2 ** 20

export class History {
  /** Stands in every value: 0 to 2^32 - 1. */
  readonly run: number
  readonly violations = new Violations()
  /** By their index, which stands in every value. */
  readonly lanes: Lane[] = []
  readonly #partitions = new Map<string, PartitionHistory>()

  constructor(run: number) {
    this.run = run
  }

  /** `compaction` counts when the partition is first named; null: every record stays. */
  partition(name: string, compaction: Compaction | null = null): PartitionHistory {
    let partition = this.#partitions.get(name)
    if (partition === undefined) {
      partition = new PartitionHistory(name, this, compaction)
      this.#partitions.set(name, partition)
    }
    return partition
  }

  partitions(): Iterable<PartitionHistory> {
    return this.#partitions.values()
  }

  /** A producer begins to write to a partition. One that lost its producer id goes on in a new lane. */
  lane(partitionName: string, rules: LaneRules): Lane {
    assert(this.lanes.length < LANES_MAX, 'ids of values stay exact')
    const partition = this.partition(partitionName)
    const lane = new Lane(this.lanes.length, partition, rules)
    this.lanes.push(lane)
    partition.lanes.push(lane)
    return lane
  }

  reader(name: string, partitionName: string, from: Offset): ReaderCheck {
    return new ReaderCheck(name, this.partition(partitionName), from)
  }

  fullRead(partitionName: string, startOffset: Offset): FullRead {
    return new FullRead(this.partition(partitionName), startOffset)
  }

  /** The workload met what no legal run shows, such as an error that this situation does not excuse. */
  unexpected(partitionName: string, text: string): void {
    this.violations.add('unexpected', partitionName, text)
  }

  /** Records by what their producers know of them. Walks all of them. */
  totals(): { readonly sent: number; readonly acknowledged: number; readonly refused: number } {
    let sent = 0
    let acknowledged = 0
    let refused = 0
    for (const lane of this.lanes) {
      sent += lane.count
      for (let sequence = 0; sequence < lane.count; sequence++) {
        const outcome = lane.outcomeOf(sequence)
        if (outcome === Outcome.acknowledged) acknowledged++
        else if (outcome === Outcome.refused) refused++
      }
    }
    return { sent, acknowledged, refused }
  }
}
