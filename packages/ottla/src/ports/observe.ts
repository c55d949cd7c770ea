/**
 * Where the inside is told to the outside: log lines for people, numbers for dashboards. Calls return at once and never
 * throw. Secrets and record contents are never passed here.
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type ObserveFields = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>

export interface Observe {
  /** One event. `event` is a stable dotted name (`log.recovered`), `fields` are flat. */
  log(level: LogLevel, event: string, fields?: ObserveFields): void
  /** Adds to a counter of spec/metrics. */
  count(metric: string, add: number): void
  /** Sets a gauge of spec/metrics. */
  gauge(metric: string, value: number): void
}
