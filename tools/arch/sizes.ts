/**
 * Checks sizes: lines of a file, lines of a function. Larger ones stand in size-exceptions.json with their size and a
 * reason; an entry may only shrink, and goes when the file no longer needs it.
 */
import { execFileSync } from 'node:child_process'
import { FILE_LINES_MAX, FUNCTION_LINES_MAX, GENERATED } from './rules.ts'
import type { Finding, SourceFile } from './source-file.ts'

export interface SizeException {
  readonly path: string
  /** Most lines the file may have; absent: the common limit. */
  readonly fileLines?: number
  /** Most lines a function of the file may have; absent: the common limit. */
  readonly functionLines?: number
  readonly why: string
}

/** Lines of a function's body, where it begins. */
export interface FunctionSize {
  readonly path: string
  readonly line: number
  readonly lines: number
}

export function checkSizes(
  files: readonly SourceFile[],
  functions: readonly FunctionSize[],
  exceptions: readonly SizeException[],
): Finding[] {
  const findings: Finding[] = []
  const byPath = new Map(exceptions.map(each => [each.path, each]))
  const longest = new Map<string, number>()
  for (const each of functions) {
    longest.set(each.path, Math.max(each.lines, longest.get(each.path) ?? 0))
    const max = byPath.get(each.path)?.functionLines ?? FUNCTION_LINES_MAX
    if (each.lines > max) findings.push({ ...each, message: `a function of ${each.lines} lines: at most ${max}` })
  }
  for (const file of files) {
    if (file.path.startsWith(GENERATED)) continue
    const lines = lineCount(file.text)
    const max = byPath.get(file.path)?.fileLines ?? FILE_LINES_MAX
    if (lines > max) findings.push({ path: file.path, line: max, message: `${lines} lines: at most ${max}` })
  }
  const paths = new Map(files.map(file => [file.path, lineCount(file.text)]))
  return [
    ...findings,
    ...exceptions.flatMap(each => staleException(each, paths.get(each.path), longest.get(each.path))),
  ]
}

/** An exception that is larger than what it excuses: the list may only shrink. */
function staleException(each: SizeException, fileLines: number | undefined, longest = 0): Finding[] {
  const finding = (message: string) => [
    { path: each.path, line: 1, message: `tools/arch/size-exceptions.json: ${message}` },
  ]
  if (fileLines === undefined) return finding('there is no such file; remove the entry')
  if (each.fileLines !== undefined && fileLines < each.fileLines)
    return finding(`the file has ${fileLines} lines now; lower the entry`)
  if (each.functionLines !== undefined && longest < each.functionLines) {
    return finding(`the longest function has ${longest} lines now; lower the entry`)
  }
  return []
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

/**
 * Functions of `folder` above the common limit, counted by biome's parser under the biome.json of `cwd`. `biome` is the
 * program's path.
 */
export function measureFunctions(biome: string, cwd: string, folder: string): FunctionSize[] {
  const args = [
    'lint',
    '--only=complexity/noExcessiveLinesPerFunction',
    '--reporter=json',
    '--max-diagnostics=none',
    folder,
  ]
  const output = execFileSync(biome, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { diagnostics } = JSON.parse(output) as { diagnostics: readonly BiomeDiagnostic[] }
  return diagnostics.map(({ message, location }) => {
    const lines = /\((\d+)\)/.exec(message)?.[1]
    if (lines === undefined) throw new Error(`biome says something unexpected: ${message}`)
    return { path: location.path.replace(`${folder}/`, ''), line: location.start.line, lines: Number(lines) }
  })
}

interface BiomeDiagnostic {
  readonly message: string
  readonly location: { readonly path: string; readonly start: { readonly line: number } }
}
