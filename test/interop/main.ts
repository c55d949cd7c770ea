/**
 * `npm run test:interop`: real clients against a broker. Installs the clients, starts the broker, runs every
 * scenario with every client, lets every client read what the others wrote, runs Apache Kafka's command-line tools,
 * prints a table, and ends with the line `N passed, N failed`.
 *
 *   --client kcat,kafkajs,...   only these (names as in the table; `tools` are Apache Kafka's command-line tools)
 *   --against ottla|kafka       the broker; `kafka` shows that the tests themselves are right
 *   --only group,offset         only scenarios and tools whose name has one of these words
 *   --keep                      keep the folder with data and logs
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Broker, withTemporaryFolder } from './brokers/broker.ts'
import { type BrokerName, brokerNamed, startBroker } from './brokers/catalog.ts'
import { endAllChildren, endChildrenOnExit } from './children.ts'
import { clientNames, clients, toolsName } from './clients/catalog.ts'
import type { InteropClient } from './clients/client.ts'
import { runInterop } from './interop-run.ts'
import { recordFeatures } from './records.ts'
import type { Table } from './table.ts'

interface Options {
  readonly against: BrokerName
  readonly clients: readonly string[]
  readonly only: readonly string[]
  readonly keep: boolean
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      client: { type: 'string', default: [...clientNames, toolsName].join(',') },
      against: { type: 'string', default: 'ottla' },
      only: { type: 'string', default: '' },
      keep: { type: 'boolean', default: false },
    },
  })
  const chosen = values.client.split(',').filter(name => name !== '')
  const known = [...clientNames, toolsName]
  for (const name of chosen)
    if (!known.includes(name)) throw new Error(`--client ${name} is not one of ${known.join(', ')}`)
  const only = values.only.split(',').filter(word => word !== '')
  return { against: brokerNamed(values.against), clients: chosen, only, keep: values.keep }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  const startedMs = Date.now()
  const chosen = clients.filter(client => options.clients.includes(client.name))
  const tables = await withTemporaryFolder(options.keep, async folder => {
    const logFolder = join(folder, 'logs')
    await mkdir(logFolder)
    const broker = await startBroker(options.against, { folder, logDirectories: 2, configs: quickGroups })
    console.log(`${broker.title} on ${broker.address.host}:${broker.address.port}`)
    try {
      const found = await runInterop({
        broker,
        clients: chosen,
        withTools: options.clients.includes(toolsName),
        logFolder,
        workFolder: folder,
        wanted: name => options.only.length === 0 || options.only.some(word => name.includes(word)),
      })
      await reportBrokerLog(broker, found)
      return found
    } finally {
      await endAllChildren()
    }
  })
  for (const table of tables) console.log(`\n${table}`)
  console.log(`\n${notesOn(chosen).join('\n')}`)
  const [passed, failed] = [sum(tables, 'passed'), sum(tables, 'failed')]
  console.log(`\n${sum(tables, 'n/a')} n/a, ${Math.round((Date.now() - startedMs) / 1_000)} s`)
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 || passed === 0 ? 1 : 0
}

/** Groups form without the pause that is meant for many members that start at once. */
const quickGroups = { 'group.initial.rebalance.delay.ms': '50', 'offsets.topic.num.partitions': '4' }

async function reportBrokerLog(broker: Broker, tables: readonly Table[]): Promise<void> {
  if (sum(tables, 'failed') > 0) console.log(`\nlog of the broker:\n${await broker.log()}`)
}

/** What the cells do not tell: shapes of records that a client cannot write, and unusual ways of using it. */
function notesOn(chosen: readonly InteropClient[]): string[] {
  const shapes = chosen.flatMap(client =>
    Object.entries(client.limits)
      .filter(([ability]) => (recordFeatures as readonly string[]).some(feature => ability === `write ${feature}`))
      .map(([ability, reason]) => `- ${client.name} cannot ${ability}: ${reason}`),
  )
  const notes = chosen.flatMap(client => (client.notes ?? []).map(note => `- ${note}`))
  return ['notes (records that a client cannot write are left out of what it writes):', ...shapes, ...notes]
}

const sum = (tables: readonly Table[], kind: 'passed' | 'failed' | 'n/a'): number =>
  tables.reduce((total, table) => total + table.count(kind), 0)

endChildrenOnExit()
process.exitCode = await main().catch(error => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
