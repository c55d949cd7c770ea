/**
 * Checks the walks of ARCHITECTURE.md: each is a line `- **Name** ...` whose files stand in backquotes between ` > `,
 * where the left file imports the right one, or ` < `, where the left one is an interface that the right one stands
 * behind (and imports). Every file must exist, and every link hold.
 */
import type { Finding, SourceFile } from './source-file.ts'

export interface Walk {
  readonly name: string
  /** Relative to packages/ottla/src. */
  readonly paths: readonly string[]
  /** What stands between each two paths. */
  readonly links: readonly ('>' | '<')[]
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
    if (name !== undefined) walks.push({ name, ...chainOf(line) })
  }
  return walks
}

/** Files and the signs between them, in order; a file that comes first in a line has no sign before it. */
function chainOf(line: string): { paths: string[]; links: ('>' | '<')[] } {
  const paths: string[] = []
  const links: ('>' | '<')[] = []
  for (const match of line.matchAll(/(?: ([><]) )?`([\w./-]+\.ts)`/g)) {
    if (paths.length > 0) links.push(match[1] === '<' ? '<' : '>')
    paths.push(match[2]!)
  }
  return { paths, links }
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
    const broken = walk.links.flatMap((link, index) => {
      const left = byPath.get(walk.paths[index]!)
      const right = byPath.get(walk.paths[index + 1]!)
      if (left === undefined || right === undefined) return []
      const [from, to] = link === '>' ? [left, right] : [right, left]
      return from.imports.some(each => each.path === to.path)
        ? []
        : [finding(walk, `${from.path} does not import ${to.path}`)]
    })
    return [...missing, ...broken]
  })
}
