/** What a campaign counts. Filled by everybody, printed at the end. */

export class Measures {
  killsUnderLoad = 0
  killsWhileStarting = 0
  killsWhileStopping = 0
  /** Of the kills, those after which files of a compaction were left: of groups, of topics. */
  killsInGroupCompaction = 0
  killsInCompaction = 0
  cleanStops = 0
  starts = 0
  sentBytes = 0
  acknowledgedRecords = 0
  acknowledgedBytes = 0
  resentBatches = 0
  unknownRecords = 0
  readRecords = 0
  readBackRecords = 0
  readBacks = 0
  topicsMade = 0
  trims = 0
  /** Offsets that held a record once and were empty when all was read back last. */
  compactedRecords = 0
  /** Commits of consumer groups that were answered, assignments that members got, and looks at all that was committed. */
  commits = 0
  assignments = 0
  groupAudits = 0
  /** Requests of members whose answer a death of the broker took, by API. */
  readonly groupCutOff = new Map<string, number>()
  /** From a broker that serves to a group at rest. */
  readonly groupRestMs: number[] = []
  /** From the start of the process to its banner, and to the first acknowledgement of anything. */
  readonly bannerMs: number[] = []
  readonly firstAckMs: number[] = []

  groupRequestCutOff(api: string): void {
    this.groupCutOff.set(api, (this.groupCutOff.get(api) ?? 0) + 1)
  }

  get kills(): number {
    return this.killsUnderLoad + this.killsWhileStarting + this.killsWhileStopping
  }
}

/** The value below which the share `rank` of the samples lies, by nearest rank; NaN of none. */
export function percentile(samples: readonly number[], rank: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * rank) - 1)] ?? Number.NaN
}

export function showMeasures(m: Measures, seconds: number): string {
  const ms = (samples: readonly number[]) =>
    `p50 ${Math.round(percentile(samples, 0.5))} ms, p99 ${Math.round(percentile(samples, 0.99))} ms, max ${Math.round(percentile(samples, 1))} ms`
  return [
    `kills ${m.kills} (under load ${m.killsUnderLoad}, while starting ${m.killsWhileStarting}, while stopping ${m.killsWhileStopping}), clean stops ${m.cleanStops}, starts ${m.starts}, ${Math.round(seconds)} s`,
    `kills that cut off a compaction: of groups ${m.killsInGroupCompaction}, of topics ${m.killsInCompaction}; records seen to be compacted away ${count(m.compactedRecords)}`,
    `acknowledged ${count(m.acknowledgedRecords)} records, ${megabytes(m.acknowledgedBytes)} in batches as sent; sent again ${count(m.resentBatches)} batches; never known ${count(m.unknownRecords)} records`,
    `read under load ${count(m.readRecords)} records; read back ${m.readBacks} times, ${count(m.readBackRecords)} records; topics made under load ${m.topicsMade}, deletions ${m.trims}`,
    `groups: ${count(m.commits)} commits acknowledged, ${count(m.assignments)} assignments, ${count(m.groupAudits)} looks; cut off ${showCounts(m.groupCutOff)}`,
    `start of the process to banner: ${ms(m.bannerMs)}`,
    `start of the process to first acknowledgement: ${ms(m.firstAckMs)}`,
    `banner to a group at rest, ${m.groupRestMs.length} times: ${ms(m.groupRestMs)}`,
  ].join('\n')
}

function showCounts(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'nothing'
  return [...counts].map(([name, times]) => `${name} ${times}`).join(', ')
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(0)} MB`
}
