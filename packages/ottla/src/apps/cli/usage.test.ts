import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runWith, TestTerminal } from './testing.ts'

const run = (...args: string[]) => runWith(new TestTerminal(), args)

test('help and version are no failures, and go to the output', async () => {
  const help = await run('--help')
  assert.equal(help.exitCode, 0)
  for (const command of ['start', 'topic', 'produce', 'consume'])
    assert.match(help.output, new RegExp(`^  ${command}\\b`, 'm'))
  assert.equal(help.notes, '')
  assert.match((await run('--version')).output, /^\d+\.\d+\.\d+/)
  assert.match((await run('consume', '--help')).output, /--bootstrap-server/)
  assert.doesNotMatch((await run('produce', '--help')).output, /\[\]/)
})

test('what is asked in a way that cannot be says how it can, with exit code 2', async () => {
  const cases: [args: string[], message: RegExp][] = [
    [['strat'], /unknown command 'strat'[\s\S]*Did you mean start/],
    [['topic', 'describe'], /missing required argument 'name'/],
    [['consume', 'x', '--ofset', '1'], /unknown option '--ofset'[\s\S]*Did you mean --offset/],
    [['consume', 'x', '-o', 'later'], /--offset later: allowed are start, end, an offset, or -N/],
    [['consume', 'x', '-n', '0'], /allowed is a whole number from 1/],
    [['consume', 'x', '-p', '1,b'], /--partition 1,b: allowed are numbers separated by commas/],
    [['consume', 'x', '-f', '%q'], /there is no %q; known are %v/],
    [['topic', 'create', 'x', '-p', '2147483648'], /allowed is a whole number from 1 to 2147483647/],
    [['topic', 'create', 'x', '-r', '32768'], /allowed is a whole number from 1 to 32767/],
    [['produce', 'x', '-p', '2147483648'], /allowed is a whole number from 0 to 2147483647/],
    [['topic'], /^Usage: ottla topic/],
    [[], /^Usage: ottla /],
    [['produce', 'x', '-z', 'brotli'], /Allowed choices are none, gzip, snappy, lz4, zstd/],
    [['produce', 'x', '-H', 'header'], /it has the form NAME=VALUE/],
    [['produce', 'x', '-k', ''], /at least one character/],
    [['topic', 'create', 'x', '-c', 'retention.ms'], /it has the form KEY=VALUE/],
    [['topic', 'list', '-b', 'localhost:99999'], /it has the form HOST:PORT/],
    [['topic', 'list', '-b', 'a b'], /it has the form HOST:PORT/],
    [
      ['start', '--port', 'x', '--data', '/nonexistent'],
      /--port=x \(command line\): allowed is a whole number from 0 to 65535/,
    ],
    [['start', '--set', 'log.segment.bytess=1'], /there is no such key; did you mean log\.segment\.bytes\?/],
    [['start', '--set', 'novalue'], /write it as key=value/],
    [['start', '--config', '/nonexistent/x.properties'], /--config \/nonexistent\/x\.properties: ENOENT/],
  ]
  for (const [args, message] of cases) {
    const { exitCode, notes, output } = await run(...args)
    assert.equal(exitCode, 2, `${args.join(' ')}: ${notes}`)
    assert.match(notes, message)
    assert.equal(output, '')
  }
})
