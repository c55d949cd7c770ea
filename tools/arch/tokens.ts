/**
 * Splits TypeScript text into the tokens that the architecture test looks at: names, punctuation, strings. Comments,
 * regular expressions and the text of templates are dropped; code inside `${}` is kept. Not a parser: it knows just
 * enough to never take the inside of a string or comment for code.
 */

export interface Token {
  readonly kind: 'name' | 'punctuation' | 'string'
  /** For a string, its content without quotes, escapes as written. */
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** After these a slash begins a regular expression, not a division. */
const BEFORE_REGEX = new Set(
  '( , = : [ ! & | ? { } ; + - * % ~ ^ < > return typeof instanceof in of case delete void throw new do else'.split(
    ' ',
  ),
)
const NAME = /[\p{ID_Start}_$#][\p{ID_Continue}$]*/uy
const NUMBER = /\d[\w.]*/y
const REGEX = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y

export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  /** For each open `${`, how many braces are open inside it. */
  const templates: number[] = []
  let at = 0
  let line = 1
  const push = (kind: Token['kind'], text: string) => tokens.push({ kind, text, line })
  const skipTo = (end: number) => {
    for (let i = at; i < end; i++) if (source[i] === '\n') line++
    at = end
  }
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0] ?? null
  }
  while (at < source.length) {
    const char = source[at]!
    const next = source[at + 1]
    if (char === '/' && next === '/') skipTo(endOf(source, '\n', at))
    else if (char === '/' && next === '*') skipTo(endOf(source, '*/', at + 2))
    else if (char === "'" || char === '"') {
      const end = closingQuote(source, at)
      push('string', source.slice(at + 1, end - 1))
      skipTo(end)
    } else if (char === '`' || (char === '}' && templates.at(-1) === 0)) {
      if (char === '}') templates.pop()
      const part = templatePart(source, at + 1)
      if (part.opens) templates.push(0)
      push('string', source.slice(at + 1, part.opens ? part.end - 2 : part.end - 1))
      skipTo(part.end)
    } else if (
      char === '/' &&
      (tokens.length === 0 || BEFORE_REGEX.has(tokens.at(-1)!.text)) &&
      match(REGEX) !== null
    ) {
      push('string', '')
      skipTo(at + match(REGEX)!.length)
    } else {
      const word = match(NAME) ?? match(NUMBER)
      if (word !== null) push('name', word)
      else if (!/\s/.test(char)) {
        push('punctuation', char)
        if (char === '{' && templates.length > 0) templates.push(templates.pop()! + 1)
        if (char === '}' && templates.length > 0) templates.push(templates.pop()! - 1)
      }
      skipTo(at + (word?.length ?? 1))
    }
  }
  return tokens
}

/** Position after the next `mark`, or the end of the text. */
function endOf(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from)
  return found < 0 ? source.length : found + mark.length
}

function closingQuote(source: string, from: number): number {
  const quote = source[from]
  let at = from + 1
  while (at < source.length && source[at] !== quote && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1
  return at + 1
}

/** The text of a template up to its end or to the next `${`, which then is the last thing before `end`. */
function templatePart(source: string, from: number): { end: number; opens: boolean } {
  let at = from
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '$' && source[at + 1] === '{') return { end: at + 2, opens: true }
    at += source[at] === '\\' ? 2 : 1
  }
  return { end: at + 1, opens: false }
}
