import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, behaviour, notApplicable } from './behaviour.ts'
import { behaviours } from './catalog.ts'
import { type Difference, differences } from './differences.ts'
import { count, report, reportDifferences, reportDisagreements } from './report.ts'
import type { Outcome } from './run.ts'

const [one, two, three] = [
  behaviour(1, 'first', async () => {}),
  behaviour(2, 'second', async () => {}),
  notApplicable(3, 'third', 'needs more'),
]
const outcomes = (first: Outcome, second: Outcome) =>
  new Map<Behaviour, Outcome>([
    [one, first],
    [two, second],
    [three, { kind: 'n/a', reason: three.reason }],
  ])
const passed: Outcome = { kind: 'passed', tookMs: 1_234 }
const failed: Outcome = { kind: 'failed', tookMs: 10, message: 'a is\nnot b' }

test('there are forty behaviours, each number once', () => {
  assert.deepEqual(
    behaviours.map(each => each.number),
    Array.from({ length: 40 }, (_, index) => index + 1),
  )
  for (const each of behaviours) assert.equal(each.run === null, each.reason !== '', each.title)
})

test('a difference belongs to a behaviour that runs, and is one', () => {
  for (const [id, row] of Object.entries<Difference>(differences)) {
    assert.ok(behaviours.find(each => each.number === row.behaviour)?.run, id)
    assert.notEqual(row.kafka, row.ottla, id)
    assert.ok(row.why.length > 20, `${id} is argued`)
  }
})

test('the table has a column for each broker, and tells what failed where', () => {
  const columns = new Map([
    ['kafka', outcomes(passed, passed)],
    ['ottla', outcomes(passed, failed)],
  ])
  assert.equal(
    report(columns),
    `
| # | behaviour | kafka           | ottla           |
|---|-----------|-----------------|-----------------|
| 1 | first     | passed 1.2 s    | passed 1.2 s    |
| 2 | second    | passed 1.2 s    | failed 0.0 s    |
| 3 | third     | n/a: needs more | n/a: needs more |

failed:
- ottla, 2: a is
    not b`.trimStart(),
  )
  assert.equal(reportDisagreements(columns), 'not the same on both:\n- 2, second: kafka passed, ottla failed')
  assert.deepEqual([count(columns, 'passed'), count(columns, 'failed'), count(columns, 'n/a')], [3, 1, 2])
})

test('one broker alone disagrees with nobody', () => {
  assert.equal(reportDisagreements(new Map([['ottla', outcomes(passed, failed)]])), '')
  assert.equal(reportDifferences([]), '')
})
