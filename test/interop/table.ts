/** The outcome of an interop run: a table of scenarios and clients, its n/a reasons and its failures. */
import { shorten } from './children.ts'
import type { Outcome } from './scenarios/scenario.ts'

export class Table {
  readonly title: string
  readonly #columns: readonly string[]
  readonly #rows = new Map<string, Map<string, Outcome>>()

  constructor(title: string, columns: readonly string[]) {
    this.title = title
    this.#columns = columns
  }

  set(row: string, column: string, outcome: Outcome): void {
    const cells = this.#rows.get(row) ?? new Map<string, Outcome>()
    this.#rows.set(row, cells.set(column, outcome))
  }

  count(kind: Outcome['kind']): number {
    return [...this.#cells()].filter(cell => cell.outcome.kind === kind).length
  }

  /** The table in Markdown, then why cells are n/a, then what failed. */
  toString(): string {
    const body = [...this.#rows].map(([row, cells]) => [row, ...this.#columns.map(column => shown(cells.get(column)))])
    const lines = [[this.title, ...this.#columns], ...body]
    const widths = lines[0]!.map((_, index) => Math.max(...lines.map(line => line[index]!.length)))
    const rendered = lines.map(line => `| ${line.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`)
    rendered.splice(1, 0, `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`)
    return [...rendered, ...this.#reasons(), ...this.#failures()].join('\n')
  }

  #reasons(): string[] {
    const rowsByReason = new Map<string, string[]>()
    for (const { row, column, outcome } of this.#cells()) {
      if (outcome.kind !== 'n/a') continue
      const reason = `${column}: ${outcome.reason}`
      rowsByReason.set(reason, [...(rowsByReason.get(reason) ?? []), row])
    }
    if (rowsByReason.size === 0) return []
    return ['', 'n/a:', ...[...rowsByReason].map(([reason, rows]) => `- ${reason} (${shorten(rows.join('; '), 120)})`)]
  }

  #failures(): string[] {
    const failed = [...this.#cells()].flatMap(({ row, column, outcome }) =>
      outcome.kind === 'failed' ? [`- ${column}, ${row}: ${shorten(outcome.message, 1_500)}`] : [],
    )
    return failed.length === 0 ? [] : ['', 'failed:', ...failed]
  }

  *#cells(): Generator<{ row: string; column: string; outcome: Outcome }> {
    for (const [row, cells] of this.#rows) {
      for (const [column, outcome] of cells) yield { row, column, outcome }
    }
  }
}

function shown(outcome: Outcome | undefined): string {
  if (outcome === undefined) return ''
  return outcome.kind === 'passed' ? 'ok' : outcome.kind === 'failed' ? 'FAILED' : 'n/a'
}
