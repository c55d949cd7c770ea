/**
 * Finds one-line guards in source text, and what the line is without each: an `if` that returns, throws, continues or
 * breaks; an assertion; a bound by Math.min or Math.max. By lines, not by syntax: what does not compile without its
 * guard is for the type checker to say.
 */

export type GuardKind = 'if' | 'assert' | 'clamp'

export interface Guard {
  /** From the root of the repository. */
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly kind: GuardKind
  /** The whole line, and the line without the guard. */
  readonly before: string
  readonly after: string
}

const IF_LINE = /^\s*if \(.*\) (?:return|throw|continue|break)\b/
const ASSERT_LINE = /^\s*assert\(.*\)$/
const COMMENT_LINE = /^\s*(?:\/\/|\/\*|\*)/
/** A planted bug's switch guards nothing. */
const NO_GUARD = /\bplanted\(/
const CLAMP = /\bMath\.(?:max|min)\(/g
const NUMBER = /^-?[\d_.]+$/

export function guardsIn(path: string, text: string): Guard[] {
  const lines = text.split('\n')
  return lines.flatMap((before, index): Guard[] => {
    if (COMMENT_LINE.test(before) || NO_GUARD.test(before)) return []
    const place = { path, line: index + 1, before }
    const hasElse = /^\s*else\b/.test(lines[index + 1] ?? '')
    if (IF_LINE.test(before) && !hasElse && isBalanced(before)) return [{ ...place, kind: 'if', after: '' }]
    if (ASSERT_LINE.test(before) && isBalanced(before)) return [{ ...place, kind: 'assert', after: '' }]
    return clampsOf(before).map(after => ({ ...place, kind: 'clamp', after }))
  })
}

/** The line once for each bound in it, with the bounded value alone in its place. */
function clampsOf(line: string): string[] {
  return [...line.matchAll(CLAMP)].flatMap(match => {
    const open = match.index + match[0].length
    const args = argumentsAt(line, open)
    if (args === null) return []
    const values = args.texts.filter(text => !NUMBER.test(text) && !text.startsWith('...'))
    return values.map(value => `${line.slice(0, match.index)}(${value})${line.slice(args.end)}`)
  })
}

/** The arguments of a call whose first one begins at `start`, and the position after its closing bracket. Null: not on this line. */
function argumentsAt(line: string, start: number): { readonly texts: string[]; readonly end: number } | null {
  const texts: string[] = []
  let depth = 0
  let from = start
  for (let at = start; at < line.length; at++) {
    const character = line[at] as string
    if ('([{'.includes(character)) depth++
    else if (depth > 0 && ')]}'.includes(character)) depth--
    else if (character === ',' && depth === 0) {
      texts.push(line.slice(from, at).trim())
      from = at + 1
    } else if (character === ')') {
      texts.push(line.slice(from, at).trim())
      return { texts, end: at + 1 }
    }
  }
  return null
}

/** The statement ends on its line: every bracket is closed. */
function isBalanced(line: string): boolean {
  let depth = 0
  for (const character of line) {
    if ('([{'.includes(character)) depth++
    else if (')]}'.includes(character)) depth--
  }
  return depth === 0
}
