/** What a run looks like: topics, clients, sizes, faults. All of it drawn from the seed, and extreme on purpose. */
import type { Prng } from '../base/random.ts'
import { type Uuid, uuidFromBytes } from '../base/uuid.ts'
import { type BrokerConfig, brokerConfigOf } from '../spec/config/broker.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import { SLOT_BYTES } from '../storage/cleaner/offset-map.ts'
import { Codec } from '../wire/batch/header.ts'
import { drawFaultPlan, type FaultKind, type FaultPlan, faultKinds } from './faults.ts'
import type { ProducerKind } from './workload/lane-writer.ts'
import type { Durability, TopicPlan } from './workload/places.ts'
import type { ProducerPace } from './workload/producer.ts'
import type { NetWeather } from './world/net.ts'
import type { Micros } from './world/scheduler.ts'

const SECOND = 1_000_000
const KIB = 1024

/** Longer than any run, jumps of its calendar included. */
const NEVER_MS = 30 * 86_400_000

export const DATA_DIRECTORY = '/data'
/** Where partitions may move to. */
const OTHER_DIRECTORY = '/more'

export interface ProducerPlan extends ProducerPace {
  readonly kind: ProducerKind
  readonly durability: Durability
}

/** Partitions that move between log directories meanwhile. */
export interface MovePlan {
  readonly directories: readonly string[]
  readonly pauseMsMax: number
}

export interface BrokerPlan {
  readonly config: BrokerConfig
  /** Null: there is one directory. */
  readonly moves: MovePlan | null
  readonly topics: readonly TopicPlan[]
  readonly producers: readonly ProducerPlan[]
  readonly readers: number
  readonly deletesRecords: boolean
  /** Whether configs are changed and topics grown meanwhile. */
  readonly isOperated: boolean
  readonly net: NetWeather
  readonly faults: FaultPlan
  /** How long faults go on. */
  readonly chaos: Micros
}

export function drawBrokerPlan(rng: Prng): BrokerPlan {
  const topics = drawTopics(rng)
  const config = drawConfig(rng)
  const moves = drawMoves(rng.fork('moves'))
  return {
    config: moves === null ? config : withMoves(config, moves, rng.fork('throttle')),
    moves,
    topics,
    producers: Array.from({ length: rng.int(1, 4) }, () => drawProducer(rng, topics)),
    readers: rng.int(0, 3),
    deletesRecords: rng.chance(0.3),
    net: drawNet(rng),
    faults: withRareMoments(drawFaultPlan(rng), { topics, moves }),
    chaos: rng.pick([1, 3, 8]) * SECOND,
    isOperated: rng.chance(0.4),
  }
}

/** Compaction, and moves, are at risk in few moments only: where there are any, they are looked for. */
function withRareMoments(faults: FaultPlan, of: { topics: readonly TopicPlan[]; moves: MovePlan | null }): FaultPlan {
  const kinds = new Set<FaultKind>(faults.kinds)
  if (of.topics.some(({ compaction }) => compaction !== null)) kinds.add('power-in-swap')
  if (of.moves !== null) kinds.add('crash-in-move')
  return { ...faults, kinds: [...kinds] }
}

function drawMoves(rng: Prng): MovePlan | null {
  if (!rng.chance(0.4)) return null
  return { directories: [DATA_DIRECTORY, OTHER_DIRECTORY], pauseMsMax: rng.pick([20, 200, 1_000]) }
}

/** With a copy that takes from no time to longer than any run. */
function withMoves(config: BrokerConfig, { directories }: MovePlan, rng: Prng): BrokerConfig {
  const replicaAlterLogDirsIoMaxBytesPerSecond = rng.pick([Number.MAX_SAFE_INTEGER, 1_000_000, 50_000, 1_000])
  return { ...config, logDirs: directories, replicaAlterLogDirsIoMaxBytesPerSecond }
}

/** Smaller than the config allows where only that makes rolls, reuse and pressure happen within seconds. */
export function drawConfig(rng: Prng, keys: Readonly<Record<string, string>> = {}): BrokerConfig {
  const config = brokerConfigOf({
    listeners: 'PLAINTEXT://127.0.0.1:9092',
    'log.dirs': DATA_DIRECTORY,
    'auto.create.topics.enable': 'false',
    'max.connection.creation.rate': '100000',
    'max.connections.per.ip': '10000',
    'log.retention.check.interval.ms': '1000',
    'log.cleaner.backoff.ms': String(rng.pick([20, 300])),
    'log.cleaner.io.buffer.size': rng.pick(['4096', '524288']),
    ...keys,
  })
  return {
    ...config,
    journalMaxBytes: rng.pick([512, 1024]) * KIB,
    memoryBudgetBytes: rng.pick([256, 1024, 4096]) * KIB,
    // From a few keys in a pass to all of them.
    logCleanerDedupeBufferSize: rng.pick([4, 64, 4096]) * SLOT_BYTES,
  }
}

function drawTopics(rng: Prng): TopicPlan[] {
  const durabilities: readonly Durability[] = rng.pick([['disk'], ['disk'], ['page-cache'], ['disk', 'page-cache']])
  const topics = durabilities.map((durability, i): TopicPlan => {
    const configs = topicConfigs(rng, [2, 8, 64, 1024])
    return { name: `${durability}-${i}`, partitions: rng.int(1, 4), durability, compaction: null, configs }
  })
  if (rng.chance(0.5)) topics.push(drawCompacted(rng, rng.pick(durabilities)))
  return topics
}

/** Few keys, small segments and hardly any lags, so that the cleaner has something to do at every moment. */
function drawCompacted(rng: Prng, durability: Durability): TopicPlan {
  const forgetsDeletions = rng.chance(0.7)
  const deletes = rng.chance(0.3)
  const configs: [string, string][] = [
    ...topicConfigs(rng, [1, 8, 8, 64]),
    ['cleanup.policy', deletes ? 'compact,delete' : 'compact'],
    ['min.cleanable.dirty.ratio', rng.pick(['0', '0.1', '0.5'])],
    ['min.compaction.lag.ms', rng.pick(['0', '0', '200'])],
    ['delete.retention.ms', forgetsDeletions ? rng.pick(['0', '0', '500']) : String(NEVER_MS)],
    ['segment.ms', rng.pick(['20', '100', '100', '604800000'])],
    ['file.delete.delay.ms', rng.pick(['0', '100', '60000'])],
  ]
  const compaction = { keys: rng.pick([1, 20, 100, 5_000]), forgetsDeletions, deletes }
  return { name: `compacted-${durability}`, partitions: rng.int(1, 3), durability, compaction, configs }
}

function topicConfigs(rng: Prng, segmentKib: readonly number[]): [string, string][] {
  return [
    ['segment.bytes', String(rng.pick(segmentKib) * KIB)],
    ['index.interval.bytes', String(rng.pick([0, 100, 4096]))],
    // Calendars jump in this world.
    ['message.timestamp.after.max.ms', String(Number.MAX_SAFE_INTEGER)],
    ['segment.index.bytes', String(rng.pick([64, 1024, 10_485_760]))],
  ]
}

function drawProducer(rng: Prng, topics: readonly TopicPlan[]): ProducerPlan {
  const idempotent = rng.chance(0.7)
  return {
    durability: rng.pick(topics).durability,
    pauseMsMax: rng.pick([0, 20, 300]),
    requestsMax: rng.pick([20, 100, 1_000]),
    kind: {
      idempotent,
      acks: rng.pick([-1, -1, 1]),
      inFlightMax: rng.pick(idempotent ? [1, 5] : [1, 1, 3]),
      recordsMax: rng.pick([1, 5, 20]),
      valueBytesMax: rng.pick([40, 500, 3_000]),
      codec: rng.pick([
        Codec.none,
        Codec.none,
        Codec.none,
        Codec.none,
        Codec.gzip,
        Codec.snappy,
        Codec.lz4,
        Codec.zstd,
      ]),
    },
  }
}

export function drawNet(rng: Prng): NetWeather {
  const delayMin = rng.pick([10, 200])
  return {
    delayMin,
    delayMax: delayMin + rng.pick([50, 2_000, 20_000]),
    pieceBytesMax: rng.pick([3, 1_000, 65_536]),
    windowBytes: rng.pick([8_000, 65_536]),
  }
}

export interface LogPlan {
  readonly partition: number
  readonly durability: Durability
  readonly config: TopicConfig
  /** Whether old segments may go by themselves. */
  readonly retains: boolean
  readonly valueBytesMax: number
}

export interface StoragePlan {
  readonly topicId: Uuid
  readonly logs: readonly LogPlan[]
  readonly journalBytes: number
  readonly memoryBytes: number
  readonly faults: FaultPlan
  readonly chaos: Micros
}

/** Faults of the network do nothing to storage alone. */
const STORAGE_FAULTS = new Set<FaultKind>(faultKinds.filter(kind => !kind.startsWith('net-')))

export function drawStoragePlan(rng: Prng): StoragePlan {
  const faults = drawFaultPlan(rng)
  const kinds = faults.kinds.filter(kind => STORAGE_FAULTS.has(kind))
  return {
    topicId: uuidFromBytes(rng.bytes(16)),
    logs: Array.from({ length: rng.int(1, 4) }, (_, partition) => drawLog(rng, partition)),
    journalBytes: rng.pick([512, 1024]) * KIB,
    memoryBytes: rng.pick([256, 1024, 4096]) * KIB,
    faults: { ...faults, kinds: kinds.length === 0 ? ['power'] : kinds },
    chaos: rng.pick([1, 3]) * SECOND,
  }
}

function drawLog(rng: Prng, partition: number): LogPlan {
  const durability: Durability = rng.chance(0.8) ? 'disk' : 'page-cache'
  const retains = rng.chance(0.2)
  const config: TopicConfig = {
    ...brokerConfigOf().topicDefaults,
    durability,
    segmentBytes: rng.pick([2, 8, 64]) * KIB,
    indexIntervalBytes: rng.pick([0, 100, 4096]),
    segmentIndexBytes: rng.pick([64, 1024, 10_485_760]),
    fileDeleteDelayMs: rng.pick([0, 100, 60_000]),
    ...(retains ? { retentionBytes: rng.pick([0, 10, 100]) * KIB } : {}),
    minInsyncReplicas: 1,
  }
  return { partition, durability, config, retains, valueBytesMax: rng.pick([20, 300, 2_000]) }
}
