/** Checks that a folder names no global that its rule bans: the world is reached through ports only. */
import { ruleOf } from './imports.ts'
import { fileExceptions } from './rules.ts'
import type { Finding, SourceFile } from './source-file.ts'
import type { Token } from './tokens.ts'

export function checkPurity(files: readonly SourceFile[]): Finding[] {
  return files.filter(file => !file.isTest).flatMap(checkFile)
}

function checkFile(file: SourceFile): Finding[] {
  const rule = ruleOf(file.path)
  if (rule === null) return []
  const allowed = fileExceptions.get(file.path)?.allows ?? []
  const own = declaredNames(file.tokens)
  const banned = new Set(rule.banned.filter(name => !allowed.includes(name) && !own.has(name)))
  const findings: Finding[] = []
  file.tokens.forEach((token, index) => {
    const name = bannedName(file.tokens, index, banned)
    if (name !== null)
      findings.push({ path: file.path, line: token.line, message: `${rule.folder}/ may not name ${name}` })
  })
  return findings
}

/** The banned global at `index`; null for a member (`x.process`), a key (`process: 1`) and everything else. */
function bannedName(tokens: readonly Token[], index: number, banned: ReadonlySet<string>): string | null {
  const token = tokens[index]!
  if (token.kind !== 'name') return null
  const before = tokens[index - 1]?.text
  const after = tokens[index + 1]?.text
  if (before === '.' && tokens[index - 2]?.text !== '.') return reachedByGlobalThis(tokens, index, banned)
  if (token.text === 'Math' && after === '.' && tokens[index + 2]?.text === 'random')
    return banned.has('Math.random') ? 'Math.random' : null
  if (!banned.has(token.text)) return null
  return isKey(tokens, index) ? null : token.text
}

function reachedByGlobalThis(tokens: readonly Token[], index: number, banned: ReadonlySet<string>): string | null {
  const name = tokens[index]!.text
  return tokens[index - 2]?.text === 'globalThis' && banned.has(name) ? `globalThis.${name}` : null
}

/** A key of an object or of a type: `fetch: ...` or `fetch?: ...` at the start of an entry, or a method of an interface. */
function isKey(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text ?? ';'
  const after = tokens[index + 1]?.text
  const startsEntry = before === '{' || before === ',' || before === ';' || before === 'readonly' || before === '}'
  if (startsEntry && (after === ':' || (after === '?' && tokens[index + 2]?.text === ':'))) return true
  const startsLine = (tokens[index - 1]?.line ?? 0) < tokens[index]!.line
  return WORDS_BEFORE_A_NAME.has(before) || ((startsEntry || startsLine) && isMethod(tokens, index))
}

/** `fetch(...) {` or `fetch(...): T`: a method that is declared. A call is followed by neither. */
function isMethod(tokens: readonly Token[], index: number): boolean {
  if (tokens[index + 1]?.text !== '(') return false
  let depth = 0
  for (let at = index + 1; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!
    if (kind !== 'punctuation') continue
    if (text === '(') depth++
    if (text === ')' && --depth === 0) return [':', '{'].includes(tokens[at + 1]?.text ?? '')
  }
  return false
}

/** Everyday words among the banned ones, where the file has a variable or parameter of that name. */
function declaredNames(tokens: readonly Token[]): Set<string> {
  const declared = new Set<string>()
  tokens.forEach((token, index) => {
    if (token.kind !== 'name' || !EVERYDAY_WORDS.has(token.text)) return
    const before = tokens[index - 1]?.text ?? ''
    const after = tokens[index + 1]?.text
    const isParameter = (before === '(' || before === ',') && after === ':'
    if (isParameter || before === 'const' || before === 'let' || isImported(tokens, index)) declared.add(token.text)
  })
  return declared
}

/** Whether the name stands in the braces of an `import { ... }`. */
function isImported(tokens: readonly Token[], index: number): boolean {
  let at = index - 1
  while (at > 0 && (tokens[at]!.kind === 'name' || tokens[at]!.text === ',')) at--
  return tokens[at]?.text === '{' && ['import', 'type'].includes(tokens[at - 1]?.text ?? '')
}

const EVERYDAY_WORDS = new Set(['fetch', 'process', 'crypto', 'performance'])

/** After these a name is declared, not read. */
const WORDS_BEFORE_A_NAME = new Set(['function', 'get', 'set', 'interface', 'type'])
