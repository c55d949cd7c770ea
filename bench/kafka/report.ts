/** What the run prints: each row with its sides, goals and verdicts, and a table of all of them at the end. */
import { figureNames, figures, type Sample, writeFigure } from './figures.ts'
import { type Goal, judge, type Samples, type Side, type Verdict, valuesOf } from './goals.ts'
import type { Measured } from './rounds.ts'
import { contendersOf, keyOf, type Row } from './rows.ts'
import { type Spread, spreadOf } from './statistics.ts'

const sideTitles = {
  ottla: 'Ottla',
  kafka: 'Apache Kafka',
  bare: 'bare loop',
  'bare-twice': 'bare, twice',
} as const satisfies Record<Side, string>

/** A row and what was measured for it. */
export interface RowResult {
  readonly row: Row
  readonly sides: readonly Measured[]
  readonly verdicts: readonly Verdict[]
}

/** `measured` by {@link keyOf}; contenders that were not run are left out. */
export function resultOf(row: Row, measured: ReadonlyMap<string, Measured>): RowResult {
  const sides = contendersOf(row)
    .map(contender => measured.get(keyOf(contender)))
    .filter(each => each !== undefined)
  const samples: Samples = Object.fromEntries(sides.map(each => [each.contender.side, each.samples]))
  return { row, sides, verdicts: row.goals.map(goal => judge(goal, samples)) }
}

/** The row's sides as a small table, then a line for each goal. */
export function rowText({ row, sides, verdicts }: RowResult): string {
  const used = figureNames.filter(name => sides.some(side => valuesOf(side.samples, name).length > 0))
  const head = ['', 'durability', ...used.map(name => figures[name].title)]
  const lines = sides.map(side => [
    sideTitles[side.contender.side],
    side.durability,
    ...used.map(name => spreadText(name, side.samples)),
  ])
  const rounds = Math.max(0, ...sides.map(side => side.samples.length))
  const title = `${row.name}: ${row.workload.title} (${rounds} ${rounds === 1 ? 'round' : 'rounds'})`
  return [title, ...aligned([head, ...lines]), ...verdicts.map(verdictLine)].join('\n')
}

function verdictLine(verdict: Verdict): string {
  const measured = verdict.outcome === 'unmeasured' ? 'not measured' : measuredText(verdict)
  return `  ${verdict.outcome === 'met' ? 'met   ' : verdict.outcome === 'missed' ? 'MISSED' : '-     '} ${goalText(verdict.goal)}: ${measured}`
}

/** For example `MB/s >= 1.2 of Apache Kafka's`. */
export function goalText({ figure, against, bound, value }: Goal): string {
  const sign = bound === 'atLeast' ? '>=' : '<='
  return `${figures[figure].title} ${sign} ${Number(value.toFixed(4))}${against === null ? '' : ` of ${sideTitles[against]}'s`}`
}

function measuredText({ goal, measured: { median, min, max } }: Verdict): string {
  const write = (value: number) => (goal.against === null ? writeFigure(goal.figure, value) : ratioText(value))
  return `${write(median)} (${write(min)}-${write(max)})`
}

/** Small ratios need more digits to be told from their goals. */
function ratioText(ratio: number): string {
  return ratio < 0.1 ? ratio.toFixed(4) : ratio.toFixed(2)
}

function spreadText(name: keyof typeof figures, samples: readonly Sample[]): string {
  const { median, min, max }: Spread = spreadOf(valuesOf(samples, name))
  const [middle, least, most] = [median, min, max].map(value => writeFigure(name, value))
  return least === most ? (middle as string) : `${middle} (${least}-${most})`
}

/** The table of the whole run, as Markdown: one line a goal. */
export function tableText(results: readonly RowResult[]): string {
  const lines = results.flatMap(({ row, sides, verdicts }) =>
    verdicts.map(verdict => {
      const { figure, against } = verdict.goal
      const other = against ?? 'kafka'
      const cell = (side: Side) => {
        const found = sides.find(each => each.contender.side === side)
        if (found === undefined) return '-'
        const values = valuesOf(found.samples, figure)
        return values.length === 0 ? '-' : `${spreadText(figure, found.samples)}, ${found.durability}`
      }
      const theirs = other === 'kafka' ? cell('kafka') : `${cell(other)} (${sideTitles[other]})`
      const measured = verdict.outcome === 'unmeasured' ? '-' : measuredText(verdict)
      return [row.name, figures[figure].title, cell('ottla'), theirs, measured, goalText(verdict.goal), verdict.outcome]
    }),
  )
  const head = ['row', 'figure', 'Ottla', 'Apache Kafka', 'ratio (or figure)', 'goal', 'outcome']
  return [head, head.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** For example `21 goals met, 3 missed, 1 not measured`. */
export function countsText(results: readonly RowResult[]): string {
  const count = (outcome: Verdict['outcome']) =>
    results.flatMap(each => each.verdicts).filter(each => each.outcome === outcome).length
  return `${count('met')} goals met, ${count('missed')} missed, ${count('unmeasured')} not measured`
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map(line => (line[column] ?? '').length)))
  return table.map(line => `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
