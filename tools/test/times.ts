/** How long each test file took when it last ran, so that the longest begin first and no core is idle at the end. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const fileOf = (root: string) => join(root, '.cache', 'test-times.json')

/** Milliseconds by path. Empty where nothing was noted, or nothing that can be read: only the order depends on it. */
export function readTimes(root: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(fileOf(root), 'utf8'))
  } catch {
    return {}
  }
}

/** Notes the files that ran; what was noted of others stays. */
export function noteTimes(root: string, took: ReadonlyMap<string, number>): void {
  const times = { ...readTimes(root), ...Object.fromEntries([...took].map(([path, ms]) => [path, Math.round(ms)])) }
  mkdirSync(dirname(fileOf(root)), { recursive: true })
  writeFileSync(fileOf(root), JSON.stringify(times))
}

/** The longest first; files that never ran come before them. */
export function longestFirst(paths: readonly string[], times: Readonly<Record<string, number>>): string[] {
  const of = (path: string) => times[path] ?? Number.POSITIVE_INFINITY
  return paths.toSorted((a, b) => (of(a) === of(b) ? 0 : of(b) - of(a)))
}
