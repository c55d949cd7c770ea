/**
 * `ottla/testing`: a whole broker inside a test process, real TCP on loopback, gone without a trace when closed.
 * ```ts
 * await using broker = await startBroker({ topics: { orders: 3 } })
 * const kafka = new Kafka({ brokers: [broker.bootstrapServers] })
 * ```
 * It is the broker of production on other adapters: a memory disk and a memory metadata log, unless asked for a real disk.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetFault } from '../../ports/net.ts'
import { StorageRefusal } from '../../storage/env.ts'
import { type Server, startServer } from '../server/server.ts'
import { StartRefusal } from '../server/start-refusal.ts'
import { kitAdapters } from './kit-adapters.ts'
import { bad, brokerConfigFor, checkOptions, namedTopics, type StartBrokerOptions } from './options.ts'
import { RequestPlan } from './request-plan.ts'
import { TestBroker } from './test-broker.ts'
import { TestBrokerError } from './test-broker-error.ts'

export type {
  GroupDescription,
  GroupMember,
  GroupOffsets,
  GroupState,
  WaitForGroupOptions,
} from './groups.ts'
export type { ConsumeAllOptions, ProducedRecord, ProduceOptions } from './kit-client.ts'
export type { StartBrokerOptions, TestTopic } from './options.ts'
export type { ConsumedRecord, TestRecord, TextOrBytes } from './records.ts'
export type { DelayOptions, FailOptions, RefusableApi, SeenRequest } from './request-plan.ts'
export type { TestBroker } from './test-broker.ts'
export { TestBrokerError, type TestBrokerErrorCode } from './test-broker-error.ts'

/** Where a memory disk holds the data: any path will do. */
const MEMORY_DIRECTORY = '/ottla'
/** How long a stop waits for requests in work. A test that closes its broker is done with them. */
const STOP_GRACE_MS = 100

/** Resolves when the broker answers and its topics are served. Rejects with a TestBrokerError. */
export async function startBroker(options: StartBrokerOptions = {}): Promise<TestBroker> {
  checkOptions(options)
  const topics = namedTopics(options.topics ?? {})
  const folder = await folderOf(options)
  try {
    const { config, warnings } = brokerConfigFor(options, folder.path)
    const failure = Promise.withResolvers<unknown>()
    const adapters = kitAdapters(options, failure.resolve)
    for (const warning of warnings) adapters.observe.log('warn', 'config.warning', { warning })
    const plan = new RequestPlan(adapters.clock)
    const server = await serverWith(startServer(config, adapters, { stopGraceMs: STOP_GRACE_MS, around: plan.around }))
    const { remove: removeFolder } = folder
    return await TestBroker.open({ server, adapters, plan, topics, removeFolder, failure: failure.promise })
  } catch (error) {
    await folder.remove()
    throw error
  }
}

async function folderOf(options: StartBrokerOptions): Promise<{ path: string; remove: () => Promise<void> }> {
  const keep = async () => {}
  if (options.storage !== 'disk') return { path: MEMORY_DIRECTORY, remove: keep }
  if (options.directory !== undefined) {
    if (options.directory.includes(','))
      throw bad(`directory=${options.directory}`, 'it holds a comma', 'name it otherwise')
    return { path: options.directory, remove: keep }
  }
  const path = await mkdtemp(join(tmpdir(), 'ottla-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

async function serverWith(starting: Promise<Server>): Promise<Server> {
  try {
    return await starting
  } catch (error) {
    if (error instanceof NetFault && error.layer === 'in-use') {
      const port = error.address?.port ?? 0
      const next = 'leave the port out and use broker.bootstrapServers'
      throw new TestBrokerError('PORT_IN_USE', `port ${port} of 127.0.0.1 is in use; ${next}`, { cause: error })
    }
    if (error instanceof StorageRefusal || error instanceof StartRefusal)
      throw new TestBrokerError('BAD_OPTION', error.message, { cause: error })
    throw error
  }
}
