/**
 * Checks what comments and names of tests cite of our pages: a page that is named exists, and so does the section (`§4`,
 * `§2.4` for its fourth point) or the case (`A13`, `J7`) named with it. Case numbers stand in docs/reliability.md, those
 * of the journal's rules in ARCHITECTURE.md.
 */
import type { Page } from './prose.ts'

export const CASES_PAGE = 'docs/reliability.md'
export const RULES_PAGE = 'ARCHITECTURE.md'

const COMMENT = /(?:^\s*\/?\*+|\/\/)\s(.*)$/
const PAGE = /(?<![\w./-])([\w./-]*\w\.md)\b(?: §(\d+b?)(?:\.(\d+))?)?/g
/** `A13`; not `A-1`, `0xA1` or `SHA1`. */
const CASE = /\b([AGHIJ]\d{1,2})\b/g
/** The cases that begin a test's name. */
const TESTED = /\b(?:test|describe)\(\s*['"`]((?:[AGHIJ]\d{1,2}[\s,:]+(?:and )?)+)/

/** `path:line: what is wrong` for each. `textOf` gives a page by its path from the root, null when there is none. */
export function checkCitations(files: readonly Page[], textOf: (path: string) => string | null): string[] {
  const cases = new Set([...casesIn(textOf(CASES_PAGE) ?? '', 'AGHI'), ...casesIn(textOf(RULES_PAGE) ?? '', 'J')])
  return files.flatMap(file =>
    file.text.split('\n').flatMap((line, index) => {
      const comment = COMMENT.exec(line)?.[1] ?? ''
      const namesPage = comment.includes(CASES_PAGE) || comment.includes(RULES_PAGE)
      const cited = (namesPage ? comment : '') + (TESTED.exec(line)?.[1] ?? '')
      const wrong = [
        ...checkPages(comment, textOf),
        ...[...cited.matchAll(CASE)]
          .filter(([, name]) => !cases.has(name!))
          .map(([name]) => `there is no case ${name}`),
      ]
      return wrong.map(message => `${file.path}:${index + 1}: ${message}`)
    }),
  )
}

function checkPages(comment: string, textOf: (path: string) => string | null): string[] {
  return [...comment.matchAll(PAGE)].flatMap(([, path = '', section, point]) => {
    const text = textOf(path)
    if (text === null) return [`there is no page ${path}`]
    return section === undefined || hasSection(text, section, point) ? [] : [`${path} has no §${section}`]
  })
}

function hasSection(text: string, section: string, point: string | undefined): boolean {
  const body = new RegExp(`^## ${section}\\. .*\\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(text)?.[1]
  return body !== undefined && (point === undefined || new RegExp(`^${point}\\. `, 'm').test(body))
}

/** Every case that the page names, ranges (`A6-A8`) in full. */
function casesIn(text: string, letters: string): Set<string> {
  const cases = new Set<string>()
  for (const [, letter, from, to = from] of text.matchAll(/\b([A-Z])(\d{1,2})(?:-\1(\d{1,2}))?\b/g)) {
    if (!letters.includes(letter!)) continue
    for (let number = Number(from); number <= Number(to); number++) cases.add(`${letter}${number}`)
  }
  return cases
}
