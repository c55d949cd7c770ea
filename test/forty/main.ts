/**
 * `npm run test:forty`: forty behaviours that clients rely on, asked of a broker over its socket, frame by frame. The
 * same tests run against Apache Kafka, so that each asserts what Kafka does; where Ottla differs on purpose,
 * differences.ts says so and why. Prints a table, what failed, and `N passed, N failed` last.
 *
 *   --against ottla|kafka|both   the broker; `both` prints a column for each, and what is not the same
 *   --only 1,9,20-25             only these numbers
 *   --keep                       keep the folder with data and logs
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withTemporaryFolder } from '../interop/brokers/broker.ts'
import { type BrokerName, brokerNamed } from '../interop/brokers/catalog.ts'
import { endAllChildren, endChildrenOnExit } from '../interop/children.ts'
import type { Behaviour } from './behaviour.ts'
import { behaviours } from './catalog.ts'
import { type Difference, differences } from './differences.ts'
import { count, type Outcomes, report, reportDifferences, reportDisagreements, sections } from './report.ts'
import { type Outcome, outcomeOf } from './run.ts'
import { RunningCluster } from './setup.ts'

interface Options {
  readonly against: readonly BrokerName[]
  readonly chosen: readonly Behaviour[]
  readonly keep: boolean
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      against: { type: 'string', default: 'ottla' },
      only: { type: 'string', default: '1-40' },
      keep: { type: 'boolean', default: false },
    },
  })
  const numbers = new Set(values.only.split(',').flatMap(numbersIn))
  return {
    against: values.against === 'both' ? ['kafka', 'ottla'] : [brokerNamed(values.against)],
    chosen: behaviours.filter(behaviour => numbers.has(behaviour.number)),
    keep: values.keep,
  }
}

/** `7` or `20-25`. */
function numbersIn(text: string): number[] {
  const found = /^(\d+)(?:-(\d+))?$/.exec(text.trim())
  if (found === null) throw new Error(`--only ${text} is not a number or a range like 20-25`)
  const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])]
  if (first < 1 || last > 40 || first > last) throw new Error(`--only ${text}: behaviours have the numbers 1 to 40`)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

async function runAgainst(name: BrokerName, options: Options): Promise<Outcomes> {
  return withTemporaryFolder(options.keep, async root => {
    const folder = join(root, name)
    await mkdir(folder)
    const cluster = new RunningCluster(name, folder)
    await cluster.start()
    try {
      console.log(`${cluster.broker().title} on ${cluster.address().host}:${cluster.address().port}`)
      const outcomes = new Map<Behaviour, Outcome>()
      for (const behaviour of options.chosen) {
        outcomes.set(behaviour, await outcomeOf(behaviour, cluster))
        if (process.stderr.isTTY) process.stderr.write('.')
      }
      return outcomes
    } finally {
      await endAllChildren()
    }
  })
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  const startedMs = Date.now()
  const columns = new Map<string, Outcomes>()
  for (const name of options.against) columns.set(name, await runAgainst(name, options))
  const rows = Object.values<Difference>(differences).filter(row =>
    options.chosen.some(each => each.number === row.behaviour),
  )
  console.log(`\n${sections(report(columns), reportDisagreements(columns), reportDifferences(rows))}`)
  const [passed, failed] = [count(columns, 'passed'), count(columns, 'failed')]
  console.log(`\n${count(columns, 'n/a')} n/a, ${Math.round((Date.now() - startedMs) / 1_000)} s`)
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 || passed === 0 ? 1 : 0
}

endChildrenOnExit()
process.exitCode = await main().catch(error => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
