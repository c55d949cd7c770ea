/** One file of packages/ottla/src, as the checks see it: its path there, its tokens and what it imports. */
import { posix } from 'node:path'
import { type Token, tokenize } from './tokens.ts'

export interface Import {
  /** As written. */
  readonly specifier: string
  /** Path below packages/ottla/src for a relative import, else null. */
  readonly path: string | null
  /** `import type`: nothing of it is left at run time. */
  readonly typeOnly: boolean
  readonly line: number
}

export interface SourceFile {
  /** Relative to packages/ottla/src, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly tokens: readonly Token[]
  readonly imports: readonly Import[]
  /** Tests, contract suites, benchmarks and what only they use. */
  readonly isTest: boolean
}

/** One broken rule. */
export interface Finding {
  readonly path: string
  readonly line: number
  readonly message: string
}

/** apps/testing is no test: it is the kit that users test with. */
const TEST_FILE = /(^|\/)((?<!^apps\/)testing\/|testing\.ts$|[^/]*\.(test|contract|fuzz|bench|testing)\.ts$)/

export function sourceFile(path: string, text: string): SourceFile {
  const tokens = tokenize(text)
  return { path, text, tokens, imports: importsOf(path, tokens), isTest: TEST_FILE.test(path) }
}

/** `import ... from 'x'`, `import 'x'`, `export ... from 'x'`, `import('x')`, `require('x')`. */
function importsOf(path: string, tokens: readonly Token[]): Import[] {
  const imports: Import[] = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (token.kind !== 'name' || tokens[i - 1]?.text === '.') continue
    const at = specifierAfter(tokens, i)
    if (at === null) continue
    const { text: specifier, line } = tokens[at]!
    const resolved = specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : null
    imports.push({
      specifier,
      path: resolved,
      typeOnly: tokens[i + 1]?.text === 'type' && tokens[i + 2]?.text !== 'from',
      line,
    })
  }
  return imports
}

/** Index of the module name that the keyword at `i` leads to; null when it leads to none. */
function specifierAfter(tokens: readonly Token[], i: number): number | null {
  const keyword = tokens[i]!.text
  const next = tokens[i + 1]
  if (keyword === 'import' || keyword === 'require') {
    if (next?.text === '(' && next.kind === 'punctuation') return tokens[i + 2]?.kind === 'string' ? i + 2 : null
    if (next?.kind === 'string' && keyword === 'import') return i + 1
  }
  if (keyword !== 'import' && keyword !== 'export') return null
  for (let at = i + 1; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!
    if (kind === 'string') return tokens[at - 1]?.text === 'from' ? at : null
    const inClause = kind === 'name' || '{},*'.includes(text)
    if (!inClause || CLAUSE_ENDS.has(text)) return null
  }
  return null
}

/** Names that begin something else than the list of an import or export. */
const CLAUSE_ENDS = new Set([
  'const',
  'let',
  'var',
  'function',
  'class',
  'interface',
  'async',
  'abstract',
  'enum',
  'declare',
])
