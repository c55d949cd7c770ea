import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CowMap } from './cow-map.ts'

const key = fc.oneof(fc.integer({ min: 0, max: 150 }).map(String), fc.constantFrom('__proto__', 'constructor', ''))
const change = fc.record({ key, remove: fc.boolean(), last: fc.boolean() })

test('every version keeps its own contents, like a Map copied at each change', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), changes => {
      let map = CowMap.empty<string, number>()
      let model = new Map<string, number>()
      const versions: [CowMap<string, number>, Map<string, number>][] = [[map, model]]
      let draft = map.draft()
      model = new Map(model)
      for (const [i, { key, remove, last }] of changes.entries()) {
        if (remove) assert.equal(draft.delete(key), model.delete(key))
        else {
          draft.set(key, i)
          model.set(key, i)
        }
        assert.equal(draft.get(key), model.get(key))
        assert.equal(draft.size, model.size)
        if (!last) continue
        map = draft.finish()
        versions.push([map, model])
        draft = map.draft()
        model = new Map(model)
      }
      for (const [version, expected] of versions) {
        assert.deepEqual(new Map(version), expected)
        assert.equal(version.size, expected.size)
        assert.deepEqual(new Set(version.keys()), new Set(expected.keys()))
        assert.deepEqual([...version.values()].sort(), [...expected.values()].sort())
        for (const [each, value] of expected) assert.equal(version.get(each), value)
        assert.equal(version.has('absent'), false)
      }
    }),
    { numRuns: 200 },
  )
})

test('shards stay small with number keys and with text keys', () => {
  const numbers = CowMap.empty<number, number>().draft()
  const texts = CowMap.empty<string, number>().draft()
  for (let i = 0; i < 10_000; i++) {
    numbers.set(i, i)
    texts.set(`topic-${i}`, i)
  }
  // A change copies one shard: with 10,000 entries far less than the whole.
  for (const map of [numbers.finish(), texts.finish()]) {
    const counts = map.shardSizes()
    assert.ok(Math.max(...counts) < 80, `largest shard ${Math.max(...counts)}`)
  }
})

test('a finished draft is not changed', () => {
  const draft = CowMap.empty<string, number>().draft()
  draft.set('a', 1).finish()
  assert.throws(() => draft.set('b', 2), /finished draft/)
})
