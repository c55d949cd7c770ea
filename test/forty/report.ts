/** What a run prints: one table with a row for each behaviour, why some were not run, what failed, and the differences. */
import type { Behaviour } from './behaviour.ts'
import type { Difference } from './differences.ts'
import type { Outcome } from './run.ts'

export type Outcomes = ReadonlyMap<Behaviour, Outcome>

/** `columns`: outcomes of each broker, by its name, of the same behaviours in the same order. */
export function report(columns: ReadonlyMap<string, Outcomes>): string {
  const names = [...columns.keys()]
  const behaviours = [...[...columns.values()][0]!.keys()]
  const rows = behaviours.map(behaviour => [
    String(behaviour.number),
    behaviour.title,
    ...names.map(name => cell(columns.get(name)!.get(behaviour)!)),
  ])
  const failed = names.flatMap(name =>
    [...columns.get(name)!].flatMap(([behaviour, outcome]) =>
      outcome.kind === 'failed'
        ? [`- ${name}, ${behaviour.number}: ${outcome.message.replaceAll('\n', '\n    ')}`]
        : [],
    ),
  )
  return sections(table(['#', 'behaviour', ...names], rows).join('\n'), titled('failed:', failed))
}

/** The deliberate differences, argued. Empty when there are none. */
export function reportDifferences(rows: readonly Difference[]): string {
  return titled(
    'deliberate differences:',
    rows.map(row => `- ${row.behaviour}, ${row.what}: Kafka ${row.kafka}, Ottla ${row.ottla}. ${row.why}`),
  )
}

/** Behaviours that passed on one broker and failed on another. */
export function reportDisagreements(columns: ReadonlyMap<string, Outcomes>): string {
  const [first, ...others] = [...columns.values()]
  const kinds = (behaviour: Behaviour) => [...columns.values()].map(outcomes => outcomes.get(behaviour)!.kind)
  const lines = [...first!.keys()]
    .filter(behaviour => others.length > 0 && new Set(kinds(behaviour)).size > 1)
    .map(
      behaviour =>
        `- ${behaviour.number}, ${behaviour.title}: ${[...columns.keys()].map((name, index) => `${name} ${kinds(behaviour)[index]}`).join(', ')}`,
    )
  return titled('not the same on both:', lines)
}

export function count(columns: ReadonlyMap<string, Outcomes>, kind: Outcome['kind']): number {
  return [...columns.values()].flatMap(outcomes => [...outcomes.values()]).filter(outcome => outcome.kind === kind)
    .length
}

function cell(outcome: Outcome): string {
  if (outcome.kind === 'n/a') return `n/a: ${outcome.reason}`
  return `${outcome.kind} ${(outcome.tookMs / 1_000).toFixed(1)} s`
}

/** Empty when there are no lines. */
function titled(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines].join('\n')
}

/** With a blank line between them; empty ones are left out. */
export function sections(...texts: readonly string[]): string {
  return texts.filter(text => text !== '').join('\n\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  const rendered = lines.map(line => `| ${line.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`)
  rendered.splice(1, 0, `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`)
  return rendered
}
