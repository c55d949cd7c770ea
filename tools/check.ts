/**
 * `npm run check`: everything that must hold before a commit, in under a minute on two cores. Prints how long each step
 * took, what a failed one said, and `N passed, N failed` (steps) as the last line.
 *   npm run check -- types lint    only the named steps
 */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { runSteps, type Step, type StepResult } from './check/steps.ts'
import { useCompileCache } from './compile-cache.ts'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules', '.bin')
const SIM = 'packages/ottla/src/sim/main.ts'
const SIM_SEEDS = 4
/** Every so manieth crash point of the storage tests; `npm test` tries all. */
const CRASH_STRIDE = 4

/** The longest first, so that the short ones fill the gaps. */
const steps: readonly Step[] = [
  { name: 'unit', command: ['node', 'tools/test.ts'] },
  ...(existsSync(join(ROOT, SIM))
    ? [{ name: 'sim', command: ['node', SIM, '--seeds', String(SIM_SEEDS)] } as const]
    : []),
  { name: 'wire', command: ['node', 'test/wire/corpus.ts'] },
  {
    name: 'types',
    command: [
      join(BIN, 'tsc'),
      '--noEmit',
      '-p',
      '.',
      '--incremental',
      '--tsBuildInfoFile',
      '.cache/types.tsbuildinfo',
    ],
  },
  { name: 'gen', command: ['node', 'tools/gen/main.ts', '--check'] },
  { name: 'arch', command: ['node', 'tools/arch/main.ts'] },
  { name: 'docs', command: ['node', 'tools/docs/main.ts', '--check'] },
  { name: 'lint', command: [join(BIN, 'biome'), 'ci', '--colors=off', '.'] },
]

const named = process.argv.slice(2)
const unknown = named.filter(name => !steps.some(step => step.name === name))
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${steps.map(step => step.name).join(', ')}`)
  process.exit(2)
}

useCompileCache(ROOT)
process.env.CRASH_STRIDE ??= String(CRASH_STRIDE)
const begun = performance.now()
const chosen = steps.filter(step => named.length === 0 || named.includes(step.name))
const results = await runSteps(chosen, { cwd: ROOT, width: Math.max(2, availableParallelism()), ended: print })
const failed = results.filter(result => !result.ok)
console.log(
  `${((performance.now() - begun) / 1000).toFixed(1)} s in all${failed.length === 0 ? '' : `; failed: ${failed.map(each => each.name).join(', ')}`}`,
)
console.log(`${results.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 ? 0 : 1

function print({ name, ok, ms, output }: StepResult): void {
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(6)} ${(ms / 1000).toFixed(1)} s  ${ok ? (output.trimEnd().split('\n').at(-1) ?? '') : ''}`.trimEnd(),
  )
  if (!ok) console.log(output.trimEnd().replace(/^/gm, '     '))
}
