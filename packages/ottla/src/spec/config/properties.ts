/**
 * Reads the text of a Java properties file: `key=value`, `key: value` or `key value`, comments with # or !, escapes, and
 * lines continued by a backslash at their end. Reads only; what keys mean is not known here. Source: the documented
 * format of java.util.Properties.load.
 */

export interface Property {
  readonly key: string
  readonly value: string
  /** Line of the file where the entry begins, from 1. */
  readonly line: number
}

export interface PropertiesText {
  /** In the order of the file; a key may come twice. */
  readonly entries: readonly Property[]
  /** Lines that cannot be read. */
  readonly malformed: readonly { readonly line: number; readonly why: string }[]
}

export function parseProperties(text: string): PropertiesText {
  const entries: Property[] = []
  const malformed: { line: number; why: string }[] = []
  for (const { text: logical, line } of logicalLines(text)) {
    const split = keyEnd(logical)
    const key = unescapeText(logical.slice(0, split.keyEnd))
    const value = unescapeText(logical.slice(split.valueStart))
    if (key === null || value === null) malformed.push({ line, why: 'a \\u escape has four hexadecimal digits' })
    else if (key === '') malformed.push({ line, why: 'there is no key before the separator' })
    else entries.push({ key, value, line })
  }
  return { entries, malformed }
}

/** Lines joined over trailing backslashes, without comments and blank lines, leading blanks removed. */
function* logicalLines(text: string): Generator<{ text: string; line: number }> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1
    let joined = trimBlanks(lines[i]!)
    if (joined === '' || joined.startsWith('#') || joined.startsWith('!')) continue
    while (endsInEscape(joined)) {
      const next = lines[++i]
      joined = joined.slice(0, -1) + trimBlanks(next ?? '')
      if (next === undefined) break
    }
    yield { text: joined, line }
  }
}

function trimBlanks(text: string): string {
  return text.replace(/^[ \t\f]+/, '')
}

/** An odd number of backslashes at the end: the last one is not itself escaped. */
function endsInEscape(text: string): boolean {
  let count = 0
  while (text[text.length - 1 - count] === '\\') count++
  return count % 2 === 1
}

/** The first unescaped blank, = or : ends the key; blanks and one = or : around it belong to neither side. */
function keyEnd(text: string): { keyEnd: number; valueStart: number } {
  let end = 0
  while (end < text.length && !'=: \t\f'.includes(text[end]!)) end += text[end] === '\\' ? 2 : 1
  end = Math.min(end, text.length)
  const rest = /^[ \t\f]*[=:]?[ \t\f]*/.exec(text.slice(end))
  return { keyEnd: end, valueStart: end + (rest?.[0].length ?? 0) }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
])

/** Null when a \u escape is broken. A backslash before any other character is dropped. */
function unescapeText(text: string): string | null {
  if (!text.includes('\\')) return text
  let out = ''
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      out += text[i]
      continue
    }
    const next = text[++i]
    if (next === undefined) break
    if (next !== 'u') {
      out += ESCAPES.get(next) ?? next
      continue
    }
    const digits = text.slice(i + 1, i + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return null
    out += String.fromCharCode(Number.parseInt(digits, 16))
    i += 4
  }
  return out
}
