/** Keeps what was observed, for tests to look at. */
import type { LogLevel, Observe, ObserveFields } from '../../ports/observe.ts'

export interface ObservedEvent {
  readonly level: LogLevel
  readonly event: string
  readonly fields: ObserveFields
}

export class CollectingObserve implements Observe {
  readonly events: ObservedEvent[] = []
  readonly counters = new Map<string, number>()
  readonly gauges = new Map<string, number>()

  log(level: LogLevel, event: string, fields: ObserveFields = {}): void {
    this.events.push({ level, event, fields })
  }

  count(metric: string, add: number): void {
    this.counters.set(metric, (this.counters.get(metric) ?? 0) + add)
  }

  gauge(metric: string, value: number): void {
    this.gauges.set(metric, value)
  }

  /** The events of one name, in order. */
  named(event: string): readonly ObservedEvent[] {
    return this.events.filter(seen => seen.event === event)
  }
}

/** Says nothing and keeps nothing. */
export class SilentObserve implements Observe {
  log(): void {}
  count(): void {}
  gauge(): void {}
}
