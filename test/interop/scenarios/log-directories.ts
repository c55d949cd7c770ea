/** Partitions that move from one log directory of the broker to another while they are written and read. */
import type { DirectoryView, LogDirAdmin } from '../clients/log-dir-admin.ts'
import { type InteropRecord, largeRecords, numberedRecords } from '../records.ts'
import { expectEqual } from './groups.ts'
import { type Bench, expectSame, readFrom, type Scenario, topicFor, type Written, writeExactly } from './scenario.ts'

const THROTTLE = 'replica.alter.log.dirs.io.max.bytes.per.second'
const ARRIVED_WITHIN_MS = 30_000
/** More than a broker copies in one go, before it finds out that it was too fast. */
const LARGE = { count: 60, bytes: 50_000 }

export const logDirectoryScenarios: readonly Scenario[] = [
  { name: 'move between log directories', needs: ['move between log directories'], run: moveThereAndBack },
  { name: 'refused move between log directories', needs: ['move between log directories'], run: refusedMoves },
  { name: 'log directory of a topic to come', needs: ['move between log directories'], run: directoryBefore },
]

/** A partition of the client under test, and the two directories that it may lie in. */
interface Moved {
  readonly bench: Bench
  readonly admin: LogDirAdmin
  readonly topic: string
  readonly records: InteropRecord[]
  stampedWithin: Written['stampedWithin']
}

async function moveThereAndBack(bench: Bench): Promise<void> {
  const topic = topicFor(bench, 'moved')
  // Before the topic is made: who has the topic, has the throttle too.
  await bench.judge.setBrokerConfig(THROTTLE, '1')
  try {
    await bench.judge.createTopic(topic)
    const { records, stampedWithin } = await writeExactly(
      bench,
      topic,
      largeRecords(LARGE.count, LARGE.bytes, Date.now()),
      { eachAlone: true },
    )
    const moved: Moved = { bench, admin: adminOf(bench), topic, records: [...records], stampedWithin }
    const [here, there] = await placesOf(moved)
    await moved.admin.move(topic, 0, there)
    await expectPlaces(moved, { [here]: 'log', [there]: 'future' })
    await write(moved)
    await readAll(moved)
    await expectPlaces(moved, { [here]: 'log', [there]: 'future' })
    await bench.judge.setBrokerConfig(THROTTLE, null)
    await arrived(moved, { [here]: 'nothing', [there]: 'log' })
    await write(moved)
    await readAll(moved)
    await moved.admin.move(topic, 0, here)
    await write(moved)
    await arrived(moved, { [here]: 'log', [there]: 'nothing' })
    await readAll(moved)
  } finally {
    await bench.judge.setBrokerConfig(THROTTLE, null)
  }
}

/** Error codes as the broker sends them, and the one that every client meets as an error of its own. */
async function refusedMoves(bench: Bench): Promise<void> {
  const { judge } = bench
  const topic = topicFor(bench, 'unmoved')
  await judge.createTopic(topic)
  const moved: Moved = { bench, admin: adminOf(bench), topic, records: [], stampedWithin: null }
  const [here, there] = await placesOf(moved)
  const nowhere = `${there}-nowhere`
  const asked: readonly (readonly [what: string, code: number, path: string, topic: string, partition: number])[] = [
    ['where it lies', 0, here, topic, 0],
    ['unknown directory', 57, nowhere, topic, 0],
    ['directory without a name', 57, '', topic, 0],
    ['directory with a slash at its end', 57, `${there}/`, topic, 0],
    ['unknown directory and topic', 57, nowhere, `${topic}.nowhere`, 0],
    ['unknown topic', 3, there, `${topic}.nowhere`, 0],
    ['impossible topic', 3, there, 'a b', 0],
    ['unknown partition', 3, there, topic, 1],
    ['negative partition', 3, there, topic, -1],
    ['the metadata log', 3, there, '__cluster_metadata', 0],
    ['topic whose folder just has room for a suffix', 3, there, 'x'.repeat(213), 0],
    ['longer topic', 17, there, 'x'.repeat(214), 0],
    ['longer topic, unknown directory', 17, nowhere, 'x'.repeat(214), 0],
  ]
  const found: string[] = []
  for (const [what, , path, name, partition] of asked)
    found.push(`${what}: ${await judge.moveToDirectory(path, name, partition)}`)
  expectEqual(
    'error codes',
    found,
    asked.map(([what, code]) => `${what}: ${code}`),
  )
  const error = await moved.admin.move(topic, 0, nowhere).then(
    () => 'done',
    (reason: Error) => reason.message,
  )
  if (!/log.?dir/i.test(error)) throw new Error(`a move to an unknown directory: ${error}`)
  // Nothing came of all that.
  await expectPlaces(moved, { [here]: 'log', [there]: 'nothing' })
}

/** A partition that is not there yet is made in the directory that was asked for, whichever is the emptier one. */
async function directoryBefore(bench: Bench): Promise<void> {
  const admin = adminOf(bench)
  const existing = topicFor(bench, 'placed before')
  await bench.judge.createTopic(existing)
  const paths = (await admin.directories(existing, 0)).map(each => each.path)
  for (const [index, wanted] of [...paths, ...paths].entries()) {
    const topic = topicFor(bench, `placed ${index}`)
    expectEqual('error code', await bench.judge.moveToDirectory(wanted, topic, 0), 3)
    await bench.judge.createTopic(topic)
    const found = (await admin.directories(topic, 0)).filter(each => each.holds !== 'nothing')
    expectEqual(topic, found, [{ path: wanted, holds: 'log' }])
  }
}

function adminOf(bench: Bench): LogDirAdmin {
  if (bench.session.logDirs === null) throw new Error('the client has no administration, and its limits do not say so')
  return bench.session.logDirs
}

/** Where the partition lies, and the other directory. */
async function placesOf({ admin, topic }: Moved): Promise<readonly [here: string, there: string]> {
  const views = await admin.directories(topic, 0)
  const [here, there] = [views.find(each => each.holds === 'log'), views.find(each => each.holds === 'nothing')]
  if (views.length !== 2 || here === undefined || there === undefined)
    throw new Error(`the partition should lie in one of two directories, not ${JSON.stringify(views)}`)
  return [here.path, there.path]
}

type Places = Readonly<Record<string, DirectoryView['holds']>>

/** Both ways in which a client can look tell the same, where it has both. */
async function expectPlaces({ bench, admin, topic }: Moved, places: Places): Promise<void> {
  const holding = (holds: DirectoryView['holds']) => Object.keys(places).find(path => places[path] === holds) ?? null
  const views = Object.entries(places).map(([path, holds]) => ({ path, holds }))
  const sorted = views.toSorted((left, right) => (left.path < right.path ? -1 : 1))
  expectEqual('directories', [...(await admin.directories(topic, 0))], sorted)
  if (bench.client.limits['locate replica'] !== undefined) return
  const { current, future } = await admin.place(topic, 0)
  expectEqual('replica', { current, future }, { current: holding('log'), future: holding('future') })
}

async function arrived(moved: Moved, places: Places): Promise<void> {
  const deadline = Date.now() + ARRIVED_WITHIN_MS
  const isThere = async () => {
    const views = await moved.admin.directories(moved.topic, 0)
    return views.every(({ path, holds }) => places[path] === holds)
  }
  while (!(await isThere()) && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 50))
  await expectPlaces(moved, places)
}

async function write(moved: Moved): Promise<void> {
  const { bench, topic, records } = moved
  const more = numberedRecords(20, Date.now())
  await bench.session.write({ topic, partition: 0, codec: 'none', acks: -1, idempotent: false, records: more })
  records.push(...more)
  if (moved.stampedWithin !== null) moved.stampedWithin = [moved.stampedWithin[0], Date.now() + 1_000]
}

/** By the client, and by the judge, who looks at checksums. */
async function readAll({ bench, topic, records, stampedWithin }: Moved): Promise<void> {
  const read = await readFrom(bench, topic, { at: 'earliest' }, records.length)
  expectSame(bench, { topic, records, stampedWithin }, read, 0)
  const stored = (await bench.judge.batches(topic, 0)).reduce((sum, batch) => sum + batch.count, 0)
  if (stored !== records.length) throw new Error(`${records.length} records written, ${stored} stored`)
}
