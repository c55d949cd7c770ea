/** The rows of the table: each a workload, the durability of each side, and the goals for the two beside each other. */
import type { Durability } from './fleet.ts'
import { atLeast, atMost, type Goal } from './goals.ts'
import type { Contender, Workload } from './workload.ts'
import { afterLoad } from './workloads/after-load.ts'
import { endToEnd, javaConsume, javaProduce } from './workloads/java-tools.ts'
import { openLoopWorkload } from './workloads/open-loop.ts'
import { produceWorkload } from './workloads/produce.ts'
import { fetchFile, fetchTail, fiftyReaders } from './workloads/read.ts'
import { thousandPartitions } from './workloads/spread-out.ts'
import { startEmpty, startFull } from './workloads/start.ts'
import { tenThousand } from './workloads/ten-thousand.ts'

export interface Row {
  readonly name: string
  /** Rows that follow each other and share a workload are measured in the same rounds. */
  readonly workload: Workload
  readonly ottla: Durability
  readonly kafka: Durability
  /** Whether the loop without a broker stands beside it, as durable as ours. */
  readonly bare?: true
  readonly goals: readonly Goal[]
}

const KIB = 1024

const produce128k = produceWorkload('produce, 4 connections, 128 KB batches', {
  connections: 4,
  batchBytes: 128 * KIB,
  recordBytes: 1000,
  inFlight: 8,
})
const produce16k = produceWorkload('produce, 1 connection, 16 KB batches', {
  connections: 1,
  batchBytes: 16 * KIB,
  recordBytes: 1000,
  inFlight: 32,
})
const produceSmall = produceWorkload('produce, 100-byte records, 4 connections, 16 KB batches', {
  connections: 4,
  batchBytes: 16 * KIB,
  recordBytes: 100,
  inFlight: 32,
})
const open = (megabytesPerSecond: number, batchKib: number) =>
  openLoopWorkload(`open loop, ${megabytesPerSecond} MB/s of ${batchKib} KB`, {
    partitions: 4,
    connections: 4,
    batchBytes: batchKib * KIB,
    recordBytes: 1000,
    bytesPerSecond: megabytesPerSecond * 1e6,
  })

export const rows: readonly Row[] = [
  {
    name: 'produce-128k-cache',
    workload: produce128k,
    ottla: 'page-cache',
    kafka: 'page-cache',
    bare: true,
    goals: [atLeast(1.2, 'bytesPerSecond'), atMost(0.5, 'cpuSecondsPerGb'), atLeast(0.8, 'bytesPerSecond', 'bare')],
  },
  {
    name: 'produce-128k-disk',
    workload: produce128k,
    ottla: 'disk',
    kafka: 'disk',
    bare: true,
    goals: [
      atLeast(3, 'bytesPerSecond'),
      atMost(0.5, 'p99Ms'),
      atMost(0.3, 'cpuSecondsPerGb'),
      atLeast(0.8, 'bytesPerSecond', 'bare'),
    ],
  },
  {
    name: 'produce-128k-disk-cache',
    workload: produce128k,
    ottla: 'disk',
    kafka: 'page-cache',
    bare: true,
    goals: [atLeast(1.1, 'bytesPerSecond'), atMost(0.6, 'cpuSecondsPerGb')],
  },
  {
    name: 'produce-16k-cache',
    workload: produce16k,
    ottla: 'page-cache',
    kafka: 'page-cache',
    bare: true,
    goals: [atLeast(4, 'bytesPerSecond'), atMost(0.25, 'cpuSecondsPerGb')],
  },
  {
    name: 'produce-16k-disk-cache',
    workload: produce16k,
    ottla: 'disk',
    kafka: 'page-cache',
    bare: true,
    goals: [atLeast(1.3, 'bytesPerSecond')],
  },
  {
    name: 'produce-100b-disk-cache',
    workload: produceSmall,
    ottla: 'disk',
    kafka: 'page-cache',
    bare: true,
    goals: [atLeast(1.5, 'bytesPerSecond')],
  },
  {
    name: 'java-produce-cache',
    workload: javaProduce,
    ottla: 'page-cache',
    kafka: 'page-cache',
    goals: [atLeast(1.3, 'bytesPerSecond')],
  },
  {
    name: 'java-produce-disk',
    workload: javaProduce,
    ottla: 'disk',
    kafka: 'disk',
    goals: [atLeast(1.8, 'bytesPerSecond')],
  },
  {
    name: 'resident-loaded',
    workload: afterLoad,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atMost(1 / 4, 'residentBytes')],
  },
  {
    name: 'open-19-disk',
    workload: open(19, 16),
    ottla: 'disk',
    kafka: 'disk',
    bare: true,
    goals: [atMost(0.6, 'p50Ms'), atMost(0.1, 'p99Ms')],
  },
  {
    name: 'open-103-disk-cache',
    workload: open(103, 64),
    ottla: 'disk',
    kafka: 'page-cache',
    bare: true,
    goals: [atMost(1.2, 'p50Ms'), atMost(0.5, 'p99Ms'), atMost(10, 'p999Ms', null)],
  },
  {
    name: 'open-207-disk-cache',
    workload: open(207, 64),
    ottla: 'disk',
    kafka: 'page-cache',
    bare: true,
    goals: [atMost(0.1, 'p99Ms')],
  },
  {
    name: 'partitions-1000',
    workload: thousandPartitions,
    ottla: 'disk',
    kafka: 'disk',
    goals: [atMost(0.1, 'p99Ms'), atMost(2, 'p99Growth', null)],
  },
  {
    name: 'end-to-end-cache',
    workload: endToEnd,
    ottla: 'page-cache',
    kafka: 'page-cache',
    goals: [atMost(0.8, 'meanMs')],
  },
  {
    name: 'end-to-end-disk',
    workload: endToEnd,
    ottla: 'disk',
    kafka: 'disk',
    goals: [atMost(0.7, 'meanMs')],
  },
  {
    name: 'java-consume',
    workload: javaConsume,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atLeast(1, 'bytesPerSecond')],
  },
  {
    name: 'fetch-tail',
    workload: fetchTail,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atLeast(1.2, 'bytesPerSecond')],
  },
  {
    name: 'fetch-file',
    workload: fetchFile,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atLeast(1, 'bytesPerSecond')],
  },
  {
    name: 'readers-50',
    workload: fiftyReaders,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atLeast(1.5, 'bytesPerSecond')],
  },
  {
    name: 'start-empty',
    workload: startEmpty,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atMost(1 / 16, 'startMs')],
  },
  {
    name: 'resident-idle',
    workload: startEmpty,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atMost(1 / 5, 'residentBytes')],
  },
  {
    name: 'start-full',
    workload: startFull,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atMost(1 / 16, 'startMs')],
  },
  {
    name: 'partitions-10000',
    workload: tenThousand,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atMost(1 / 3, 'residentBytes'), atMost(1 / 4, 'descriptors'), atMost(1 / 15, 'startMs')],
  },
  {
    name: 'cost-growth',
    workload: tenThousand,
    ottla: 'disk',
    kafka: 'page-cache',
    goals: [atMost(1, 'cpuGrowth')],
  },
]

/** Rows whose cells are measured together, in rounds that interleave them. */
export interface Group {
  readonly workload: Workload
  readonly rows: readonly Row[]
  readonly contenders: readonly Contender[]
}

export function groupsOf(chosen: readonly Row[]): Group[] {
  const workloads = [...new Set(chosen.map(row => row.workload))]
  return workloads.map(workload => {
    const together = chosen.filter(row => row.workload === workload)
    const contenders = new Map(together.flatMap(contendersOf).map(each => [keyOf(each), each]))
    return { workload, rows: together, contenders: [...contenders.values()] }
  })
}

export function contendersOf(row: Row): Contender[] {
  const brokers: Contender[] = [
    { side: 'ottla', durability: row.ottla },
    { side: 'kafka', durability: row.kafka },
  ]
  if (row.bare !== true) return brokers
  const bare: Contender = { side: 'bare', durability: row.ottla }
  return row.ottla === 'disk' ? [...brokers, bare, { side: 'bare-twice', durability: 'disk' }] : [...brokers, bare]
}

/** Different for contenders that are measured apart. */
export function keyOf({ side, durability }: Contender): string {
  return `${side} ${durability}`
}
