import assert from 'node:assert/strict'
import { test } from 'node:test'
import { behaviour, notApplicable } from './behaviour.ts'
import type { ClusterSetup } from './cluster.ts'
import { type Difference, differences } from './differences.ts'
import { outcomeOf } from './run.ts'

const unreachable = (): never => assert.fail('no broker is needed here')
const setup: ClusterSetup = {
  name: 'ottla',
  address: unreachable,
  secondAddress: unreachable,
  start: unreachable,
  broker: unreachable,
}

test('a behaviour that throws has failed, with the reason', async () => {
  const outcome = await outcomeOf(
    behaviour(1, 'fails', async () => assert.equal(1, 2, 'one is two')),
    setup,
  )
  assert.equal(outcome.kind, 'failed')
  assert.match(outcome.kind === 'failed' ? outcome.message : '', /one is two/)
  const fine = await outcomeOf(
    behaviour(1, 'passes', async () => {}),
    setup,
  )
  assert.equal(fine.kind, 'passed')
  assert.deepEqual(await outcomeOf(notApplicable(1, 'absent', 'why'), setup), { kind: 'n/a', reason: 'why' })
})

test('a listed difference that the behaviour does not assert fails it', async () => {
  const [id, row] = Object.entries<Difference>(differences)[0]!
  const forgets = await outcomeOf(
    behaviour(row.behaviour, 'forgets', async () => {}),
    setup,
  )
  assert.match(forgets.kind === 'failed' ? forgets.message : '', new RegExp(`nothing asserts: ${id}`))
  const asserts = behaviour(row.behaviour, 'asserts', async cluster => {
    for (const [each, { behaviour }] of Object.entries<Difference>(differences)) {
      if (behaviour === row.behaviour) assert.ok(cluster.either(each as keyof typeof differences))
    }
  })
  assert.equal((await outcomeOf(asserts, setup)).kind, 'passed')
})
