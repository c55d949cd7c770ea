/** `kafka-consumer-groups --reset-offsets` in every scope, on groups without members. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { numberedRecords } from '../records.ts'
import { expectText, ran, type ToolBench, type ToolScenario } from './tool.ts'

const minuteMs = 60_000
const recordCount = 30

/** Every group starts from these: by topic, the committed offsets of its two partitions. */
const [first, second] = ['tools.reset-a', 'tools.reset-b']
const before = { [first]: [5, 10], [second]: [4, 4] } as const

interface Reset {
  readonly name: string
  args(bench: ToolBench, startMs: number): string[] | Promise<string[]>
  readonly expected: Readonly<Record<string, readonly [number, number]>>
}

const resets: readonly Reset[] = [
  { name: '--to-earliest --topic T', args: () => ['--to-earliest', '--topic', first], expected: { [first]: [0, 0] } },
  {
    name: '--to-latest --topic T:1',
    args: () => ['--to-latest', '--topic', `${first}:1`],
    expected: { [first]: [5, 30] },
  },
  {
    name: '--to-offset --topic T:0,1',
    args: () => ['--to-offset', '12', '--topic', `${first}:0,1`],
    expected: { [first]: [12, 12] },
  },
  {
    name: '--to-offset beyond the end',
    args: () => ['--to-offset', '99', '--topic', first],
    expected: { [first]: [30, 30] },
  },
  {
    name: '--shift-by --all-topics',
    args: () => ['--shift-by', '-3', '--all-topics'],
    expected: { [first]: [2, 7], [second]: [1, 1] },
  },
  {
    name: '--to-datetime',
    args: (_, startMs) => [
      '--to-datetime',
      new Date(startMs + 7 * minuteMs).toISOString().slice(0, -1),
      '--topic',
      first,
    ],
    expected: { [first]: [7, 7] },
  },
  // Records are a minute apart and the last is half a minute old, so ten minutes back lies before the tenth from the end.
  {
    name: '--by-duration',
    args: () => ['--by-duration', 'PT10M', '--topic', first],
    expected: { [first]: [20, 20] },
  },
  { name: '--to-current --all-topics', args: () => ['--to-current', '--all-topics'], expected: {} },
  { name: '--from-file', args: exportedFile, expected: { [first]: [9, 0] } },
]

export const resetToolScenarios: readonly ToolScenario[] = resets.map((reset, index) => ({
  name: `kafka-consumer-groups --reset-offsets ${reset.name}`,
  run: bench => run(bench, reset, `tools-reset-${index}`),
}))

async function run(bench: ToolBench, reset: Reset, group: string): Promise<void> {
  const startMs = await topicsWithRecords(bench)
  for (const [topic, [zero, one]] of Object.entries(before)) {
    await bench.judge.commit(group, topic, [
      [0, zero],
      [1, one],
    ])
  }
  const args = ['--group', group, '--reset-offsets', ...(await reset.args(bench, startMs)), '--execute']
  const printed = await ran(bench, 'consumerGroups', args)
  for (const [topic, expected] of Object.entries({ ...before, ...reset.expected })) {
    const found = await bench.judge.committed(group, topic, [0, 1])
    if (found.get(0) !== expected[0] || found.get(1) !== expected[1])
      throw new Error(`${topic} is at ${[found.get(0), found.get(1)]}, expected ${expected}; printed\n${printed}`)
  }
}

let startedMs: number | null = null

/** Makes the two topics once. Returns the time of the first record of each partition. */
async function topicsWithRecords(bench: ToolBench): Promise<number> {
  if ((await bench.judge.topics()).has(first)) return startedMs!
  startedMs = Date.now() - recordCount * minuteMs + minuteMs / 2
  for (const topic of [first, second]) {
    await bench.judge.createTopic(topic, 2)
    for (const partition of [0, 1])
      await bench.judge.produce(topic, partition, numberedRecords(recordCount, startedMs, minuteMs))
  }
  return startedMs
}

/** What `--export --dry-run` prints for another reset, with one line changed. */
async function exportedFile(bench: ToolBench): Promise<string[]> {
  const group = 'tools-reset-exported'
  await bench.judge.commit(group, first, [[0, 5]])
  const args = ['--group', group, '--reset-offsets', '--to-earliest', '--topic', first, '--export', '--dry-run']
  const lines = (await ran(bench, 'consumerGroups', args)).trim().split('\n').sort()
  expectText('--export', lines.join(' '), new RegExp(`^${first},0,0 ${first},1,0$`))
  if ((await bench.judge.committed(group, first, [0])).get(0) !== 5) throw new Error('--dry-run has changed an offset')
  const path = join(bench.workFolder, 'reset-offsets.csv')
  await writeFile(path, `${first},0,9\n${lines[1]}\n`)
  return ['--from-file', path]
}
