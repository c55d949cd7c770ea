/** Names stay while somebody reads by them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileGate } from './file-gate.ts'

test('whoever renames waits for those who read, and those who come then wait for it', async () => {
  const gate = new FileGate()
  const order: string[] = []
  const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const readers = ends.map(({ promise }, i) =>
    gate.shared(async () => {
      order.push(`reader ${i}`)
      await promise
    }),
  )
  const renamed = gate.alone(async () => {
    order.push('rename')
    await Promise.resolve()
    order.push('renamed')
  })
  const late = gate.shared(async () => {
    order.push('late reader')
  })
  for (const { resolve } of ends) resolve()
  await Promise.all([...readers, renamed, late])
  assert.deepEqual(order, ['reader 0', 'reader 1', 'rename', 'renamed', 'late reader'])
})

test('a failure inside lets the others on', async () => {
  const gate = new FileGate()
  const fail = (): Promise<void> => Promise.reject(new Error('no'))
  await assert.rejects(gate.shared(fail))
  await assert.rejects(gate.alone(fail))
  assert.equal(await gate.alone(() => Promise.resolve(1)), 1)
  assert.equal(await gate.shared(() => Promise.resolve(2)), 2)
})

test('whoever is inside may enter once more when nobody waits to be alone, and is told when somebody does', async () => {
  const gate = new FileGate()
  const inner = Promise.withResolvers<void>()
  const order: string[] = []
  let renamed: Promise<void> | null = null
  await gate.shared(async () => {
    assert.ok(gate.sharedNow(() => inner.promise.then(() => void order.push('inner'))))
    renamed = gate.alone(async () => void order.push('renamed'))
    assert.equal(
      gate.sharedNow(async () => {}),
      null,
    )
  })
  inner.resolve()
  await renamed
  assert.deepEqual(order, ['inner', 'renamed'])
})
