/**
 * `npm run mutants`: takes one-line guards out of storage and core/partition, one at a time, in a copy of the tree, and
 * sees who notices: the type checker, `npm test`, or the simulator. What nobody notices is a guard without a test, or one
 * that nothing needs. A mutant that does not compile is no mutant: another is drawn for it.
 *
 *   --count N         mutants that compile; default 10
 *   --seed S          draws them; the same seed and sources draw the same; default: another one each time
 *   --seeds N         of the simulator, for each mutant that passes the tests; default 300, 0 for none
 *   --at FILE:LINE    only the guards of this line
 *   --list            print all guards and end
 * Ends with code 0 when all were tried, whether they survived or not; 1 when the tree fails without any mutant.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Prng } from '../packages/ottla/src/base/random.ts'
import { type Guard, guardsIn } from './mutants/guards.ts'
import { endProgram } from './mutants/program.ts'
import { filesOf, TreeCopy } from './mutants/tree.ts'
import { stepsIn, tryTree, type Verdict } from './mutants/trial.ts'

const FOLDERS = ['packages/ottla/src/storage/', 'packages/ottla/src/core/group/', 'packages/ottla/src/core/partition/']
/** Code that only tests run. */
const NO_PRODUCT = /\.(?:test|testing|bench|fuzz|model|contract)\.ts$|\/testing\.ts$/
const root = join(import.meta.dirname, '..')

interface Tried {
  readonly guard: Guard
  readonly verdict: Verdict
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      seeds: { type: 'string', default: '300' },
      at: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  })
  const tree = new TreeCopy(root)
  process.once('exit', () => {
    endProgram()
    tree.remove()
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const guards = guardsOf(tree).filter(
    guard => values.at === undefined || `${guard.path}:${guard.line}`.endsWith(values.at),
  )
  if (values.list) {
    for (const guard of guards) console.log(show(guard))
    return 0
  }
  if (guards.length === 0) throw new Error(`--at ${values.at}: no guard is there (--list prints all)`)
  const steps = stepsIn(tree.root, Number(values.seeds))
  console.log(`${guards.length} guards, seed ${values.seed}, tried against ${steps.map(step => step.judge).join(', ')}`)
  const sound = await tryTree(tree.root, steps)
  if (sound.killedBy !== null) {
    console.error(`${sound.killedBy} fails without any mutant: ${sound.evidence}`)
    return 1
  }
  console.log(`the tree as it is passes in ${Math.round(sound.seconds)} s`)
  const drawn = new Prng(values.seed).shuffle(guards)
  report(await tryAll(tree, drawn, steps, values.at === undefined ? Number(values.count) : guards.length))
  return 0
}

function guardsOf(tree: TreeCopy): Guard[] {
  return filesOf(root)
    .filter(path => path.endsWith('.ts') && !NO_PRODUCT.test(path) && FOLDERS.some(folder => path.startsWith(folder)))
    .flatMap(path => guardsIn(path, tree.read(path)))
}

async function tryAll(
  tree: TreeCopy,
  guards: readonly Guard[],
  steps: Parameters<typeof tryTree>[1],
  count: number,
): Promise<Tried[]> {
  const tried: Tried[] = []
  let compiled = 0
  for (const guard of guards) {
    if (compiled === count) break
    const verdict = await tree.without(guard, () => tryTree(tree.root, steps))
    tried.push({ guard, verdict })
    if (verdict.killedBy !== 'tsc') compiled++
    const fate = verdict.killedBy === null ? 'SURVIVED' : `killed by ${verdict.killedBy}`
    console.log(
      `\n${show(guard)}\n  ${fate} in ${Math.round(verdict.seconds)} s${verdict.evidence === '' ? '' : `: ${verdict.evidence}`}`,
    )
  }
  return tried
}

function report(tried: readonly Tried[]): void {
  const by = (judge: Verdict['killedBy']) => tried.filter(({ verdict }) => verdict.killedBy === judge)
  const survivors = by(null)
  console.log(
    `\n${by('tests').length} killed by tests, ${by('sim').length} by sim, ${survivors.length} survived; ${by('tsc').length} did not compile`,
  )
  for (const { guard } of survivors) console.log(show(guard))
}

function show(guard: Guard): string {
  const after = guard.after === '' ? '' : `\n  + ${guard.after.trim()}`
  return `${guard.path}:${guard.line}\n  - ${guard.before.trim()}${after}`
}

main().then(
  code => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  },
)
