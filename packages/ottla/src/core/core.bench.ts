/**
 * What core's decisions cost: `node packages/ottla/src/core/core.bench.ts`. Medians of several runs. The append path must
 * stay far below the CRC of a batch (about 1,500 ns for 16 KB); the metadata figures are for 10,000 topics of 10
 * partitions. Runs about ten seconds.
 */
import { type Uuid, uuidFromBytes } from '../base/uuid.ts'
import { brokerConfigOf } from '../spec/config/broker.ts'
import { emptyBatchHeader } from '../wire/batch/header.ts'
import { FetchSessions, type FetchTurn, type SessionRequest } from './access/fetch-sessions.ts'
import type { ControllerCommand, NewTopic } from './controller/commands.ts'
import { decide } from './controller/decide.ts'
import { BrokerConfigInForce } from './metadata/broker-config.ts'
import { evolveAll } from './metadata/evolve.ts'
import { emptyImage } from './metadata/image.ts'
import { decodeMetadataRecord, encodeMetadataRecord } from './metadata/records.ts'
import { snapshotRecords } from './metadata/snapshot.ts'
import { decideAppend, evolveAppended } from './partition/append.ts'
import { evolveDurable } from './partition/high-watermark.ts'
import { lead } from './partition/leadership.ts'
import { openPartition } from './partition/state.ts'

const RUNS = 5

benchAppend('plain', 0)
for (const producers of [1, 1000, 100_000]) benchAppend(`idempotent, ${producers} producers`, producers)
benchSessions('nothing new', 0)
benchSessions('10 with records', 10)
benchMetadata()

function report(what: string, unitsPerRun: number, run: () => void): void {
  const times: number[] = []
  for (let i = 0; i <= RUNS; i++) {
    const start = process.hrtime.bigint()
    run()
    if (i > 0) times.push(Number(process.hrtime.bigint() - start) / unitsPerRun)
  }
  const median = times.sort((a, b) => a - b)[RUNS >> 1]!
  console.log(`${what.padEnd(52)} ${median >= 1e6 ? `${(median / 1e6).toFixed(1)} ms` : `${Math.round(median)} ns`}`)
}

/** Decide, evolve and make durable, batch after batch; 0 producers: plain batches. */
function benchAppend(what: string, producers: number): void {
  const log = { logStartOffset: 0, endOffset: 0, highWatermark: 0, producers: [] }
  const state = openPartition({ self: 1, minInsyncReplicas: 1, nowMs: 0, ...log })
  lead(state, { leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1], isr: [1] }, 0)
  const header = { ...emptyBatchHeader(), lastOffsetDelta: 9, producerEpoch: 0 }
  const ids = Array.from({ length: producers }, (_, i) => 2n ** 40n + BigInt(i))
  const sequences = new Int32Array(producers)
  const batches = 300_000
  report(`append, ${what}`, batches, () => {
    for (let i = 0; i < batches; i++) {
      const at = producers === 0 ? -1 : i % producers
      const producerId = at === -1 ? null : ids[at]!
      header.baseSequence = at === -1 ? -1 : sequences[at]!
      const decision = decideAppend(state, header, producerId, { acks: -1 })
      if (decision.kind !== 'append') throw new Error(`not appended: ${decision.kind}`)
      evolveAppended(state, header, { producerId, baseOffset: decision.baseOffset, nowMs: i })
      if (at !== -1) sequences[at]! += 10
      evolveDurable(state, state.endOffset)
    }
  })
}

/** An incremental fetch of 100 partitions, of which some have records. */
function benchSessions(what: string, withRecords: number): void {
  const sessions = new FetchSessions({ slots: 1 })
  const offsets = { fetchOffset: 0, maxBytes: 1, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
  const reads = Array.from({ length: 100 }, (_, partition) => ({ topic: 't', topicId: null, partition, ...offsets }))
  const told = {
    error: 'NONE' as const,
    highWatermark: 1,
    lastStableOffset: 1,
    logStartOffset: 0,
    divergingEpoch: null,
  }
  const answers = reads.map((_, i) => ({ ...told, bytes: i < withRecords ? 5 : 0 }))
  const fetch: SessionRequest = {
    sessionId: 0,
    sessionEpoch: 0,
    usesTopicIds: false,
    fromFollower: false,
    reads,
    forgotten: [],
    nowMs: 0,
    drawnId: 1,
  }
  const turnOf = (request: SessionRequest) => sessions.begin(request) as FetchTurn
  const { sessionId } = turnOf(fetch).answer(answers, 0)
  let sessionEpoch = 0
  report(`fetch session, 100 partitions, ${what}`, 20_000, () => {
    for (let i = 0; i < 20_000; i++) {
      sessionEpoch += 1
      turnOf({ ...fetch, sessionId, sessionEpoch, reads: [] }).answer(answers, 0)
    }
  })
}

function benchMetadata(): void {
  const config = new BrokerConfigInForce(brokerConfigOf(), 1)
  let image = emptyImage()
  const run = (command: ControllerCommand) => {
    const { records } = decide(image, command, config)
    image = evolveAll(image, records)
    return records
  }
  const register = (start: number) => {
    const nothing = { clusterId: null, endpoints: [], rack: null, directories: [] }
    return run({ type: 'registerBroker', brokerId: 1, incarnation: idOf(start), caughtUp: true, ...nothing })
  }
  run({ type: 'createCluster', clusterId: 'c' })
  let starts = 0
  register(starts++)
  for (let first = 0; first < 10_000; first += 1000) {
    const topics = Array.from({ length: 1000 }, (_, i) => newTopic(first + i))
    run({ type: 'createTopics', topics, validateOnly: false, placement: first })
  }
  report('a broker starts anew: decide and evolve', 1, () => register(starts++))
  const records = register(starts++)
  report('encode its records', 1, () => {
    for (const record of records) encodeMetadataRecord(record)
  })
  const snapshot = [...snapshotRecords(image)].map(record => encodeMetadataRecord(record))
  report('read a snapshot: decode and evolve', 1, () => evolveAll(emptyImage(), snapshot.map(decodeMetadataRecord)))
  const topicId = [...image.topics.keys()][0]!
  let state = 1000
  report('one partition state', 10_000, () => {
    for (let i = 0; i < 10_000; i++) {
      state += 1
      const body = { topicId, partition: 3, isr: [1], leader: 1, leaderEpoch: state, partitionEpoch: state }
      image = evolveAll(image, [{ type: 'partitionState', body }])
    }
  })
}

function newTopic(number: number): NewTopic {
  const shape = { partitionCount: 10, replicationFactor: -1, assignments: [], configs: [] }
  return { name: `topic-${number}`, topicId: idOf(number), ...shape }
}

function idOf(number: number): Uuid {
  const bytes = new Uint8Array(16)
  bytes[0] = 1
  new DataView(bytes.buffer).setUint32(4, Math.imul(number, 0x9e37_79b1) >>> 0)
  new DataView(bytes.buffer).setUint32(8, number)
  return uuidFromBytes(bytes)
}
