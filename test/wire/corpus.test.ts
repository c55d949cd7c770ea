/** The corpus program says so when a line disagrees: a test that cannot fail proves nothing. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const PROGRAM = join(import.meta.dirname, 'corpus.ts')

const heartbeat = {
  key: 12,
  name: 'Heartbeat',
  version: 0,
  kind: 'response',
  hex: '0019',
  fields: { ErrorCode: 25 } as Record<string, unknown>,
}

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

async function runOn(lines: readonly unknown[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'ottla-corpus-'))
  try {
    const file = join(folder, 'corpus.jsonl')
    await writeFile(file, lines.map(line => JSON.stringify(line)).join('\n'))
    return await new Promise(resolve => {
      execFile(process.execPath, [PROGRAM, '--corpus', file], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a line that agrees is counted, what is not declared is skipped with its reason', async () => {
  const { code, stdout } = await runOn([
    heartbeat,
    { ...heartbeat, version: 99 },
    { ...heartbeat, key: 58, name: 'Envelope' },
    { ...heartbeat, key: 2, name: 'ListOffsets' },
  ])
  assert.equal(code, 0)
  assert.match(stdout, /^1 lines agree, 3 skipped \(/)
  assert.match(stdout, /1 of versions above the declared 0 to 4/)
  assert.match(stdout, /1 of messages not declared/)
  assert.match(stdout, /1 of versions below the declared minimum/)
})

test('another value, another field, another byte, a byte too many: each fails with what differs', async () => {
  const { code, stdout, stderr } = await runOn([
    { ...heartbeat, fields: { ErrorCode: 26 } },
    { ...heartbeat, fields: { ErrorCode: 25, Throttle: 0 } },
    { ...heartbeat, fields: {} },
    { ...heartbeat, hex: '001900' },
    { ...heartbeat, hex: '00' },
  ])
  assert.equal(code, 1)
  assert.match(stdout, /^0 lines agree/)
  assert.match(stderr, /line 1: Heartbeat response version 0\n {2}ErrorCode: wanted 26, got 25/)
  assert.match(stderr, /line 2:.*version 0 of HeartbeatResponse has no \(no name for Throttle\)/s)
  assert.match(stderr, /line 3:.*the corpus has no HeartbeatResponse\.errorCode in version 0/s)
  assert.match(stderr, /line 4:.*1 bytes left over/s)
  assert.match(stderr, /line 5:.*DecodeError: HeartbeatResponse: 2 bytes wanted, 1 left/s)
  assert.match(stderr, /5 lines disagree/)
})

test('bytes that decode well but are written another way are a difference', async () => {
  // A zero-length tag section written in two bytes instead of one.
  const line = { ...heartbeat, version: 4, hex: '0000000000008000', fields: { ThrottleMillis: 0, ErrorCode: 0 } }
  const { code, stderr } = await runOn([line])
  assert.equal(code, 1)
  assert.match(stderr, /encoded differs at byte 6/)
})

test('an empty corpus is no success', async () => {
  assert.equal((await runOn([])).code, 1)
})
