/**
 * `npm run chaos:kill`: the real broker process under load from producers, readers and consumer groups, killed with -9 (and
 * now and then stopped) at random moments and started again on the same data; everything that was promised is compared with
 * what is there. Ends with code 1 and keeps the data directory when something is wrong.
 *
 *   --count N                          kills; default 10
 *   --durability disk|page-cache|both  of the topics; default both. `memory` promises nothing: it shows that loss is found
 *   --seed S                           draws the plan; default: another one each time. Timing is the machine's own
 *   --program FILE                     main file of the command line under test; default: the sources
 *   --bug NAME                         plants a bug in the broker (base/planted.ts): it should be found, with code 1
 *   --keep                             keep the last data directory in any case
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeClock } from '../../../packages/ottla/src/adapters/node/clock.ts'
import { NodeNet } from '../../../packages/ottla/src/adapters/node/net.ts'
import { Prng } from '../../../packages/ottla/src/base/random.ts'
import { showViolations } from '../../../packages/ottla/src/sim/checkers/violation.ts'
import { exitOnBadOption } from '../../../tools/command-line.ts'
import { endAllChildren, endChildrenOnExit } from '../../interop/children.ts'
import { Epoch } from './epoch.ts'
import { count, Measures, megabytes, showMeasures } from './measures.ts'
import { type KillOptions, readKillOptions } from './options.ts'

const KILLS_PER_EPOCH = 20

async function campaign(options: KillOptions, folder: string): Promise<boolean> {
  const random = new Prng(options.seed)
  const measures = new Measures()
  const env = { net: new NodeNet(), clock: new NodeClock() }
  const begunMs = performance.now()
  for (let run = 1; measures.kills < options.count; run++) {
    const epochFolder = join(folder, `epoch-${run}`)
    mkdirSync(epochFolder)
    const killsMax = Math.min(KILLS_PER_EPOCH, options.count - measures.kills)
    const { durabilities, program, bug } = options
    const epoch = new Epoch({
      program,
      bug,
      folder: epochFolder,
      run,
      killsMax,
      durabilities,
      random: random.fork('epoch'),
      env,
      measures,
    })
    try {
      await epoch.run()
    } catch (error) {
      console.error(`\nepoch ${run} broke off: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
      if (epoch.history.violations.total > 0) console.error(showViolations(epoch.history.violations))
      tellWhere(options, epochFolder)
      return false
    }
    const seconds = (performance.now() - begunMs) / 1000
    console.log(
      `epoch ${run}: ${measures.kills} kills, ${count(measures.acknowledgedRecords)} records acknowledged, ${megabytes(measures.acknowledgedBytes)}, ${epoch.history.violations.total} violations, ${Math.round(seconds)} s`,
    )
    if (epoch.history.violations.total > 0) {
      console.error(`\n${showViolations(epoch.history.violations)}`)
      tellWhere(options, epochFolder)
      return false
    }
    if (!options.keep || measures.kills < options.count) rmSync(epochFolder, { recursive: true, force: true })
  }
  console.log(`\n${showMeasures(measures, (performance.now() - begunMs) / 1000)}\nviolations 0`)
  return true
}

function tellWhere(options: KillOptions, epochFolder: string): void {
  console.error(`
data directory   ${join(epochFolder, 'data')}
broker's log     ${join(epochFolder, 'broker.log')}
look at it       npm start -- --port 0 --data ${join(epochFolder, 'data')}
try again        npm run chaos:kill -- --count ${options.count} --seed ${options.seed}${options.bug === null ? '' : ` --bug ${options.bug}`}`)
}

async function main(): Promise<number> {
  const options = readKillOptions(process.argv.slice(2))
  const folder = mkdtempSync(join(tmpdir(), 'ottla-chaos-'))
  let isKept = options.keep
  endChildrenOnExit()
  // After the children are gone: this listener was added later.
  process.once('exit', () => {
    if (!isKept) rmSync(folder, { recursive: true, force: true })
  })
  console.log(`seed ${options.seed}, ${options.count} kills, durability ${options.durabilities.join(' and ')}`)
  const isClean = await campaign(options, folder)
  isKept ||= !isClean
  await endAllChildren()
  return isClean ? 0 : 1
}

main().then(
  code => process.exit(code),
  (error: unknown) => exitOnBadOption(error),
)
