/**
 * docs/first-hour.md, typed by a test as it stands. One liberty: the system chooses the port, so `ottla` is another shell
 * function here, which says so to the broker and to everybody who asks it.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const MARK = '--- end of a block ---'
const TIMEOUT_MS = 90_000

interface Block {
  readonly commands: string
  /** With `…` for anything within a line; null where the page shows no answer. */
  readonly answer: string | null
}

function blocksOf(page: string): Block[] {
  const fences = [...page.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)]
  const blocks: Block[] = []
  for (const [i, [, language, text = '']] of fences.entries()) {
    const next = fences[i + 1]
    if (language === 'sh') blocks.push({ commands: text, answer: next?.[1] === 'text' ? (next[2] ?? '') : null })
  }
  return blocks
}

/** What stands for `ottla`, and what comes before and after everything that is typed. */
const prologue = (folder: string) => `
set -m
cd '${folder}'
trap 'for job in $(jobs -p); do kill -9 -- "-$job"; wait "$job"; done 2> /dev/null' EXIT
port() { sed -n 's/.* listening on 127.0.0.1:\\([0-9]*\\)$/\\1/p' broker.log; }
real() { '${process.execPath}' '${ROOT}/packages/ottla/src/apps/cli/main.ts' "$@"; }
`
const LIBERTY = `
ottla() {
  if [ "$1" = start ]; then shift; real start --port 0 "$@"; else real "$@" -b "127.0.0.1:$(port)"; fi
}
`
/** The shell makes the file of a command in the background when it likes: an older one would tell of an older broker. */
const SERVED = 'until grep -q listening broker.log 2> /dev/null; do sleep 0.05; done\n'

test('the first hour, command by command', { timeout: TIMEOUT_MS }, async () => {
  const blocks = blocksOf(await readFile(join(ROOT, 'docs/first-hour.md'), 'utf8'))
  assert.ok(blocks.filter(({ answer }) => answer !== null).length > 5)
  const folder = await mkdtemp(join(tmpdir(), 'ottla-first-hour-'))
  const shell = spawn('bash', { stdio: ['pipe', 'pipe', 'inherit'], timeout: TIMEOUT_MS })
  try {
    let output = ''
    shell.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    shell.stdin.end(
      prologue(folder) +
        blocks
          .map(({ commands }) => {
            const [before, after] = commands.includes('ottla start') ? ['rm -f broker.log\n', SERVED] : ['', '']
            return `${before}{\n${commands}\n} 2>&1\n${LIBERTY}${after}echo '${MARK}'\n`
          })
          .join(''),
    )
    await once(shell, 'close')
    // What the shell says of its jobs comes when it likes.
    const answers = output.replaceAll(/^\[\d+\].*\n/gm, '').split(`${MARK}\n`)
    assert.equal(answers.length, blocks.length + 1, output)
    for (const [i, { commands, answer }] of blocks.entries()) {
      if (answer !== null) assert.match(answers[i] as string, patternOf(answer), commands)
    }
  } finally {
    shell.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
})

function patternOf(answer: string): RegExp {
  const parts = answer.split('…').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^\\n]*')}$`)
}
