/**
 * `npm run bench:testing`: what a broker in a test process costs. Time from the call of startBroker to its first
 * acknowledged write and to its end, and what the process keeps when brokers were started and closed in it again and
 * again: resident memory and address space, which must not grow.
 * npm keeps the young generation small for it, whose growth would look like a leak.
 *   npm run bench:testing -- --count 100 --storage disk
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startBroker } from '../packages/ottla/src/apps/testing/start-broker.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    storage: { type: 'string', default: 'both' },
    'first-write-ms-max': { type: 'string', default: '20' },
  },
})
const COUNT = Number(values.count)
/**
 * What may be left after as many brokers as before: objects and buffers, which are exact; what the system's allocator
 * keeps in pieces, which is not; and address space, of which each slab that is not reused takes 8 GiB.
 */
const GROWTH_BYTES_MAX = {
  heapBytes: 4 * 1024 * 1024,
  residentBytes: 32 * 1024 * 1024,
  addressBytes: 1024 * 1024 * 1024,
} as const
const VALUE = 'x'.repeat(1000)

interface Life {
  readonly firstWriteMs: number
  readonly closeMs: number
}

async function live(storage: 'memory' | 'disk'): Promise<Life> {
  const begun = performance.now()
  const broker = await startBroker({ topics: { orders: 3 }, storage })
  await broker.produce('orders', [VALUE])
  const firstWriteMs = performance.now() - begun
  await broker.produce('orders', new Array(1000).fill(VALUE))
  await broker.consumeAll('orders')
  const closing = performance.now()
  await broker.close()
  return { firstWriteMs, closeMs: performance.now() - closing }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

interface Held {
  readonly residentBytes: number
  readonly heapBytes: number
  readonly addressBytes: number
}

/** What the process holds once everything that can be freed is. */
async function held(): Promise<Held> {
  for (let i = 0; i < 5; i++) {
    collect()
    await setImmediate()
  }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  const status = readFileSync('/proc/self/status', 'latin1')
  const addressBytes = Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
  return { residentBytes: rss, heapBytes: heapUsed + arrayBuffers, addressBytes }
}

const quantile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`

/** False when a goal was missed. */
async function measure(storage: 'memory' | 'disk'): Promise<boolean> {
  // The first ones compile the code and fill the pools of the process.
  for (let i = 0; i < COUNT; i++) await live(storage)
  const before = await held()
  const lives: Life[] = []
  for (let i = 0; i < COUNT; i++) lives.push(await live(storage))
  const after = await held()
  const line = (name: string, list: number[]) => {
    const sorted = list.sort((a, b) => a - b)
    const [median, p95] = [quantile(sorted, 0.5), quantile(sorted, 0.95)]
    console.log(`  ${name.padEnd(34)} median ${median.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`)
    return median
  }
  console.log(`${storage}: ${COUNT} brokers, each with 3 partitions, 1,001 records of 1 KB written and read`)
  const firstWriteMs = line(
    'startBroker to first write',
    lives.map(each => each.firstWriteMs),
  )
  line(
    'close',
    lives.map(each => each.closeMs),
  )
  let isSteady = true
  for (const name of ['heapBytes', 'residentBytes', 'addressBytes'] as const) {
    const growth = after[name] - before[name]
    const sign = growth < 0 ? '' : '+'
    console.log(`  ${name.padEnd(34)} ${mib(before[name])} before, ${mib(after[name])} after (${sign}${mib(growth)})`)
    if (growth < GROWTH_BYTES_MAX[name]) continue
    isSteady = false
    console.log(`  MISSED: ${name} grew by more than ${mib(GROWTH_BYTES_MAX[name])}`)
  }
  const isFast = storage === 'disk' || firstWriteMs <= Number(values['first-write-ms-max'])
  if (!isFast) console.log(`  MISSED: the first write took more than ${values['first-write-ms-max']} ms`)
  return isSteady && isFast
}

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`)
const cold = performance.now()
await live('memory')
console.log(`the first broker of this process lived ${(performance.now() - cold).toFixed(0)} ms`)
const storages = values.storage === 'both' ? (['memory', 'disk'] as const) : ([values.storage] as ('memory' | 'disk')[])
let ok = true
for (const storage of storages) ok = (await measure(storage)) && ok
process.exitCode = ok ? 0 : 1
