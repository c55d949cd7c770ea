/**
 * `npm run capture:wire`: runs the interop scenarios against Apache Kafka through a recording proxy and keeps one or
 * two examples of each message of each client in fixtures/wire/captured/<client>.jsonl. See the README there.
 *
 *   --client kcat,java,...   only these; the files of the others stay as they are
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withTemporaryFolder } from './brokers/broker.ts'
import { startKafka } from './brokers/kafka.ts'
import { repositoryRoot } from './cache.ts'
import { Examples } from './capture-examples.ts'
import { CaptureProxy } from './capture-proxy.ts'
import { endAllChildren, endChildrenOnExit } from './children.ts'
import { clientNames, clients, toolsName } from './clients/catalog.ts'
import { runInterop } from './interop-run.ts'

const fixturesFolder = join(repositoryRoot, 'fixtures', 'wire', 'captured')

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { client: { type: 'string', default: [...clientNames, toolsName].join(',') } },
  })
  const chosen = values.client.split(',')
  const examples = new Examples()
  const proxy = await CaptureProxy.listen(exchange => examples.consider(exchange))
  let failed = 0
  await withTemporaryFolder(false, async folder => {
    const broker = await startKafka({ folder, logDirectories: 2, advertised: proxy.address })
    proxy.forwardTo(broker.address)
    const logFolder = join(folder, 'logs')
    await mkdir(logFolder)
    const tables = await runInterop({
      broker,
      clientAddress: proxy.address,
      clients: clients.filter(client => chosen.includes(client.name)),
      withTools: chosen.includes(toolsName),
      logFolder,
      workFolder: folder,
      onScenario: name => {
        examples.scenario = name
      },
    })
    for (const table of tables) {
      failed += table.count('failed')
      if (table.count('failed') > 0) console.log(`${table}`)
    }
    await broker.stop()
  }).finally(endAllChildren)
  proxy.close()
  await mkdir(fixturesFolder, { recursive: true })
  for (const name of chosen) {
    const { lines, bytes, messages } = examples.linesOf(name)
    if (lines.length > 0)
      await writeFile(join(fixturesFolder, `${name}.jsonl`), lines.map(line => `${line}\n`).join(''))
    console.log(`${name}: ${messages} messages of ${lines.length} lines, ${Math.round(bytes / 1024)} KiB`)
  }
  return failed > 0 ? 1 : 0
}

endChildrenOnExit()
process.exitCode = await main().catch(error => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
