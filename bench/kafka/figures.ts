/** Every figure that a row can have, declared once: its unit and how it is written. */

export interface Figure {
  /** As the head of a column. */
  readonly title: string
  /** What a value is divided by before it is written. */
  readonly per: number
  readonly digits: number
}

export const figures = {
  bytesPerSecond: { title: 'MB/s', per: 1e6, digits: 0 },
  cpuSecondsPerGb: { title: 'CPU s/GB', per: 1, digits: 2 },
  meanMs: { title: 'mean ms', per: 1, digits: 2 },
  p50Ms: { title: 'p50 ms', per: 1, digits: 2 },
  p99Ms: { title: 'p99 ms', per: 1, digits: 2 },
  p999Ms: { title: 'p99.9 ms', per: 1, digits: 2 },
  /** Of the requests of an open loop; 1 when the broker kept up. */
  answeredShare: { title: 'answered', per: 1, digits: 3 },
  /** p99 with many partitions, in times that with few of the same broker. */
  p99Growth: { title: 'p99 growth', per: 1, digits: 2 },
  startMs: { title: 'to first write ms', per: 1, digits: 0 },
  createMs: { title: 'to create ms', per: 1, digits: 0 },
  descriptors: { title: 'descriptors', per: 1, digits: 0 },
  /** Of the broker's process, all threads. */
  cpuUsPerRequest: { title: 'CPU us/request', per: 1, digits: 0 },
  /** CPU per request with many partitions, in times that with few of the same broker. */
  cpuGrowth: { title: 'CPU growth', per: 1, digits: 2 },
  /** Of the broker's process while it was measured, user and system. */
  cpuSeconds: { title: 'CPU s', per: 1, digits: 2 },
  residentBytes: { title: 'resident MB', per: 1e6, digits: 0 },
} as const satisfies Record<string, Figure>

export type FigureName = keyof typeof figures

export const figureNames = Object.keys(figures) as readonly FigureName[]

/** What one round of one side gave; a figure that the workload does not have is left out. */
export type Sample = Readonly<Partial<Record<FigureName, number>>>

export function writeFigure(name: FigureName, value: number): string {
  const { per, digits } = figures[name]
  return Number.isNaN(value) ? '-' : (value / per).toFixed(digits)
}
