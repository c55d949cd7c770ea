import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const SOURCES = join(import.meta.dirname, '..')
const PAGE = join(SOURCES, '..', '..', '..', 'docs', 'invariants.md')

/** Numbers like I-03 in a text; `I-10 to I-13` names the four. */
function numbersIn(text: string): Set<number> {
  const found = new Set<number>()
  for (const [, first, last] of text.matchAll(/\bI-(\d\d)(?: to I-(\d\d))?/g)) {
    for (let number = Number(first); number <= Number(last ?? first); number++) found.add(number)
  }
  return found
}

function citedIn(folder: string, isTest: boolean): Set<number> {
  const cited = new Set<number>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts') !== isTest) continue
    for (const number of numbersIn(readFileSync(join(folder, file), 'utf8'))) cited.add(number)
  }
  return cited
}

const named = (number: number) => String(number).padStart(2, '0')

const listed = [...readFileSync(PAGE, 'utf8').matchAll(/^- \*\*I-(\d\d) /gm)].map(match => Number(match[1]))

test('invariants are numbered 1, 2, 3 and so on', () => {
  assert.deepEqual(
    listed,
    listed.map((_, i) => i + 1),
  )
})

test('every invariant is cited where it is kept and where it is tried; none is cited that is not listed', () => {
  const kept = citedIn(SOURCES, false)
  const tried = citedIn(SOURCES, true)
  for (const number of listed) {
    assert.ok(kept.has(number), `I-${named(number)} is cited by no code`)
    assert.ok(tried.has(number), `I-${named(number)} is cited by no test`)
  }
  for (const number of [...kept, ...tried]) assert.ok(listed.includes(number), `I-${named(number)} is not listed`)
})

test('ranges of numbers are read', () => {
  assert.deepEqual(numbersIn('(I-02, I-10 to I-12)'), new Set([2, 10, 11, 12]))
})
