/**
 * `npm run test:joins`: consumers of different client libraries in one group, which join and leave under load, with
 * a proxy between them and the broker that sees who owns what in each generation. Ends with `N violations`.
 *
 *   --joins 50                  how many members join and leave; default 6
 *   --against ottla|kafka       the broker
 *   --assignor range|roundrobin the assignor that all of them share; default roundrobin
 *   --seed N                    order and pauses of joins and leaves; printed
 *   --keep                      keep the folder with data and logs
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withTemporaryFolder } from '../brokers/broker.ts'
import { type BrokerName, brokerNamed, startBroker } from '../brokers/catalog.ts'
import { CaptureProxy } from '../capture-proxy.ts'
import { endAllChildren, endChildrenOnExit } from '../children.ts'
import { groupEventOf } from './group-frames.ts'
import { Ownership } from './ownership.ts'
import { runJoins } from './run.ts'

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      joins: { type: 'string', default: '6' },
      against: { type: 'string', default: 'ottla' },
      assignor: { type: 'string', default: 'roundrobin' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      keep: { type: 'boolean', default: false },
    },
  })
  const against: BrokerName = brokerNamed(values.against)
  const [joins, seed] = [Number(values.joins), Number(values.seed)]
  if (!Number.isInteger(joins) || joins < 2) throw new Error(`--joins ${values.joins} is not a number of at least 2`)
  if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed} is not a number`)
  if (values.assignor !== 'range' && values.assignor !== 'roundrobin')
    throw new Error(`--assignor ${values.assignor} is not range or roundrobin`)
  const { assignor } = values
  return withTemporaryFolder(values.keep, async folder => {
    const logFolder = join(folder, 'logs')
    await mkdir(logFolder)
    const ownership = new Ownership()
    const proxy = await CaptureProxy.listen(exchange => {
      const event = groupEventOf(exchange)
      if (event !== null) ownership.note(event, performance.now())
    })
    const configs = { 'group.initial.rebalance.delay.ms': '50', 'offsets.topic.num.partitions': '4' }
    const broker = await startBroker(against, { folder, advertised: proxy.address, configs })
    proxy.forwardTo(broker.address)
    console.log(`${broker.title}, ${joins} joins, ${assignor}, --seed ${seed}`)
    try {
      const violations = await runJoins({
        broker,
        clientAddress: proxy.address,
        ownership,
        joins,
        seed,
        assignor,
        logFolder,
      })
      for (const each of violations.slice(0, 20)) console.log(`- ${each}`)
      if (violations.length > 0) console.log(`log of the broker:\n${await broker.log()}`)
      console.log(`${violations.length} violations`)
      return violations.length > 0 ? 1 : 0
    } finally {
      proxy.close()
      await endAllChildren()
    }
  })
}

endChildrenOnExit()
process.exitCode = await main().catch(error => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
