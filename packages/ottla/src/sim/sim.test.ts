/** The simulator itself: that it is deterministic, that it finds what it is there for, and that the tree holds today. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import type { PlantedBug } from '../base/planted.ts'
import { readOptions } from './options.ts'
import { judge, type WorkloadName, workloads } from './verdict.ts'

const minute = { timeout: 60_000 }

describe('the simulator', () => {
  for (const workload of workloads) {
    test(`${workload}: what holds, holds, and a seed is one run however often it is run`, minute, async () => {
      for (const seed of workload === 'broker' ? [1] : [1, 2]) {
        const first = await judge(seed, { workload })
        assert.deepEqual(first.problems, [], `seed ${seed}`)
        assert.ok(first.steps > 100 && first.lives >= 1)
        const second = await judge(seed, { workload })
        assert.equal(second.traceHash, first.traceHash, `seed ${seed}`)
        assert.deepEqual(second.journal, first.journal)
      }
    })
  }

  test('a seed is the same run in another process', minute, async () => {
    const workload = 'groups'
    const here = [(await judge(3, { workload })).traceHash, (await judge(4, { workload })).traceHash]
    const main = new URL('./main.ts', import.meta.url).pathname
    const args = [main, '--seed', '3', '--seeds', '2', '--workload', workload, '--verbose']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', chunk => {
      output += chunk
    })
    await once(child, 'close')
    for (const hash of here) assert.match(output, new RegExp(`trace ${hash}`))
  })

  // Seeds that find a bug at once; `npm run sim -- --bug all` looks for itself.
  const finds: readonly [PlantedBug, WorkloadName][] = [
    ['reply-before-sync', 'storage'],
    ['truncation-not-journaled', 'storage'],
    ['journal-not-replayed', 'broker'],
    ['group-reply-before-durable', 'groups'],
    ['offsets-not-reloaded', 'groups'],
  ]
  for (const [bug, workload] of finds) {
    test(`${bug} is found`, minute, async () => {
      for (let seed = 1; seed <= 40; seed++) {
        if ((await judge(seed, { workload, bugs: [bug] })).problems.length > 0) return
      }
      assert.fail('40 seeds found nothing')
    })
  }

  test('planted bugs are gone after a run', minute, async () => {
    await judge(1, { workload: 'storage', bugs: ['reply-before-sync'] })
    assert.deepEqual((await judge(1, { workload: 'storage' })).problems, [])
  })
})

describe('the command line', () => {
  test('one seed, many seeds, bugs', () => {
    const one = readOptions(['--seed', '7'])
    assert.ok(typeof one !== 'string')
    assert.deepEqual([one.seed, one.count, one.isVerbose], [7, 1, true])
    const many = readOptions(['--seeds', '50', '--jobs', '2', '--workload', 'storage'])
    assert.ok(typeof many !== 'string')
    assert.deepEqual([many.seed, many.count, many.jobs, many.workload, many.isVerbose], [1, 50, 2, 'storage', false])
    const hunt = readOptions(['--bug', 'index-trusted'])
    assert.ok(typeof hunt !== 'string')
    assert.deepEqual([hunt.bugs, hunt.count], [['index-trusted'], 1000])
  })

  test('what cannot be is told', () => {
    assert.match(String(readOptions(['--bug', 'none-such'])), /none-such/)
    assert.match(String(readOptions(['--seeds', 'many'])), /many/)
    assert.match(String(readOptions(['--workload', 'x'])), /one of broker, storage, groups/)
    assert.match(String(readOptions(['--what'])), /--what/)
  })
})
