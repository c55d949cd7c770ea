/** For tests of this folder: a broker with one topic, over a simulated disk. */
import { ZERO_UUID } from '../base/uuid.ts'
import { BrokerConfigInForce } from '../core/metadata/broker-config.ts'
import { evolveAll } from '../core/metadata/evolve.ts'
import { ConfigResource, emptyImage, type MetadataImage } from '../core/metadata/image.ts'
import type { MetadataRecord } from '../core/metadata/records.ts'
import { brokerConfigOf } from '../spec/config/broker.ts'
import { openTest, type TestEnv, TOPIC_ID, testEnv } from '../storage/testing.ts'
import { BatchBuilder } from '../wire/batch/build.ts'
import { DataDirectories } from './data-directories.ts'
import { PartitionHost } from './partition-host.ts'
import { PartitionTable } from './partition-table.ts'
import { Purgatory } from './purgatory.ts'
import { Reconciler } from './reconciler.ts'
import { ReplicaMoves } from './replica-moves.ts'
import type { AppendOptions, FetchOptions, PartitionRead } from './services.ts'

const SELF = 1
const TOPIC = 'orders'

export interface WorldOptions {
  readonly partitions?: number
  readonly paths?: readonly string[]
  readonly env?: TestEnv
  /** Config of the broker, by Kafka's names. */
  readonly keys?: Readonly<Record<string, string>>
}

export async function topicWorld(options: WorldOptions = {}) {
  const { partitions = 1, paths = ['/data'], env = testEnv(), keys = {} } = options
  const opened = []
  for (const path of paths) opened.push(await openTest(env, { path }))
  const directories = new DataDirectories(opened, [])
  let image = imageOf(partitions)
  const { clock, observe } = env
  const config = new BrokerConfigInForce(brokerConfigOf(keys), SELF)
  const table = new PartitionTable(SELF, () => image)
  const moves = new ReplicaMoves({
    table,
    directories,
    clock,
    observe,
    bytesPerSecond: () => Number.MAX_SAFE_INTEGER,
    assign: () => Promise.resolve(null),
    fatal: why => {
      throw why
    },
  })
  const reconciler = new Reconciler({ self: SELF, config, directories, table, moves, clock, observe })
  const apply = ({ topics = [TOPIC_ID], mayCreate = true } = {}) =>
    reconciler.apply(image, { topics: new Set(topics), removed: new Set(), mayCreate })
  const removeTopic = () => {
    image = emptyImage()
    const topics = new Set([TOPIC_ID])
    return reconciler.apply(image, { topics, removed: topics, mayCreate: true })
  }
  const host = new PartitionHost({ table, purgatory: new Purgatory(clock), clock, directories })
  /** Sets these keys on a resource, and tells the reconciler of the topics it concerns; null: all. */
  const configure = (
    resource: { readonly type: number; readonly name: string },
    configs: Readonly<Record<string, string>>,
  ) => {
    const { type: resourceType, name: resourceName } = resource
    image = evolveAll(
      image,
      Object.entries(configs).map(
        ([name, value]): MetadataRecord => ({ type: 'config', body: { resourceType, resourceName, name, value } }),
      ),
    )
    const topics = resourceType === ConfigResource.topic ? new Set([TOPIC_ID]) : null
    return reconciler.apply(image, { topics, removed: new Set(), mayCreate: true })
  }
  return { env, opened, directories, table, apply, configure, removeTopic, host }
}

function imageOf(partitionCount: number): MetadataImage {
  const records: MetadataRecord[] = [{ type: 'topic', body: { topicId: TOPIC_ID, name: TOPIC } }]
  for (let partition = 0; partition < partitionCount; partition++) {
    const state = { isr: [SELF], leader: SELF, leaderEpoch: 0, partitionEpoch: 0 }
    const body = { topicId: TOPIC_ID, partition, replicas: [SELF], directories: [ZERO_UUID], ...state }
    records.push({ type: 'partition', body })
  }
  return evolveAll(emptyImage(), records)
}

/** One record. */
export function smallBatch(): Uint8Array {
  const builder = new BatchBuilder()
  builder.append(null, new Uint8Array(10), [], 0)
  return builder.build().slice()
}

export const WRITE: AppendOptions = { acks: 1, timeoutMs: 1000, apiVersion: 12, transactionalId: null }
export const NAME = { topic: TOPIC, topicId: null, partition: 0 }

export function readAt(fetchOffset: number): PartitionRead {
  return { ...NAME, fetchOffset, maxBytes: 1000, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
}

/** A fetch that does not wait. */
export const AT_ONCE: FetchOptions = {
  maxWaitMs: 0,
  minBytes: 1,
  maxBytes: 1000,
  reserve: bytes => bytes,
  giveBack: () => {},
  readCommitted: false,
  apiVersion: 12,
  replicaId: -1,
  noWait: false,
  onAbort: () => {},
}
