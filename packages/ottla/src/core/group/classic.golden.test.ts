import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { replayLog } from '../golden.ts'
import { GroupConsole } from './testing/group-console.ts'

for (const name of ['join', 'rebalance', 'static', 'offsets', 'failures']) {
  test(`the golden log of ${name}`, () => {
    const path = join(import.meta.dirname, `classic.${name}.golden.txt`)
    const held = readFileSync(path, 'utf8')
    const group = new GroupConsole()
    const now = replayLog(held, line => group.run(line))
    if (process.env.OTTLA_GOLDEN === 'write') writeFileSync(path, now)
    else assert.equal(now, held)
  })
}
