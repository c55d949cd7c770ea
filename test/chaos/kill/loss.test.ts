/**
 * The campaign finds a loss where there is one: topics in memory forget everything with the process, and so do groups with
 * a bug planted. The run is the real one, with the real broker.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

/** The end of its children too: see endChildrenOnExit. */
const TIMEOUT_MS = 100_000
const MAIN = join(import.meta.dirname, 'main.ts')

test('what topics in memory lose is found, told, and kept to look at', async () => {
  const { code, printed } = await campaign('--count', '2', '--durability', 'memory', '--seed', 'loss')
  assert.equal(code, 1, printed)
  assert.match(printed, /\d+ violations: .*two-contents/)
  removeKept(printed)
})

test('groups that a broker forgets when it dies are found', async () => {
  const { code, printed } = await campaign('--count', '1', '--durability', 'disk', '--bug', 'offsets-not-reloaded')
  assert.equal(code, 1, printed)
  assert.match(printed, /\d+ violations: .*group-(?:offset|owner)/)
  removeKept(printed)
})

async function campaign(...args: readonly string[]): Promise<{ readonly code: unknown; readonly printed: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { timeout: TIMEOUT_MS })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => (printed += piece))
  const [code] = await once(child, 'close')
  return { code, printed }
}

function removeKept(printed: string): void {
  const folder = /^data directory +(.*)$/m.exec(printed)?.[1]
  assert.ok(folder !== undefined && existsSync(folder), printed)
  rmSync(dirname(dirname(folder)), { recursive: true })
}
