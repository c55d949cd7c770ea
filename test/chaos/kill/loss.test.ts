/**
 * The campaign finds a loss where there is one: topics in memory forget everything with the process. The run is the real
 * one, with the real broker.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const MAIN = join(import.meta.dirname, 'main.ts')

test('what topics in memory lose is found, told, and kept to look at', async () => {
  const child = spawn(process.execPath, [MAIN, '--count', '2', '--durability', 'memory', '--seed', 'loss'])
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => (printed += piece))
  const [code] = await once(child, 'close')
  assert.equal(code, 1, printed)
  assert.match(printed, /\d+ violations: .*two-contents/)
  const folder = /^data directory +(.*)$/m.exec(printed)?.[1]
  assert.ok(folder !== undefined && existsSync(folder), printed)
  rmSync(dirname(dirname(folder)), { recursive: true })
})
