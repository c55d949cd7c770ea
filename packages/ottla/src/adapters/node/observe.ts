/**
 * Log lines on a stream: text for people at a terminal, JSON lines for machines. Whatever came from outside may be in a
 * field, so control characters never reach the terminal or break a line (docs/reliability.md H15). Numbers are kept for
 * the metrics endpoint to read.
 */
import type { LogLevel, Observe, ObserveFields } from '../../ports/observe.ts'

export interface NodeObserveOptions {
  /** Takes one line without its end. */
  readonly writeLine: (line: string) => void
  readonly format: 'text' | 'json'
  /** Lines below it are dropped. `info` when absent. */
  readonly level?: LogLevel
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Characters of one field's text that are shown; more is cut, so that no input can flood the log. */
const FIELD_CHARACTERS_MAX = 2_000

export class NodeObserve implements Observe {
  readonly counters = new Map<string, number>()
  readonly gauges = new Map<string, number>()
  readonly #options: NodeObserveOptions
  readonly #rankMin: number

  constructor(options: NodeObserveOptions) {
    this.#options = options
    this.#rankMin = ranks[options.level ?? 'info']
  }

  log(level: LogLevel, event: string, fields: ObserveFields = {}): void {
    if (ranks[level] < this.#rankMin) return
    const at = new Date(this.#options.wallMs()).toISOString()
    const line =
      this.#options.format === 'json' ? jsonLine(at, level, event, fields) : textLine(at, level, event, fields)
    this.#options.writeLine(line)
  }

  count(metric: string, add: number): void {
    this.counters.set(metric, (this.counters.get(metric) ?? 0) + add)
  }

  gauge(metric: string, value: number): void {
    this.gauges.set(metric, value)
  }
}

function jsonLine(at: string, level: LogLevel, event: string, fields: ObserveFields): string {
  const row: Record<string, unknown> = { at, level, event }
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) row[name] = typeof value === 'bigint' ? String(value) : cut(value)
  }
  // JSON escapes C0 itself; C1 controls, line separators and lone surrogates are escaped here.
  return JSON.stringify(row).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, unicodeEscape)
}

function textLine(at: string, level: LogLevel, event: string, fields: ObserveFields): string {
  let line = `${at.slice(11, 23)} ${level.padEnd(5)} ${event}`
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${textValue(value)}`
  }
  return line
}

function textValue(value: string | number | bigint | boolean | null): string {
  if (typeof value !== 'string') return String(value)
  const shown = cut(value)
  if (/^[\w./:@+-]+$/.test(shown)) return shown
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, unicodeEscape)
}

function cut<T>(value: T): T | string {
  if (typeof value !== 'string' || value.length <= FIELD_CHARACTERS_MAX) return value
  return `${value.slice(0, FIELD_CHARACTERS_MAX)}… (${value.length} characters)`
}

const unicodeEscape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
