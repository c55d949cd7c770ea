import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flameGraph } from './flame-graph.ts'
import { type CpuProfile, hottest, stacksOfCpuProfile, stacksOfPerfScript } from './stacks.ts'

const at = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber })
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: at('(root)'), children: [2, 3] },
    { id: 2, callFrame: at('(idle)') },
    { id: 3, callFrame: at('serve', 'file:///x/packages/ottla/src/broker/net/connection.ts', 9), children: [4] },
    { id: 4, callFrame: at('', 'node:internal/a', 0) },
  ],
  startTime: 1000,
  samples: [3, 4, 2, 4],
  timeDeltas: [10, 20, 30, 40],
}

test('of a profile the time in a window counts, and not that with nothing to do', () => {
  const all = stacksOfCpuProfile(profile, [{ from: 0, until: 9999 }])
  assert.deepEqual(Object.fromEntries(all), {
    'serve broker/net/connection.ts:10': 10,
    'serve broker/net/connection.ts:10;(anonymous) node:internal/a:1': 60,
  })
  const late = stacksOfCpuProfile(profile, [{ from: 1020, until: 1050 }])
  assert.deepEqual([...late.values()], [20])
  assert.equal(stacksOfCpuProfile(profile, []).size, 0)
})

test('samples of perf are turned round, from the thread to the innermost frame', () => {
  const text = `node-MainThread
\t  7f01 __write+0x10 (/usr/lib/libc.so.6)
\t  55d0 JS:*append /x/journal.ts:40:9 (/tmp/perf-1.map)

node-MainThread
\t  7f01 __write+0x22 (/usr/lib/libc.so.6)
\t  55d0 JS:*append /x/journal.ts:40:9 (/tmp/perf-1.map)

DelayedTaskSche
\tffffffff81 schedule ([kernel.kallsyms])

node
\t  7f99 [unknown] (/x/crc32.linux-x64.node)
`
  assert.deepEqual(Object.fromEntries(stacksOfPerfScript(text)), {
    'node-MainThread;JS:*append /x/journal.ts:40:9;__write': 2,
    'DelayedTaskSche;schedule': 1,
    'node;crc32.linux-x64.node': 1,
  })
})

test('the hottest are innermost frames, over all stacks that end in them', () => {
  const stacks = new Map([
    ['a;b', 5],
    ['b', 2],
    ['a', 3],
  ])
  assert.deepEqual(hottest(stacks, 1), [{ frame: 'b', share: 0.7 }])
})

test('a flame graph draws each frame as wide as its share, names escaped', () => {
  const svg = flameGraph(
    't & u',
    new Map([
      ['outer;<inner>', 3],
      ['outer', 1],
    ]),
  )
  assert.match(svg, /^<svg [^>]*width="1600"/)
  assert.match(svg, /<text[^>]*>t &amp; u<\/text>/)
  assert.match(svg, /<title>outer \(100\.00%\)<\/title><rect x="10\.0" y="\d+" width="1580\.0"/)
  assert.match(svg, /<title>&lt;inner&gt; \(75\.00%\)<\/title><rect x="10\.0" y="\d+" width="1185\.0"/)
  assert.doesNotMatch(flameGraph('empty', new Map()), /NaN/)
})
