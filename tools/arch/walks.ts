/**
 * Checks the walks of ARCHITECTURE.md: each is a line `- **Name** ...` whose files stand in backquotes between ` > `.
 * Every file must exist, and each must import the next one.
 */
import type { Finding, SourceFile } from './source-file.ts'

export interface Walk {
  readonly name: string
  /** Relative to packages/ottla/src. */
  readonly paths: readonly string[]
}

const HEADING = /^## .*\bwalks\b/i

export function walksOf(page: string): Walk[] {
  const lines = page.split('\n')
  const from = lines.findIndex(line => HEADING.test(line))
  if (from < 0) return []
  const walks: Walk[] = []
  for (const line of lines.slice(from + 1)) {
    if (line.startsWith('## ')) break
    const name = /^- \*\*([^*]+)\*\*/.exec(line)?.[1]
    if (name === undefined) continue
    const paths = [...line.matchAll(/`([\w./-]+\.ts)`/g)].map(match => match[1]!)
    walks.push({ name, paths })
  }
  return walks
}

export function checkWalks(walks: readonly Walk[], files: readonly SourceFile[]): Finding[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const finding = (walk: Walk, message: string) => ({
    path: 'ARCHITECTURE.md',
    line: 1,
    message: `walk ${walk.name}: ${message}`,
  })
  if (walks.length === 0)
    return [{ path: 'ARCHITECTURE.md', line: 1, message: 'there is no section of walks, or it is empty' }]
  return walks.flatMap(walk => {
    if (walk.paths.length < 2) return [finding(walk, 'names fewer than two files')]
    const missing = walk.paths.filter(path => !byPath.has(path)).map(path => finding(walk, `${path} does not exist`))
    const broken = walk.paths.slice(1).flatMap((path, index) => {
      const from = byPath.get(walk.paths[index]!)
      if (from === undefined || !byPath.has(path)) return []
      return from.imports.some(each => each.path === path)
        ? []
        : [finding(walk, `${from.path} does not import ${path}`)]
    })
    return [...missing, ...broken]
  })
}
