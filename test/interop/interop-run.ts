/** One run of all scenarios with some clients against one broker. Used by the test and by the capture of fixtures. */
import type { Broker } from './brokers/broker.ts'
import type { ClientSession, InteropClient } from './clients/client.ts'
import { kafkaClassPath } from './clients/java-home.ts'
import type { Codec } from './raw/batches.ts'
import { type Address, Judge } from './raw/judge.ts'
import { crossRead } from './scenarios/cross-reads.ts'
import { groupAdministrationScenarios } from './scenarios/group-administration.ts'
import { groupScenarios } from './scenarios/groups.ts'
import { logDirectoryScenarios } from './scenarios/log-directories.ts'
import { readingScenarios } from './scenarios/reading.ts'
import { outcomeOf, runScenario, type Scenario, type Written } from './scenarios/scenario.ts'
import { runToolScenarios } from './scenarios/tools.ts'
import { topicScenarios } from './scenarios/topics.ts'
import { writingScenarios } from './scenarios/writing.ts'
import { Table } from './table.ts'

export const clientScenarios: readonly Scenario[] = [
  ...topicScenarios,
  ...logDirectoryScenarios,
  ...writingScenarios,
  ...readingScenarios,
  ...groupScenarios,
  ...groupAdministrationScenarios,
]

export interface InteropRun {
  readonly broker: Broker
  /** Where clients connect, when it is not the broker itself (a proxy stands between). */
  readonly clientAddress?: Address
  readonly clients: readonly InteropClient[]
  /** Whether Apache Kafka's command-line tools run too. */
  readonly withTools: boolean
  readonly logFolder: string
  readonly workFolder: string
  /** Whether a scenario or tool of this name runs. All of them when missing. */
  readonly wanted?: (name: string) => boolean
  /** Told the name of what is about to run. */
  readonly onScenario?: (name: string) => void
}

export async function runInterop(run: InteropRun): Promise<Table[]> {
  const names = run.clients.map(client => client.name)
  const scenarioTable = new Table('scenario', names)
  const crossTable = new Table('written by \\ read by', names)
  const toolTable = new Table('Apache Kafka tools', ['tools'])
  const wanted = run.wanted ?? (() => true)
  const judge = await Judge.connect(run.broker.address)
  const sessions = new Map<InteropClient, ClientSession>()
  const written = new Map<string, Map<Codec, Written>>()
  try {
    for (const client of run.clients) {
      const session = await opened(client, run, scenarioTable)
      if (session === null) continue
      sessions.set(client, session)
      const before = scenarioTable.count('failed')
      for (const scenario of clientScenarios.filter(each => wanted(each.name))) {
        run.onScenario?.(scenario.name)
        scenarioTable.set(scenario.name, client.name, await runScenario(scenario, { client, session, judge, written }))
      }
      await reportLog(client, session, scenarioTable.count('failed') - before)
    }
    run.onScenario?.('cross reads')
    for (const [client, session] of sessions) {
      await crossRead(client, session, judge, written, crossTable)
    }
    if (run.withTools) {
      await kafkaClassPath()
      run.onScenario?.('tools')
      const address = run.clientAddress ?? run.broker.address
      await runToolScenarios({ address, judge, workFolder: run.workFolder, wanted }, toolTable)
    }
  } finally {
    judge.close()
    await Promise.all([...sessions.values()].map(session => session.close()))
  }
  return [scenarioTable, crossTable, toolTable].filter(table => table.count('passed') + table.count('failed') > 0)
}

/** A client that cannot be installed or started fails in one row of its own, and is left out of the rest. */
async function opened(client: InteropClient, run: InteropRun, table: Table): Promise<ClientSession | null> {
  let session: ClientSession | null = null
  const outcome = await outcomeOf(async () => {
    await client.install()
    session = await client.open(run.clientAddress ?? run.broker.address, run.logFolder)
  })
  if (outcome.kind === 'failed') table.set('install', client.name, outcome)
  else console.log(`${client.name}: ${client.title}`)
  return session
}

async function reportLog(client: InteropClient, session: ClientSession, failures: number): Promise<void> {
  if (failures > 0) console.log(`\n${failures} failed; log of ${client.name}:\n${await session.log()}\n`)
}
